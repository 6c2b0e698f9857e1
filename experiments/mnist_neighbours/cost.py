"""Seconds of Table 3's search: samples drawn, each digit compared with each sample.

Called by `python -m repro plan`. Alone: `seconds(known)`.
"""

from repro.plan.costs import CostInputs


def seconds(known: CostInputs) -> float:
    """Seconds to draw the samples of all trainings of both networks and compare the digits.

    The control draws and compares the same number of samples of each untrained network.
    """
    options, role = known.options("mnist_neighbours"), known.run.spec.roles["mnist"]
    train, validation, test = (
        known.images[str(name)] for name in (role.data, role.validation, role.test)
    )
    total = 0.0
    for name in (role.model, role.baseline):
        trainings = known.run.trainings[str(name)]
        controls = max(options.untrained, len(trainings)) / len(trainings)
        for training in trainings:
            network = known.model(training).network
            width = network.image_size**2 * network.channels
            snapshots = known.model(training).training.networks_kept
            drawn = options.counts[-1] + snapshots * options.selection_samples
            compared = options.counts[-1] * test + snapshots * (
                options.selection_samples * validation
            )
            total += drawn * known.drawn(training) + compared * width * known.neighbour
            control = known.drawn(training) + test * width * known.neighbour
            total += controls * options.counts[-1] * control
    real = (train + validation) * test * width
    return total + real * known.neighbour
