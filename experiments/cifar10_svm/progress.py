"""How good D's features are as the GAN's training proceeds.

Part of measure.py. Reads the discriminators that a training kept (`snapshots_of: [discriminator]`)
and classifies held-out training images by their features; the test set plays no part. Alone:
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from experiments.cifar10_svm.rows import NetworkFeatures, Table1Row
from repro.artefacts.finished_parts import KeptWork
from repro.networks.model_folder import ModelFolder


@dataclass(frozen=True)
class Progress:
    """Hits by minibatch of the GAN's training; the first is 0, the same D untrained.

    steps (S,) int64; epochs (S,): passes over its images; rights (S, held_out) bool. S is 0 where D
    was kept only at the end.
    """

    steps: np.ndarray
    epochs: np.ndarray
    rights: np.ndarray


def measure_progress(
    model: ModelFolder,
    features: NetworkFeatures,
    rights_of: Callable[[Table1Row], np.ndarray],
    *,
    held_out: int,
    kept: KeptWork,
) -> Progress:
    """Which held-out images the features of each stored D label correctly.

    rights_of: a row -> (held_out,) bool; called only for a step that `kept` does not hold yet.
    """
    steps = [0, *model.snapshots("discriminator")]
    if len(steps) <= 2:  # before and after the training: the table has both
        return Progress(np.zeros(0, int), np.zeros(0), np.zeros((0, held_out), bool))
    rights = [
        kept.part(f"progress_{step:08d}", partial(_rights, model, step, features, rights_of))
        for step in steps
    ]
    epochs = np.array(steps) / model.description["minibatches_per_epoch"]
    return Progress(np.array(steps), epochs, np.stack([one["rights"] for one in rights]))


def _rights(
    model: ModelFolder,
    step: int,
    features: NetworkFeatures,
    rights_of: Callable[[Table1Row], np.ndarray],
) -> dict[str, np.ndarray]:
    D = model.discriminator(step) if step else model.random_discriminator(model.seed)
    return {"rights": rights_of(features.row("dcgan", D, trained=step > 0))}
