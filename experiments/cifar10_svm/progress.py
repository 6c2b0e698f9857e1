"""What D's features are worth as its training goes on: held-out accuracy after so many minibatches.

Part of measure.py. Reads the discriminators that a training kept (`snapshots_of: [discriminator]`);
the test set has no part in it.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from experiments.cifar10_svm.fitting import held_out_rights
from experiments.cifar10_svm.options import Options
from experiments.cifar10_svm.rows import of_network
from repro.artefacts.finished_parts import KeptWork
from repro.classification.choose_c import Training
from repro.networks.model_folder import ModelFolder


@dataclass(frozen=True)
class Progress:
    """By minibatch of the GAN's training, of which the first is 0, the same D untrained.

    steps (S,) int64; epochs (S,) passes over its images; rights (S, held_out) bool. S is 0 where
    D was kept only at the end.
    """

    steps: np.ndarray
    epochs: np.ndarray
    rights: np.ndarray


def measure_progress(
    model: ModelFolder, training: Training, options: Options, scratch: Path, kept: KeptWork
) -> Progress:
    """Held-out images labelled rightly with the features of each D that was kept."""
    steps = [0, *model.snapshots("discriminator")]
    if len(steps) <= 2:  # before and after the training: the table has them
        return Progress(np.zeros(0, int), np.zeros(0), np.zeros((0, training.held_out), bool))
    rights = [
        kept.part(f"progress_{step:08d}", partial(_rights, model, step, training, options, scratch))
        for step in steps
    ]
    epochs = np.array(steps) / model.description["minibatches_per_epoch"]
    return Progress(np.array(steps), epochs, np.stack([one["rights"] for one in rights]))


def _rights(
    model: ModelFolder, step: int, training: Training, options: Options, scratch: Path
) -> dict[str, np.ndarray]:
    D = model.discriminator(step) if step else model.random_discriminator(model.seed)
    row = of_network("dcgan", D, training.images, options, frozen=step > 0)
    return {"rights": held_out_rights(row, training, options, scratch)}
