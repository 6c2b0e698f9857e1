"""Table 1 (paper §5.1): CIFAR-10 by an L2-SVM on features of a D that never saw CIFAR-10.

Reads the discriminator trained on the objects role (the paper: ImageNet-1k), one trained on
CIFAR-10 itself and the authors' own where the run has them, and the training and test images of
cifar10. The same images, splits and draws serve all rows (rows.py). Alone:
python -m experiments.cifar10_svm.measure --input objects.model=DIR --input cifar10.data=DIR
    --input cifar10.test=DIR [--input cifar10.model=DIR] [--input authors.released=DIR] --out DIR
"""

from functools import partial
from pathlib import Path

import numpy as np

from experiments.cifar10_svm.fitting import (
    FittedMachines,
    finished_row,
    fit_row,
    held_out_hits,
    hits_on_test,
    label_draws,
)
from experiments.cifar10_svm.options import Options
from experiments.cifar10_svm.progress import measure_progress
from experiments.cifar10_svm.results import Result, figure_arrays, measurements
from experiments.cifar10_svm.rows import (
    HELD_OUT,
    NetworkFeatures,
    Table1Row,
    kmeans_row,
    pixel_row,
    random_rows,
    released_of,
    with_both_scalings,
)
from experiments.contract import Inputs, measure_command
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.classification.choose_c import with_held_out
from repro.classification.shared_features import shared_features
from repro.classification.svm import L2SVC
from repro.devices import chosen_device
from repro.networks.dcgan import Discriminator
from repro.networks.model_folder import ModelFolder
from repro.released.networks import Released


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Fit every row on the training images, then open the test set once for all of them."""
    device, finished = chosen_device(options.device), inputs.finished_parts()
    training = with_held_out(
        inputs.dataset("cifar10.data"),
        most=options.validation,
        share=options.validation_share,
        seed=seed,
        purpose=HELD_OUT,
    )

    model = inputs.model("objects.model")
    features = NetworkFeatures(
        target=training.images[: options.statistics_images],
        keep_trained=options.statistics == "source",
        device=device,
    )
    rows = _rows(inputs, model, features, training.images, options, seed=seed)
    svm = L2SVC(tol=options.tol, device=device.type)
    repeats = dict.fromkeys(options.label_counts, options.curve_draws)
    repeats[options.per_class] = options.draws
    few = label_draws(training, repeats, selection=options.selection_draws, seed=seed)
    with shared_features(training.images, out) as shared:
        fit = partial(
            fit_row,
            training=training,
            few=few,
            features=shared,
            svm=svm,
            grid=options.grid,
            extensions=options.extensions,
        )
        fitted = [finished_row(row, fit, finished) for row in rows]
        progress = measure_progress(
            model,
            features,
            partial(held_out_hits, training=training, features=shared, svm=svm, grid=options.grid),
            held_out=training.held_out,
            finished=finished,
        )

    test = inputs.dataset("cifar10.test")  # opened here, after all choices
    hits = hits_on_test(rows, fitted, training, test, scratch=out)
    results = [
        _result(row, machines, correct, held_out=training.held_out)
        for row, machines, correct in zip(rows, fitted, hits, strict=True)
    ]
    per_class = options.per_class
    arrays = figure_arrays(results, progress, training, per_class=per_class)
    save_arrays(out / "arrays.npz", **arrays)
    return measurements(results, progress, per_class=per_class, seed=seed)


def _rows(
    inputs: Inputs,
    model: ModelFolder,
    features: NetworkFeatures,
    images: np.ndarray,
    options: Options,
    *,
    seed: int,
) -> list[Table1Row]:
    """The rows of the table, those that share features next to each other; images: for training."""
    D = model.discriminator()
    released, cut = _released(inputs, D), None
    if released and released.complete_layers < len(D.layers):
        cut = released.complete_layers
    rows = [*features.rows("dcgan", D, cut=cut)]
    if inputs.has("cifar10.model"):
        rows.append(features.row("own", inputs.model("cifar10.model").discriminator()))
    if released:
        rows.append(features.row("released", released.discriminator(), trained=False))
    rows += random_rows(features, model, networks=options.random_seeds, seed=seed, cut=cut)
    kmeans = partial(kmeans_row, images, patches=options.patches, seed=seed, device=features.device)
    if options.centroids:
        rows.append(kmeans(centroids=options.centroids))
    if options.fewer_centroids:
        rows.append(kmeans(centroids=options.fewer_centroids, name="kmeans_fewer"))
    rows.append(pixel_row(images))
    return with_both_scalings(rows) if options.scaled_both_ways else rows


def _released(inputs: Inputs, D: Discriminator) -> Released | None:
    """The authors' networks that are comparable with D, where the run has any."""
    if not inputs.has("authors.released"):
        return None
    return released_of(inputs.folder("authors.released"), D)


def _result(
    row: Table1Row, machines: FittedMachines, correct: np.ndarray, *, held_out: int
) -> Result:
    """A row after its test; correct: (M, T) bool, its machines' hits on the test images."""
    return Result(
        name=row.name,
        correct=correct,
        counts=machines.counts,
        choices={count: machines.choice(count) for count in machines.tried},
        features=machines.coef.shape[2],
        units=row.units,
        held_out=held_out,
    )


if __name__ == "__main__":
    measure_command(measure, Options)
