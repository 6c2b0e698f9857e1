"""Fig 8 (paper §6.3.2): random samples turned by adding a vector from left to right.

Reads the face model and the labelled faces. One classifier chooses the samples that look left and
right most surely, a judge that learnt from other real images reads the pose off every picture.
Writes the figure's pictures, and measures many more rows, for other attributes too. Alone:
python -m experiments.turn_vector.measure --spec S.json --input faces.model=DIR
    --input faces.data=DIR --seed 42 --out DIR
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from experiments.contract import Inputs, measure_command
from experiments.turn_vector.axes import Axes, axes_of_run
from experiments.turn_vector.options import Options
from experiments.turn_vector.results import OVER_ROWS, RANDOM, of_axis, of_judge
from experiments.turn_vector.turning import ExemplarPool, Readers, Rows, moved_rows
from repro.artefacts.arrays import save_arrays
from repro.claims.constructors import share_over
from repro.claims.measurement import Measurement
from repro.internals.hand_picks import offered_latents, picked_rows, read_picks, samples_identity
from repro.internals.latent import along, concept_difference, random_directions
from repro.networks.dcgan import GeneratorNetwork
from repro.networks.model_folder import ModelFolder, draw

PICKED = ("left", "right")  # concepts of a picks file


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Choose exemplars, write Fig 8's pictures, and read the change off many rows."""
    store, model = inputs.dataset("faces.data"), inputs.model("faces.model")
    G = model.generator()
    axes = axes_of_run(options, store)
    by_hand = _picked_ends(model, options, seed=seed)
    readers = Readers(store, axes, options, seed=seed)
    z = model.latents(options.samples, seed=seed, purpose="turn vector, samples")
    pool = ExemplarPool.of(G, z, readers, confident=options.confident)
    chosen = [z[torch.from_numpy(rows)] for rows in pool.best(0, options.exemplars)]
    ends, by = by_hand or (chosen, "")
    _save_figure(out, G, ends, by, model, axes, options, seed=seed)

    points = model.latents(options.rows, seed=seed, purpose="turn vector, rows")
    setting, others = np.split(pool.pictures, [len(pool.pictures) // 2])
    limits = readers.limits(setting)

    def rows_along(vectors: Tensor) -> Rows:
        return moved_rows(
            G, points, vectors, readers, limits, steps=options.steps, reach=options.reach
        )

    vectors = [
        pool.random_vectors(axis, rows=options.rows, exemplars=options.exemplars, seed=seed)
        for axis in range(len(axes.names))
    ]
    turned = [rows_along(one) for one in vectors]
    anywhere = random_directions(vectors[0], seed=seed, purpose="turn vector, random directions")
    control = rows_along(anywhere)
    save_arrays(
        out / "rows.npz",
        names=np.array(axes.names),
        remark=np.array(axes.remark),
        reach=options.reach,
        turned=np.stack([one.readings[:, :, k] for k, one in enumerate(turned)]),  # (A, R, T)
        control=control.readings.transpose(2, 0, 1),  # (A, R, T)
    )
    measured = of_judge(readers, axes, seed=seed)
    for axis, rows in enumerate(turned):
        measured += of_axis(rows, control, axes, axis, reach=options.reach, seed=seed)
    if by_hand:
        picked = rows_along(concept_difference(*ends).expand_as(points))
        numbers = of_axis(picked, control, axes, 0, reach=options.reach, seed=seed)
        own = [m for m in numbers if "minus" in m.name or not m.name.endswith(RANDOM)]
        measured += [_of_one_vector(one, by) for one in own]
    words = "plain samples that the limits were not taken from that lie within them"
    realistic = readers.realistic(others, limits)
    plain = share_over("realistic_plain_samples", realistic, over="plain samples", protocol=words)
    return [*measured, plain]


def _picked_ends(
    model: ModelFolder, options: Options, *, seed: int
) -> tuple[list[Tensor], str] | None:
    """z of the samples picked as left and right, (exemplars, z_dim) each, and who picked them."""
    if not options.picks:
        return None
    identity = samples_identity(model, seed=seed)
    picks = read_picks(Path(options.picks[0]), identity=identity, offered=options.offered)
    z = offered_latents(model, options.offered, seed=seed)
    return [z[torch.from_numpy(picked_rows(picks, end))] for end in PICKED], picks.by


def _of_one_vector(one: Measurement, by: str) -> Measurement:
    """A number of rows that all go along one vector, called so."""
    words = {
        "name": f"picked_{one.name}",
        "protocol": f"{one.protocol}; exemplars {by}",
        "spread": one.spread.replace(OVER_ROWS, "random samples, all along one vector"),
    }
    return one.model_copy(update=words)


def _save_figure(
    out: Path,
    G: GeneratorNetwork,
    ends: list[Tensor],
    by: str,
    model: ModelFolder,
    axes: Axes,
    options: Options,
    *,
    seed: int,
) -> None:
    """arrays.npz: left, right (exemplars, H, W, C), averages (2, H, W, C), rows (K, T, H, W, C)."""
    points = model.latents(options.shown, seed=seed, purpose="turn vector, rows shown")
    z = along(points, concept_difference(*ends), steps=options.steps, reach=options.reach)
    frames = draw(G, z.flatten(0, 1))
    save_arrays(
        out / "arrays.npz",
        left=draw(G, ends[0]),
        right=draw(G, ends[1]),
        averages=draw(G, torch.stack([end.mean(dim=0) for end in ends])),
        rows=frames.reshape(options.shown, options.steps, *frames.shape[1:]),
        axis=np.array(axes.names[0]),
        remark=np.array(axes.remark),
        by=np.array(by),
        reach=options.reach,
    )


if __name__ == "__main__":
    measure_command(measure, Options)
