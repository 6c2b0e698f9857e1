"""Table 2 (paper §5.2): SVHN from 1,000 labels by an L2-SVM on features of a D trained on SVHN.

Reads SVHN in three parts (63,257 training images, 10,000 for every choice, the test images) and the
GAN trained on the first without labels. The same draws of 100 labels per digit serve all rows: D's
features, those of D with random weights, pixels, and rows that the paper cites. Alone:
python -m experiments.svhn_svm.measure --input svhn.data=DIR --input svhn.validation=DIR
    --input svhn.test=DIR --input svhn.model=DIR --out DIR
"""

from pathlib import Path

from experiments.contract import Inputs, measure_command
from experiments.svhn_svm.baselines import choose_neighbours, neighbour_hits, self_training
from experiments.svhn_svm.data import PURPOSE, split
from experiments.svhn_svm.feature_rows import feature_rows
from experiments.svhn_svm.options import Options
from experiments.svhn_svm.results import TestedRows, figure_arrays, measurements
from experiments.svhn_svm.supervised_row import random_search, search_hits
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.classification.choose_c import require_known_classes
from repro.classification.few_labels import FewLabelsProtocol
from repro.classification.random_search import draw_trial
from repro.classification.svm import L2SVC
from repro.devices import chosen_device


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Choose everything on the validation images, then open the test set once for all rows."""
    device, per_class = chosen_device(options.device), options.per_class
    training, validation = split(inputs, "data"), split(inputs, "validation")
    require_known_classes(validation.labels, training.labels, where="svhn.validation")
    model = inputs.model("svhn.model")

    # features of D, of D with random weights and pixels, each with an SVM (the authors' script)
    rows = feature_rows(
        model,
        statistics=training.images[: options.statistics_images],
        draws=options.draws,
        control_draws=options.random_draws,
        random_networks=options.random_seeds,
        device=device,
        seed=seed,
    )
    protocol, svm = _protocol(options, seed), L2SVC(tol=options.tol, device=device.type)
    fitted = [one.fitted(svm, training, validation, protocol, scratch=out) for one in rows]

    # rows that the paper cites, and D's architecture trained on the same labels alone
    to_choose = training.draws(per_class, options.selection_draws, seed=seed, use="to choose k")
    neighbours = choose_neighbours(training, validation, options.neighbours, draws=to_choose)
    to_test = training.draws(per_class, options.other_draws, seed=seed)
    search = random_search(
        model.spec.network,
        [draw_trial(seed, index, options.search) for index in range(options.trials)],
        training.only(to_test[0]),
        validation,
        epochs=options.trial_epochs,
        evaluate_every=options.evaluate_every,
        seed=seed,
        device=device,
        finished=inputs.finished_parts(),
    )

    test = split(inputs, "test")  # opened here, after all choices
    require_known_classes(test.labels, training.labels, where="svhn.test")
    guessing = self_training(
        training,
        test,
        draws=to_test,
        unlabelled=options.unlabelled,
        components=options.components,
        confident=options.confident,
        seed=seed,
    )
    tested = TestedRows(
        rows=[one.tested(test, scratch=out) for one in fitted],
        neighbours=neighbours,
        neighbour_hits=neighbour_hits(neighbours, training, test, draws=to_test),
        self_training=guessing,
        search=search,
        search_hits=search_hits(model.spec.network, search, test, device=device),
        validation_images=len(validation.labels),
    )
    save_arrays(out / "arrays.npz", **figure_arrays(tested))
    return measurements(tested, seed=seed)


def _protocol(options: Options, seed: int) -> FewLabelsProtocol:
    return FewLabelsProtocol(
        per_class=options.per_class,
        selection_draws=options.selection_draws,
        grid=options.grid,
        extensions=options.extensions,
        seed=seed,
        purpose=PURPOSE,
    )


if __name__ == "__main__":
    measure_command(measure, Options)
