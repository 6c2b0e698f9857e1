"""Seconds that the ladder's features take, and the bytes they occupy, without the SVMs.

Called by `python -m repro plan`. Alone: `seconds(known)`.
"""

from repro.plan.costs import PROCESS_BYTES, CostInputs, feature_width

ONLY = "features alone"
WITHOUT = "the SVMs"


def seconds(known: CostInputs) -> float:
    """Seconds of every rung's features: statistics, training images and test images, once each.

    Trainings of the same network and seed, as a run's are, begin with the same weights: one rung.
    """
    roles = known.run.spec.roles
    options = known.options("cifar10_forecast")
    cifar10 = roles["cifar10"]
    data, test = known.images[str(cifar10.data)], known.images[str(cifar10.test)]
    images = data + test + min(data, options.statistics_images or data)
    rungs = roles["ladder"].rungs
    kept = sum(known.model(name).training.networks_kept * known.judged(name) for name in rungs)
    initial = {known.model(name).network: known.judged(name) for name in rungs}
    return images * (kept + sum(initial.values()))


def peak_bytes(known: CostInputs) -> tuple[float, float]:
    """(disk, memory): features of one rung at a time; the SVM holds a copy in memory."""
    roles = known.run.spec.roles
    width = max(feature_width(known.model(name)) for name in roles["ladder"].rungs)
    size = float(4 * width * known.images[str(roles["cifar10"].data)])
    return size, PROCESS_BYTES + size
