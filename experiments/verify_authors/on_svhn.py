"""Table 2's chain with the released SVHN discriminator: 1000 labels (paper §5.2, authors' script).

Part of measure.py. Batch statistics are frozen on the unlabelled training images, 100 labels per
class are drawn repeatedly (repro.classification.few_labels), and the test set is opened once, for
the released D and for the same layers with random weights, on the same draws. Alone:
`check(released, inputs, Options(), 42, scratch)`.
"""

from pathlib import Path

from experiments.contract import Inputs
from experiments.verify_authors.options import Options
from experiments.verify_authors.results import ON_SVHN, Outcome, svhn_numbers
from repro.classification.choose_c import require_known_classes
from repro.classification.discriminator_features import frozen_features
from repro.classification.few_labels import (
    FewLabelsProtocol,
    LabelledImages,
    choose_on_images,
    hits_on_images,
)
from repro.classification.svm import L2SVC
from repro.devices import chosen_device
from repro.released.networks import Released
from repro.rng import shuffled, weights_seed

SLOTS = ("svhn.data", "svhn.validation", "svhn.test")


def check(
    released: Released, inputs: Inputs, options: Options, seed: int, scratch: Path
) -> Outcome:
    """Test errors of both rows over the draws of labels, of which the first are the same.

    Raises SpecError for validation or test images of classes that were not in training.
    """
    device = chosen_device(options.device)
    training = _shuffled(inputs, seed)
    store = inputs.dataset("svhn.validation")
    validation = LabelledImages(store.images, store.label("class"))
    random = released.random_discriminator(weights_seed(seed, f"{ON_SVHN}, random D"))
    rows = {
        name: frozen_features(D, training.images, device)
        for name, D in (("released", released.discriminator()), ("random", random))
    }
    draws = {"released": options.draws, "random": min(options.random_draws, options.draws)}
    protocol = FewLabelsProtocol(
        per_class=options.per_class,
        selection_draws=options.selection_draws,
        grid=options.grid,
        extensions=0,  # as in the authors' script
        seed=seed,
        purpose=ON_SVHN,
    )
    svm = L2SVC(tol=options.tol, device=device.type)
    fitted = {
        name: choose_on_images(
            svm, extract, training, validation, protocol, draws=draws[name], scratch=scratch
        )
        for name, extract in rows.items()
    }
    test = _test(inputs, training)  # opened here, after all choices
    right = {
        name: hits_on_images(fitted[name], extract, test, scratch=scratch)
        for name, extract in rows.items()
    }
    held_out = len(validation.labels)
    numbers = svhn_numbers(right, fitted, released, held_out=held_out, seed=seed)
    described = {
        "training_images": len(training.labels),
        "held_out": held_out,
        "test_images": len(test.labels),
        "labels": fitted["released"].labels,
        "features": {name: few.svms[0].coef_.shape[1] for name, few in fitted.items()},
    }
    return Outcome(numbers, described)


def _shuffled(inputs: Inputs, seed: int) -> LabelledImages:
    """Training images in random order, so that every batch of the statistics is a random one."""
    store = inputs.dataset("svhn.data")
    order = shuffled(len(store), seed=seed, purpose=f"{ON_SVHN}, order of images")
    return LabelledImages(store.images[order], store.label("class")[order])


def _test(inputs: Inputs, training: LabelledImages) -> LabelledImages:
    """The test images; raises SpecError for classes that were not in training."""
    store = inputs.dataset("svhn.test")
    y = store.label("class")
    require_known_classes(y, training.labels, where=str(store.folder))
    return LabelledImages(store.images, y)
