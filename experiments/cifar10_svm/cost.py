"""Seconds that Table 1's features take, and the bytes they occupy, without the SVMs.

The number of passes of the SVMs depends on C and on the features: from 4 to 294 were measured
(experiments/LOG.md). Called by `python -m repro plan`. Alone: `seconds(known)`.
"""

from repro.plan.costs import PROCESS_BYTES, CostInputs, feature_width

ONLY = "features alone"
WITHOUT = "the SVMs"


def seconds(known: CostInputs) -> float:
    """Seconds for every network's features of all images and its statistics on training images.

    The rows of a network share its features.
    """
    roles = known.run.spec.roles
    options = known.options("cifar10_svm")
    cifar10 = roles["cifar10"]
    data, test = known.images[str(cifar10.data)], known.images[str(cifar10.test)]
    images = data + test + min(data, options.statistics_images or data)
    random = options.random_seeds
    own = cifar10.model
    released = bool(known.run.slot_folders("authors", "released"))
    networks = 1 + random + released
    an_image = networks * known.judged(str(roles["objects"].model))
    return images * (an_image + (known.judged(own) if own else 0.0))


def peak_bytes(known: CostInputs) -> tuple[float, float]:
    """(disk, memory): the SVM with all labels holds all training features in memory as well."""
    roles = known.run.spec.roles
    width = feature_width(known.model(str(roles["objects"].model)))
    size = float(4 * width * known.images[str(roles["cifar10"].data)])
    return size, PROCESS_BYTES + size
