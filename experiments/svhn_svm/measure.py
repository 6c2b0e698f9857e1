"""Table 2 (paper §5.2): SVHN from 1,000 labels by an L2-SVM on features of a D trained on SVHN.

Reads SVHN in three parts (63,257 training images, 10,000 for every choice, the test images) and the
GAN trained on the first without labels. The same draws of 100 labels a digit serve all rows: D's
features, those of D with random weights, pixels, and rows the paper cites. Alone:
python -m experiments.svhn_svm.measure --input svhn.data=DIR --input svhn.validation=DIR
    --input svhn.test=DIR --input svhn.model=DIR --out DIR
"""

from pathlib import Path

from experiments.contract import Inputs, measure_command
from experiments.svhn_svm.baselines import choose_neighbours, neighbours_right, self_training
from experiments.svhn_svm.data import split
from experiments.svhn_svm.feature_rows import feature_rows, fit_row
from experiments.svhn_svm.options import Options
from experiments.svhn_svm.results import TestedRows, arrays, measurements
from experiments.svhn_svm.supervised_row import random_search, searched_right
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.classification.choose_c import require_known_classes


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Choose everything on the validation images, then open the test set once for all rows."""
    training, validation = split(inputs, "data"), split(inputs, "validation")
    require_known_classes(validation.labels, training.labels, where="svhn.validation")
    model = inputs.model("svhn.model")
    fitted = [
        fit_row(row, training, validation, options, seed, out)
        for row in feature_rows(model, training, options, seed)
    ]
    neighbours = choose_neighbours(training, validation, options, seed)
    network = model.spec.network
    search = random_search(network, training, validation, options, seed, inputs.kept())

    test = split(inputs, "test")  # opened here, all being chosen
    require_known_classes(test.labels, training.labels, where="svhn.test")
    outcome = TestedRows(
        rows=[one.tested(test, out) for one in fitted],
        neighbours=neighbours,
        neighbours_right=neighbours_right(neighbours, training, test, options, seed),
        self_training=self_training(training, test, options, seed) if options.unlabelled else None,
        search=search,
        searched_right=searched_right(network, search, test, options) if search else None,
        validation_images=len(validation.labels),
    )
    save_arrays(out / "arrays.npz", **arrays(outcome))
    return measurements(outcome, seed=seed)


if __name__ == "__main__":
    measure_command(measure, Options)
