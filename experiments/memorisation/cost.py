"""Seconds of the search for copied images: features of all, each compared with the queries.

Called by `python -m repro plan`. Alone: `seconds(known)`.
"""

from repro.plan.costs import CostInputs, feature_width
from repro.quality.feature_spaces import NETWORKS


def seconds(known: CostInputs) -> float:
    """Queries of all kinds looked up among the training images of each model, in two spaces.

    Where the choice is made, the main model's also in those of untrained discriminators.
    """
    options, role = known.options("memorisation"), known.run.spec.roles["bedrooms"]
    held_out = min(options.real, known.images.get(str(role.validation), 0))
    queries = 2 * options.samples + 2 * options.real + 2 * held_out  # as many copies as samples
    total = 0.0
    for name in (role.model, role.baseline):
        if name is None:
            continue
        model = known.model(name)
        network = model.network
        images = known.images[model.data]
        pixels = min(network.image_size, 64) ** 2 * network.channels
        sides = 2 if model.training.augmentation.flip else 1  # looked up mirrored as well
        features = feature_width(model)
        width = min(features, options.feature_width)
        projected = features * width * known.neighbour if features > width else 0.0
        compared = sides * queries * (pixels + width) * known.neighbour
        total += images * (known.judged(name) + projected + compared)
        given = options.multiverse.not_nearer_than_real
        if name == role.model and given is not None and "untrained_features" in given.space:
            queries_there = 2 * options.samples + 2 * options.real
            width = min(NETWORKS * features, options.feature_width)
            projected = features * width * known.neighbour if NETWORKS * features > width else 0.0
            compared = sides * queries_there * width * known.neighbour
            total += images * (NETWORKS * known.judged(name) + projected + compared)
    return total
