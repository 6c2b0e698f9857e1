"""A page to play with the face generator, and the effect of its sliders (paper §6.3.2).

Reads the face model and the labelled faces. One classifier of attributes, trained on real images,
finds the samples between whose means a direction runs; another, trained on other images, measures
how often the attribute is present at both ends of the slider. The same is done with an untrained
generator. Writes the generator as plain arrays.
Alone: python -m experiments.playable.measure --spec S.json --input faces.model=DIR
    --input faces.data=DIR --out DIR
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from experiments.contract import Inputs, measure_command
from experiments.playable.options import UNTRAINED_SAMPLES, Options
from experiments.playable.results import export_numbers, gained_over_random, gains
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.data.images import to_uint8
from repro.internals.attribute_classifier import AttributeNetwork, predict, truth_table
from repro.internals.independent_classifiers import LabelledParts
from repro.internals.latent import random_directions
from repro.networks.dcgan import GeneratorNetwork
from repro.networks.export import export_generator, exported_pictures
from repro.networks.model_folder import draw
from repro.networks.plain_generator import ExportedGenerator
from repro.rng import weights_seed

PURPOSE = "playable"
ENDS = (-1.0, 1.0)  # of a slider: half the direction subtracted or added
STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)  # shown in the figure
SHOWN = 2  # samples per direction in the figure


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Export the generator, find the directions, try them on samples not used to find them."""
    model, store = inputs.model("faces.model"), inputs.dataset("faces.data")
    G = model.generator()
    exported = export_generator(G)
    parts = LabelledParts.of(
        store, images=options.classifier_images, seed=seed, purpose=PURPOSE, hold_out=False
    )
    truth, names = truth_table(options.attributes, store.label), list(options.attributes)
    chooser = parts.chooser(truth, epochs=options.classifier_epochs)
    judge = parts.judge(truth, epochs=options.classifier_epochs)

    z = model.latents(options.samples, seed=seed, purpose=f"{PURPOSE}, samples")
    pictures = draw(G, z)
    sure = predict(chooser, pictures)[0]  # (samples, attributes)
    directions = _directions(z, sure, options.confident)
    tried = model.latents(options.tested, seed=seed, purpose=f"{PURPOSE}, samples tried")
    found, control = _tried(G, tried, directions, judge, seed=seed)

    untrained = model.untrained_generator(weights_seed(seed, f"{PURPOSE}, untrained network"))
    own_z = z[:UNTRAINED_SAMPLES]
    own_sure = predict(chooser, draw(untrained, own_z))[0]
    own_directions = _directions(own_z, own_sure, options.confident)
    of_untrained = _tried(untrained, tried, own_directions, judge, seed=seed)
    offered = slice(0, options.offered)
    save_arrays(
        out / "page.npz",
        names=np.array(names),
        directions=directions.numpy(),
        found=found.mean(axis=2),
        z=z[offered].numpy(),
        pictures=pictures[offered],
        sure=sure[offered],
        normal=np.array(model.spec.network.z_distribution == "normal"),
        **exported.arrays(),
    )
    save_arrays(
        out / "strips.npz", names=np.array(names), strips=_strips(G, tried[:SHOWN], directions)
    )
    return [
        *gains(names, found, control, seed=seed),
        gained_over_random(*of_untrained, seed=seed, suffix="_untrained"),
        *export_numbers(
            _rounding_errors(G, exported, tried),
            array_bytes=sum(
                layer.weight.nbytes + layer.gain.nbytes + layer.bias.nbytes
                for layer in exported.layers
            ),
        ),
    ]


def _directions(z: Tensor, sure: np.ndarray, confident: int) -> Tensor:
    """One direction per attribute, from the chooser's output: sure (N, A) -> (A, d)."""
    return torch.stack([_direction(z, one, confident) for one in sure.T])


def _direction(z: Tensor, sure: np.ndarray, confident: int) -> Tensor:
    """Mean z of the most minus the least confident samples: z (N, d), sure (N,) -> (d,)."""
    order = torch.from_numpy(np.argsort(sure, kind="stable"))
    return z[order[-confident:]].mean(0) - z[order[:confident]].mean(0)


def _tried(
    G: GeneratorNetwork, z: Tensor, directions: Tensor, judge: AttributeNetwork, *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The judge's findings at both ends of the directions, and of random ones of equal length.

    Each sample has random directions of its own: one for all of them would be one draw.
    """
    for_each = directions[:, None].expand(-1, len(z), -1)  # (A, N, d)
    purpose = f"{PURPOSE}, random directions"
    elsewhere = random_directions(for_each.flatten(0, 1), seed=seed, purpose=purpose)
    found = _found_at_ends(G, z, directions, judge)
    return found, _found_at_ends(G, z, elsewhere.view_as(for_each), judge)


def _found_at_ends(
    G: GeneratorNetwork, z: Tensor, directions: Tensor, judge: AttributeNetwork
) -> np.ndarray:
    """Whether the judge finds attribute a at each end of direction a: (A, ends, N) bool.

    directions: (A, d), or (A, N, d) where every sample has its own.
    """
    return np.stack(
        [
            [predict(judge, draw(G, z + end / 2 * one))[0][:, column] > 0.5 for end in ENDS]
            for column, one in enumerate(directions)
        ]
    )


def _strips(G: GeneratorNetwork, z: Tensor, directions: Tensor) -> np.ndarray:
    """Pictures of z (K, d) along each direction: (A, K, STEPS, H, W, C) uint8."""
    steps = torch.tensor(STEPS)[None, :, None] / 2
    along = z[:, None] + steps * directions[:, None, None]  # (A, K, STEPS, d)
    pictures = draw(G, along.flatten(0, 2))
    return pictures.reshape(*along.shape[:3], *pictures.shape[1:])


def _rounding_errors(G: GeneratorNetwork, exported: ExportedGenerator, z: Tensor) -> np.ndarray:
    """Largest change in grey levels that 16-bit weights make to each picture of z: (N,)."""
    with torch.no_grad():
        rounded = to_uint8(exported_pictures(exported, z)).astype(int)
    return np.abs(rounded - draw(G, z)).max(axis=(1, 2, 3))


if __name__ == "__main__":
    measure_command(measure, Options)
