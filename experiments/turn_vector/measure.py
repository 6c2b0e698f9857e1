"""Fig 8 (paper §6.3.2): random samples turned by adding a vector from left to right.

Reads the face model and the labelled faces. One classifier chooses the samples that most
confidently look left and right; a judge that learnt from other real images reads the pose off every
picture. Writes the figure's pictures, and measures many more rows, also for other attributes and
for an untrained generator. Alone:
python -m experiments.turn_vector.measure --spec S.json --input faces.model=DIR
    --input faces.data=DIR --out DIR
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from experiments.contract import Inputs, measure_command
from experiments.turn_vector.axes import Axes, axes_of_run
from experiments.turn_vector.options import UNTRAINED_SAMPLES, Options
from experiments.turn_vector.results import (
    axis_measurements,
    judge_measurements,
    picked_vector_measurements,
    plain_sample_measurements,
    untrained_measurements,
    without_pose,
)
from experiments.turn_vector.turning import ExemplarPool, Readers, Rows, moved_rows
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.internals.hand_picks import offered_latents, picked_rows, read_picks, samples_identity
from repro.internals.latent import along, concept_difference, random_directions
from repro.networks.dcgan import GeneratorNetwork
from repro.networks.model_folder import ModelFolder, draw
from repro.rng import weights_seed

PICKED = ("left", "right")  # concepts of a picks file


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Choose exemplars, write Fig 8's pictures, and read the change off many rows."""
    store, model = inputs.dataset("faces.data"), inputs.model("faces.model")
    G = model.generator()
    axes = axes_of_run(store, options.axes, turn=options.turn, given=options.axes_were_given)
    by_hand = _picked_ends(model, options.picks, offered=options.offered, seed=seed)
    readers = Readers(
        store,
        axes,
        images=options.classifier_images,
        epochs=options.classifier_epochs,
        blend_epochs=options.blend_epochs,
        seed=seed,
    )

    # Fig 8: a vector from the mean z of four samples looking left to that of four looking right
    z = model.latents(options.samples, seed=seed, purpose="turn vector, samples")
    pool = ExemplarPool.of(G, z, readers, confident=options.confident)
    surest = [z[torch.from_numpy(rows)] for rows in pool.best(0, options.exemplars)]
    ends, by = by_hand or (surest, "")
    shown = model.latents(options.shown, seed=seed, purpose="turn vector, rows shown")
    path = out / "arrays.npz"
    _save_figure(path, G, shown, ends, by, axes, steps=options.steps, reach=options.reach)

    # the numbers: many samples, each with its own vector, and the same along random directions
    points = model.latents(options.rows, seed=seed, purpose="turn vector, rows")
    setting, others = np.split(pool.pictures, [len(pool.pictures) // 2])
    limits = readers.limits(setting)

    def rows_along(vectors: Tensor, network: GeneratorNetwork = G) -> Rows:
        return moved_rows(
            network, points, vectors, readers, limits, steps=options.steps, reach=options.reach
        )

    vectors = [
        pool.random_vectors(axis, rows=options.rows, exemplars=options.exemplars, seed=seed)
        for axis in range(len(axes.names))
    ]
    turned = [rows_along(one) for one in vectors]
    anywhere = random_directions(vectors[0], seed=seed, purpose="turn vector, random directions")
    control = rows_along(anywhere)
    untrained = model.untrained_generator(weights_seed(seed, "turn vector, untrained network"))
    own, own_anywhere = _untrained_vectors(
        untrained, z[:UNTRAINED_SAMPLES], readers, options, seed=seed
    )
    _save_rows(out / "rows.npz", turned, control, axes, reach=options.reach)

    made = judge_measurements(readers, axes, seed=seed)
    for axis, rows in enumerate(turned):
        made += axis_measurements(rows, control, axes, axis, reach=options.reach, seed=seed)
    made += untrained_measurements(
        rows_along(own, untrained),
        rows_along(own_anywhere, untrained),
        axes,
        reach=options.reach,
        seed=seed,
    )
    if by_hand:
        picked = rows_along(concept_difference(*ends).expand_as(points))
        made += picked_vector_measurements(
            picked, control, axes, by=by, reach=options.reach, seed=seed
        )
    made += without_pose(made, axes)
    return [*made, plain_sample_measurements(readers.realistic(others, limits))]


def _picked_ends(
    model: ModelFolder, picks: list[str], *, offered: int, seed: int
) -> tuple[list[Tensor], str] | None:
    """z of the samples picked as left and right, (exemplars, z_dim) each, and who picked them."""
    if not picks:
        return None
    identity = samples_identity(model, seed=seed)
    picked = read_picks(Path(picks[0]), identity=identity, offered=offered)
    z = offered_latents(model, offered, seed=seed)
    return [z[torch.from_numpy(picked_rows(picked, end))] for end in PICKED], picked.by


def _untrained_vectors(
    untrained: GeneratorNetwork, z: Tensor, readers: Readers, options: Options, *, seed: int
) -> tuple[Tensor, Tensor]:
    """Vectors of the first axis found among an untrained generator's samples, random directions.

    z (N, z_dim): of the samples; (rows, z_dim) each.
    """
    pool = ExemplarPool.of(untrained, z, readers, confident=options.confident)
    own = pool.random_vectors(0, rows=options.rows, exemplars=options.exemplars, seed=seed)
    return own, random_directions(own, seed=seed, purpose="turn vector, untrained, random")


def _save_figure(
    path: Path,
    G: GeneratorNetwork,
    points: Tensor,
    ends: list[Tensor],
    by: str,
    axes: Axes,
    *,
    steps: int,
    reach: float,
) -> None:
    """left, right (exemplars, H, W, C), averages (2, H, W, C), rows (K, T, H, W, C)."""
    z = along(points, concept_difference(*ends), steps=steps, reach=reach)
    frames = draw(G, z.flatten(0, 1))
    save_arrays(
        path,
        left=draw(G, ends[0]),
        right=draw(G, ends[1]),
        averages=draw(G, torch.stack([end.mean(dim=0) for end in ends])),
        rows=frames.reshape(len(points), steps, *frames.shape[1:]),
        axis=np.array(axes.names[0]),
        remark=np.array(axes.remark),
        by=np.array(by),
        reach=reach,
    )


def _save_rows(path: Path, turned: list[Rows], control: Rows, axes: Axes, *, reach: float) -> None:
    """Readings of each axis along its own vectors and along random directions: (A, R, T) each."""
    save_arrays(
        path,
        names=np.array(axes.names),
        reach=reach,
        turned=np.stack([one.readings[:, :, axis] for axis, one in enumerate(turned)]),
        control=control.readings.transpose(2, 0, 1),
    )


if __name__ == "__main__":
    measure_command(measure, Options)
