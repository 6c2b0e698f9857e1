"""Gain and bias in batch normalisation of the MNIST networks (paper §8.1): with and without.

Part of measure.py. "Better" is what the paper measures there: the error of the nearest neighbour
among generated digits, here on validation digits. Each of the two networks is compared with itself,
training by training from the same seed. Alone: `gain_and_bias(models, validation, ...)`.
"""

import numpy as np
import torch

from repro.claims.constructors import student_over
from repro.claims.measurement import Measurement
from repro.data.store import ImageStore
from repro.networks.model_folder import ModelFolder, draw
from repro.quality.neighbours import nearest_rows

NETWORKS = {"conditional": "dcgan", "fully_connected": "gan"}  # kind -> its name in the paper


def gain_and_bias(
    models: list[ModelFolder], validation: ImageStore, *, samples: int, seed: int
) -> list[Measurement]:
    """Errors with and without gain and bias, and their difference, for each network given.

    Trainings are paired by seed; a network that is not there both ways is left out.
    """
    made = []
    for kind, name in NETWORKS.items():
        errors: dict[bool, dict[int, float]] = {True: {}, False: {}}
        for model in models:
            if model.spec.network.kind == kind:
                found = error(model, validation, samples=samples, seed=seed)
                errors[model.spec.network.norm_affine][model.seed] = found
        seeds = sorted(errors[True].keys() & errors[False].keys())
        if len(seeds) < 2:
            continue
        with_, without = (np.array([errors[way][s] for s in seeds]) for way in (True, False))
        protocol = (
            f"error of the nearest neighbour among {samples:,} generated digits on "
            f"{len(validation):,} validation digits, {name.upper()}"
        )
        pairs = "pairs of trainings from the same seed"
        for suffix, values, over, unit in (
            ("with", with_, "trainings", "%"),
            ("without", without, "trainings", "%"),
            ("with_minus_without", with_ - without, pairs, "percentage points"),
        ):
            words = f"{protocol}, {suffix.replace('_', ' ')} gain and bias in normalisation"
            number = f"digit_error_{name}_{suffix}"
            made.append(student_over(number, values, over=over, unit=unit, protocol=words))
    return made


def error(model: ModelFolder, validation: ImageStore, *, samples: int, seed: int) -> float:
    """Percent of validation digits whose nearest generated digit has another label."""
    labels = torch.arange(samples) % model.spec.network.classes
    z = model.latents(samples, seed=seed, purpose="ablations, digits")
    generated = draw(model.generator(), z, labels)
    _, nearest = nearest_rows(np.asarray(validation.images), generated, k=1)
    predicted = labels.numpy()[nearest[:, 0]]
    return 100 * float((predicted != validation.label("class")).mean())
