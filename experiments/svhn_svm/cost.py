"""Seconds that Table 2's features take, and the bytes they occupy, without the SVMs.

As in cifar10_svm/cost.py. Called by `python -m repro plan`. Alone: `seconds(known)`.
"""

from repro.plan.costs import CostInputs, feature_width

ONLY = "features alone"
WITHOUT = "the SVMs"


def seconds(known: CostInputs) -> float:
    """Seconds for every network's features of all images and its statistics on training images."""
    role = known.run.spec.roles["svhn"]
    train, validation, test = (
        known.images[str(name)] for name in (role.data, role.validation, role.test)
    )
    networks = 1 + known.options("svhn_svm").random_seeds
    return networks * (2 * train + validation + test) * known.judged(str(role.model))


def peak_bytes(known: CostInputs) -> tuple[float, float]:
    """(disk, memory) of the features of training and validation images; memory is not predicted."""
    role = known.run.spec.roles["svhn"]
    images = known.images[str(role.data)] + known.images[str(role.validation)]
    return 4.0 * feature_width(known.model(str(role.model))) * images, 0.0
