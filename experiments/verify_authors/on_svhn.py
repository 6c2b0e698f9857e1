"""Table 2's chain with the released SVHN discriminator: 1000 labels (paper §5.2, authors' script).

Part of measure.py. Batch statistics are frozen on the unlabelled training images, 100 labels per
class are drawn repeatedly (repro.classification.few_labels), and the test set is opened once, for
the released D and for the same layers with random weights, on the same draws. Alone:
`check_on_svhn(released, inputs, ...)`.
"""

from collections.abc import Callable
from pathlib import Path

import torch

from experiments.contract import Inputs
from experiments.verify_authors.results import ON_SVHN, Outcome, svhn_numbers
from repro.classification.choose_c import require_known_classes
from repro.classification.discriminator_features import discriminator_features
from repro.classification.few_labels import Extract, FewLabels, LabelledImages, hits_on_images
from repro.networks.dcgan import Discriminator
from repro.networks.discriminator_inputs import freeze_on
from repro.released.networks import Released
from repro.rng import shuffled, weights_seed


def check_on_svhn(
    released: Released,
    inputs: Inputs,
    *,
    choose: Callable[..., FewLabels],
    draws: dict[str, int],
    device: torch.device,
    seed: int,
    scratch: Path,
) -> Outcome:
    """Test errors of both rows over the draws of labels.

    choose: choose_on_images of repro.classification.few_labels without what to extract, the images
    and `draws`; draws: number of draws that test each row ("released", "random"), of which the
    first are the same.
    """
    training = _shuffled(inputs, seed)
    store = inputs.dataset("svhn.validation")
    validation = LabelledImages(store.images, store.label("class"))
    weights = weights_seed(seed, f"{ON_SVHN}, random D")
    networks = {
        "released": released.discriminator(),
        "random": released.random_discriminator(weights),
    }
    fitted = {}
    for name, D in networks.items():
        freeze_on(D.to(device), training.images)
        fitted[name] = choose(
            extract=_features_of(D), training=training, validation=validation, draws=draws[name]
        )
    test = _test(inputs, training)  # opened here, after all choices
    right = {
        name: hits_on_images(fitted[name], _features_of(D), test, scratch=scratch)
        for name, D in networks.items()
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


def _features_of(D: Discriminator) -> Extract:
    return lambda images, path: discriminator_features(D, images, out=path)


def _test(inputs: Inputs, training: LabelledImages) -> LabelledImages:
    """The test images; raises SpecError for classes that were not in training."""
    store = inputs.dataset("svhn.test")
    y = store.label("class")
    require_known_classes(y, training.labels, where=str(store.folder))
    return LabelledImages(store.images, y)
