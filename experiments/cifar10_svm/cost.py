"""Seconds that Table 1's features take, and the bytes they occupy, without the SVMs.

The number of passes of the SVMs depends on C and on the features: from 4 to 294 were measured
(experiments/LOG.md). Called by `python -m repro plan`. Alone: `seconds(known)`.
"""

from repro.plan.costs import PROCESS_BYTES, CostInputs, feature_width

ONLY = "features alone"
WITHOUT = "the SVMs"


def seconds(known: CostInputs) -> float:
    """Seconds for every network's features of all images and its statistics on training images.

    The rows of a network share its features. Those kept during training see no test images.
    """
    roles = known.run.spec.roles
    options = known.options("cifar10_svm")
    cifar10 = roles["cifar10"]
    data, test = known.images[str(cifar10.data)], known.images[str(cifar10.test)]
    trained = data + min(data, options.statistics_images or data)
    objects = str(roles["objects"].model)
    released = bool(known.run.slot_folders("authors", "released"))
    networks = 1 + options.random_seeds + released
    training = known.model(objects).training
    kept = training.networks_kept if "discriminator" in training.snapshots_of else 1
    during = 1 + kept if kept > 1 else 0  # with the untrained one
    own = (trained + test) * known.judged(cifar10.model) if cifar10.model else 0.0
    return (networks * (trained + test) + during * trained) * known.judged(objects) + own


def peak_bytes(known: CostInputs) -> tuple[float, float]:
    """(disk, memory): the SVM with all labels holds all training features in memory as well."""
    roles = known.run.spec.roles
    width = feature_width(known.model(str(roles["objects"].model)))
    width = max(width, 4 * known.options("cifar10_svm").centroids)  # K-means has four quadrants
    size = float(4 * width * known.images[str(roles["cifar10"].data)])
    return size, PROCESS_BYTES + size
