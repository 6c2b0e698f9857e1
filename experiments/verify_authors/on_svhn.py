"""Table 2's chain with the released SVHN discriminator: 1000 labels (paper §5.2, authors' script).

Part of measure.py. Batch statistics are frozen on the unlabelled training images, 100 labels a
class are drawn again and again (repro.classification.few_labels), and the test set is opened once,
for the released D and for the same layers with random weights, on the same draws.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.contract import Inputs
from experiments.verify_authors.names import number_name
from experiments.verify_authors.options import Options
from experiments.verify_authors.outcome import ROWS, Outcome, chosen_c, layers_words
from repro.claims.constructors import mean_over, single_number
from repro.claims.measurement import Measurement
from repro.classification.choose_c import require_known_classes
from repro.classification.discriminator_features import discriminator_features, freeze_on
from repro.classification.few_labels import (
    Extract,
    FewLabels,
    LabelledImages,
    choose_on_images,
    right_on_images,
)
from repro.classification.svm import L2SVC
from repro.devices import chosen_device
from repro.networks.dcgan import Discriminator
from repro.released.networks import Released
from repro.rng import generator, shuffled

PURPOSE = "verify authors, svhn"


@dataclass(frozen=True)
class FittedOnSvhn:
    """A row after training: D with frozen statistics, and an SVM for each draw of labels."""

    name: str
    D: Discriminator
    few: FewLabels


def check_on_svhn(
    released: Released, inputs: Inputs, options: Options, seed: int, out: Path
) -> Outcome:
    """Test errors of both rows over the draws, and their difference, in percent."""
    training = _shuffled(inputs, seed)
    store = inputs.dataset("svhn.validation")
    validation = LabelledImages(store.images, store.label("class"))
    device = chosen_device(options.device)
    weights = int(generator(seed, f"{PURPOSE}, random D").integers(2**31))
    networks = {
        "released": (released.discriminator(), options.draws),
        "random": (
            released.random_discriminator(weights),
            min(options.random_draws, options.draws),
        ),
    }
    fitted = []
    for name, (D, draws) in networks.items():
        freeze_on(D.to(device), training.images)
        few = _fit(D, training, validation, options, draws=draws, seed=seed, out=out)
        fitted.append(FittedOnSvhn(name, D, few))
    right = _on_test(inputs, fitted, training, out)
    made = [
        number
        for one in fitted
        for number in _of_row(one, right[one.name], released, len(validation.labels), seed=seed)
    ]
    made.append(_difference(right, released, seed=seed))
    return Outcome(
        made,
        {
            "training_images": len(training.labels),
            "held_out": len(validation.labels),
            "test_images": right["released"].shape[1],
            "labels": fitted[0].few.labels,
            "features": {one.name: one.few.svms[0].coef_.shape[1] for one in fitted},
        },
    )


def _shuffled(inputs: Inputs, seed: int) -> LabelledImages:
    """Training images in random order, so that every batch of the statistics is a random one."""
    store = inputs.dataset("svhn.data")
    order = shuffled(len(store), seed=seed, purpose=f"{PURPOSE}, order of images")
    return LabelledImages(store.images[order], store.label("class")[order])


def _fit(
    D: Discriminator,
    training: LabelledImages,
    validation: LabelledImages,
    options: Options,
    *,
    draws: int,
    seed: int,
    out: Path,
) -> FewLabels:
    return choose_on_images(
        L2SVC(tol=options.tol, device=chosen_device(options.device).type),
        _features_of(D),
        training,
        validation,
        scratch=out,
        per_class=options.per_class,
        seed=seed,
        purpose=PURPOSE,  # the same draws for both rows
        grid=options.grid,
        selection_draws=options.selection_draws,
        draws=draws,
    )


def _features_of(D: Discriminator) -> Extract:
    return lambda images, path: discriminator_features(D, images, out=path)


def _on_test(
    inputs: Inputs, fitted: list[FittedOnSvhn], training: LabelledImages, out: Path
) -> dict[str, np.ndarray]:
    """Open the test set, here and nowhere else: rights (draws, T) bool by row."""
    store = inputs.dataset("svhn.test")
    y = store.label("class")
    require_known_classes(y, training.labels, where=str(store.folder))
    test = LabelledImages(store.images, y)
    return {
        one.name: right_on_images(one.few, _features_of(one.D), test, scratch=out) for one in fitted
    }


def _of_row(
    one: FittedOnSvhn, right: np.ndarray, released: Released, held_out: int, *, seed: int
) -> list[Measurement]:
    """Mean test error over draws, its spread as the authors give it, and how C was chosen."""
    errors = 100 * (1 - right.mean(axis=1))  # (draws,)
    what = ROWS[one.name] + (f", {layers_words(released)}" if one.name == "released" else "")
    protocol = (
        f"L2-SVM on {what}, {one.few.labels} labels, class-balanced draws; C by other draws on "
        f"{held_out} validation images; {right.shape[1]} test images once"
    )
    mean = mean_over(
        number_name("svhn", "error", one.name, released.complete_layers),
        errors,
        seed=seed,
        purpose=f"{PURPOSE}, error, {one.name}",
        over="draws of labels",
        by="bootstrap of the mean",
        unit="%",
        protocol=protocol,
    )
    deviation = single_number(
        number_name("svhn", "sd_over_draws", one.name, released.complete_layers),
        float(errors.std(ddof=1)),
        n=len(errors),
        why="it is a spread (the authors' ± is 1.96 times this)",
        unit="percentage points",
        protocol="standard deviation of the test error over draws of labels",
    )
    validation = single_number(
        number_name("svhn", "validation_error", one.name, released.complete_layers),
        100 * (1 - one.few.choice.accuracy),
        n=held_out,
        why="it chose C, so it flatters",
        unit="%",
        protocol="mean over the draws that chose C, on validation images",
    )
    return [mean, deviation, validation, chosen_c("svhn", one.name, [one.few.choice], released)]


def _difference(right: dict[str, np.ndarray], released: Released, *, seed: int) -> Measurement:
    """Paired by draw of labels and by test image: errors of random weights minus the released."""
    draws = min(map(len, right.values()))
    share = {name: rights[:draws].mean(axis=0) for name, rights in right.items()}  # (T,)
    return mean_over(
        "svhn_random_minus_released",
        100 * (share["released"] - share["random"]),
        seed=seed,
        purpose=f"{PURPOSE}, random minus released",
        over=f"test images, mean over the same {draws} draws",
        by="paired bootstrap",
        unit="percentage points",
        protocol=f"error on {ROWS['random']} minus error on {ROWS['released']} "
        f"({layers_words(released)})",
    )
