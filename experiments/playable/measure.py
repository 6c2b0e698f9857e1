"""A page to play with the face generator, and what its sliders do (paper §6.3.2).

Reads the face model and the labelled faces. One classifier of attributes, trained on real images,
finds the samples between whose means a direction runs; another, trained on other images, says how
often the attribute is there at both ends of the slider. Writes the generator as plain arrays.
Alone: python -m experiments.playable.measure --spec S.json --input faces.model=DIR
    --input faces.data=DIR --seed 42 --out DIR
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from experiments.contract import Inputs, measure_command
from experiments.playable.options import Options
from repro.artefacts.arrays import save_arrays
from repro.claims.constructors import mean_over, single_number
from repro.claims.measurement import Measurement
from repro.data.images import to_uint8
from repro.internals.attribute_classifier import AttributeNetwork, predict, truth_table
from repro.internals.independent_classifiers import LabelledParts
from repro.internals.latent import random_directions
from repro.networks.dcgan import GeneratorNetwork
from repro.networks.export import export_generator, exported_pictures
from repro.networks.model_folder import ModelFolder, draw
from repro.networks.plain_generator import ExportedGenerator

PURPOSE = "playable"
ENDS = (-1.0, 1.0)  # of a slider: half the direction taken away or added
STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)  # shown in the figure
SHOWN = 2  # samples a direction in the figure


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Export the generator, find the directions, try them on samples that had no part in it."""
    model, store = inputs.model("faces.model"), inputs.dataset("faces.data")
    G = model.generator()
    exported = export_generator(G)
    parts = LabelledParts.of(
        store, images=options.classifier_images, seed=seed, purpose=PURPOSE, hold_out=False
    )
    truth = truth_table(options.attributes, store.label)
    chooser = parts.chooser(truth, epochs=options.classifier_epochs)
    judge = parts.judge(truth, epochs=options.classifier_epochs)
    z = model.latents(options.samples, seed=seed, purpose=f"{PURPOSE}, samples")
    pictures = draw(G, z)
    sure = predict(chooser, pictures)[0]  # (samples, attributes)
    directions = torch.stack([_direction(z, one, options.confident) for one in sure.T])
    tried = model.latents(options.tested, seed=seed, purpose=f"{PURPOSE}, samples tried")
    found = _found_at_ends(G, tried, directions, judge)
    control = _found_at_ends(G, tried, _elsewhere(directions, seed), judge)
    offered = slice(0, options.offered)
    save_arrays(
        out / "page.npz",
        names=np.array(list(options.attributes)),
        directions=directions.numpy(),
        found=found.mean(axis=2),
        z=z[offered].numpy(),
        pictures=pictures[offered],
        sure=sure[offered],
        normal=np.array(model.spec.network.z_distribution == "normal"),
        **exported.arrays(),
    )
    save_arrays(out / "strips.npz", names=np.array(list(options.attributes)),
                strips=_strips(G, tried, directions))  # fmt: skip
    return [
        *_effects(list(options.attributes), found, control, seed=seed),
        *_export(model, G, exported, tried),
    ]


def _direction(z: Tensor, sure: np.ndarray, confident: int) -> Tensor:
    """Mean z of the surest samples less that of those least sure: z (N, d), sure (N,) -> (d,)."""
    order = torch.from_numpy(np.argsort(sure, kind="stable"))
    return z[order[-confident:]].mean(0) - z[order[:confident]].mean(0)


def _elsewhere(directions: Tensor, seed: int) -> Tensor:
    """Random directions of the same lengths."""
    return random_directions(directions, seed=seed, purpose=f"{PURPOSE}, random directions")


def _found_at_ends(
    G: GeneratorNetwork, z: Tensor, directions: Tensor, judge: AttributeNetwork
) -> np.ndarray:
    """Whether the judge finds attribute a at each end of direction a: (A, ends, N) bool."""
    return np.stack(
        [
            [predict(judge, draw(G, z + end / 2 * one))[0][:, column] > 0.5 for end in ENDS]
            for column, one in enumerate(directions)
        ]
    )


def _strips(G: GeneratorNetwork, z: Tensor, directions: Tensor) -> np.ndarray:
    """Pictures along each direction: (A, SHOWN, STEPS, H, W, C) uint8."""
    steps = torch.tensor(STEPS)[None, :, None] / 2
    along = z[:SHOWN, None] + steps * directions[:, None, None]  # (A, SHOWN, STEPS, d)
    pictures = draw(G, along.flatten(0, 2))
    return pictures.reshape(*along.shape[:3], *pictures.shape[1:])


def _effects(
    names: list[str], found: np.ndarray, control: np.ndarray, *, seed: int
) -> list[Measurement]:
    """Per direction, how much oftener its attribute is there at +1 than at -1; over all as well."""
    gained, by_chance = (ends[:, 1].astype(float) - ends[:, 0] for ends in (found, control))
    over = "samples of one model"
    what = "share of samples in which the judge finds the attribute at +1, less that at -1"
    made = [
        mean_over(
            f"gained_{name}",
            one,
            seed=seed,
            purpose=f"{PURPOSE}, gained {name}",
            over=over,
            protocol=what,
        )
        for name, one in zip(names, gained, strict=True)
    ]
    made.append(
        mean_over(
            "gained_over_random_direction",
            (gained - by_chance).mean(axis=0),
            seed=seed,
            purpose=f"{PURPOSE}, gained over random",
            over=over,
            protocol=f"{what}; mean over directions, less the same along random directions of "
            "their lengths",
        )
    )
    return made


def _export(
    model: ModelFolder, G: GeneratorNetwork, exported: ExportedGenerator, z: Tensor
) -> list[Measurement]:
    """What 16-bit weights cost in grey levels, and how large the generator is in the page."""
    with torch.no_grad():
        rounded = to_uint8(exported_pictures(exported, z)).astype(int)
    error = np.abs(rounded - draw(G, z)).max(axis=(1, 2, 3))
    sizes = [
        layer.weight.nbytes + layer.gain.nbytes + layer.bias.nbytes for layer in exported.layers
    ]
    return [
        single_number(
            "largest_rounding_error",
            float(error.max()),
            n=len(error),
            why="the largest of all pixels of n pictures",
            unit="grey levels",
            protocol="pictures by weights of 16 bits against those of the model",
        ),
        single_number(
            "generator_megabytes",
            sum(sizes) * 4 / 3 / 1e6,
            n=1,
            why="a single number",
            unit="MB",
            protocol="the generator's arrays as text within the page",
        ),
    ]


if __name__ == "__main__":
    measure_command(measure, Options)
