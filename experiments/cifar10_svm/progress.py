"""How good D's features are as the GAN's training proceeds.

Part of measure.py. Reads the discriminators that a training kept (`snapshots_of: [discriminator]`)
and classifies held-out training images by their features; the test set plays no part.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from experiments.cifar10_svm.rows import NetworkFeatures, Table1Row
from repro.artefacts.finished_parts import FinishedParts
from repro.networks.model_folder import ModelFolder


@dataclass(frozen=True)
class Progress:
    """Hits by minibatch of the GAN's training; the first is 0, the same D untrained.

    steps (S,) int64; epochs (S,): passes over its images; hits (S, held_out) bool. S is 0 where D
    was kept only at the end.
    """

    steps: np.ndarray
    epochs: np.ndarray
    hits: np.ndarray


def measure_progress(
    model: ModelFolder,
    features: NetworkFeatures,
    hits_of: Callable[[Table1Row], np.ndarray],
    *,
    held_out: int,
    finished: FinishedParts,
) -> Progress:
    """Which held-out images the features of each stored D label correctly.

    hits_of: a row -> (held_out,) bool; called only for a step that `finished` does not hold yet.
    """
    steps = [0, *model.snapshots("discriminator")]
    if len(steps) <= 2:  # before and after the training: the table has both
        return Progress(np.zeros(0, int), np.zeros(0), np.zeros((0, held_out), bool))
    hits = [
        finished.part(f"progress_{step:08d}", partial(_hits, model, step, features, hits_of))
        for step in steps
    ]
    epochs = np.array(steps) / model.description["minibatches_per_epoch"]
    return Progress(np.array(steps), epochs, np.stack([one["hits"] for one in hits]))


def _hits(
    model: ModelFolder,
    step: int,
    features: NetworkFeatures,
    hits_of: Callable[[Table1Row], np.ndarray],
) -> dict[str, np.ndarray]:
    D = model.discriminator(step) if step else model.random_discriminator(model.seed)
    return {"hits": hits_of(features.row("dcgan", D, trained=step > 0))}
