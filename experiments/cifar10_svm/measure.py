"""Table 1 (paper §5.1): CIFAR-10 by an L2-SVM on features of a D that never saw CIFAR-10.

Reads the discriminator trained on the objects role (the paper: ImageNet-1k), one trained on
CIFAR-10 itself where the run has it, and the training and test images of cifar10. The same images,
splits and draws serve all rows (rows.py). Alone:
python -m experiments.cifar10_svm.measure --input objects.model=DIR --input cifar10.data=DIR
    --input cifar10.test=DIR [--input cifar10.model=DIR] --out DIR
"""

from functools import partial
from pathlib import Path

import numpy as np

from experiments.cifar10_svm.fitting import FittedMachines, features_of, fit_row
from experiments.cifar10_svm.options import Options
from experiments.cifar10_svm.progress import measure_progress
from experiments.cifar10_svm.results import Result, curves, measurements
from experiments.cifar10_svm.rows import PURPOSE, Table1Row, rows
from experiments.contract import Inputs, measure_command
from repro.artefacts.arrays import save_arrays
from repro.artefacts.finished_parts import KeptWork
from repro.claims.measurement import Measurement
from repro.classification.choose_c import Training, require_known_classes, with_held_out
from repro.data.store import ImageStore


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Fit every row on the training images, then open the test set once for all of them."""
    training = _training(inputs.dataset("cifar10.data"), options, seed)
    kept = inputs.kept()
    fitted = [
        (row, _fitted(row, training, options, seed, out, kept))
        for row in rows(inputs, options, seed, training.images)
    ]
    model = inputs.model("objects.model")
    progress = measure_progress(model, training, options, out, kept)
    test = _test(inputs.dataset("cifar10.test"), training)  # opened here, all being chosen
    results = [_result(row, one, training, test, out) for row, one in fitted]
    save_arrays(
        out / "arrays.npz",
        per_class=np.array(options.per_class),
        training_images=np.array(len(training.images)),
        held_out=np.array(training.held_out),
        classes=np.array(len(np.unique(training.labels))),
        progress_epochs=progress.epochs,
        progress_accuracies=100 * progress.rights.mean(axis=1),
        **curves(results),
    )
    return measurements(results, progress, options, seed=seed)


def _training(store: ImageStore, options: Options, seed: int) -> Training:
    return with_held_out(
        store,
        most=options.validation,
        share=options.validation_share,
        seed=seed,
        purpose=f"{PURPOSE}, held-out images",
    )


def _fitted(
    row: Table1Row, training: Training, options: Options, seed: int, out: Path, kept: KeptWork
) -> FittedMachines:
    fit = partial(fit_row, row, training, options, seed, out)
    name = f"row_{row.name}_{row.number}"
    return FittedMachines.from_arrays(kept.part(name, lambda: fit().arrays()))


def _test(store: ImageStore, training: Training) -> tuple[np.ndarray, np.ndarray]:
    """Test images (T, H, W, C) and their classes (T,)."""
    y = store.label("class")
    require_known_classes(y, training.labels, where=str(store.folder))
    return store.images, y


def _result(
    row: Table1Row,
    fitted: FittedMachines,
    training: Training,
    test: tuple[np.ndarray, np.ndarray],
    out: Path,
) -> Result:
    images, y = test
    with features_of(row, images, out, scaled=False) as (X, _):
        correct = fitted.correct(X, y)
    return Result(
        name=row.name,
        correct=correct,
        counts=fitted.counts,
        choices={count: fitted.choice(count) for count in fitted.tried},
        features=fitted.coef.shape[2],
        units=row.units,
        held_out=training.held_out,
    )


if __name__ == "__main__":
    measure_command(measure, Options)
