"""Seconds of the experiments whose cost follows from counts; of others what an earlier run took.

Used by `python -m repro.plan`. By formula: Table 3's search (samples drawn, each digit compared
with each sample), the search for copied training images (features of every training image, each
compared with the queries), and of Tables 1 and 2 the features alone: how many passes the SVMs take
depends on C and on the features, from 4 to 294 measured (experiments/LOG.md). For every other
experiment: the benchmark of an earlier run of the same run file (results/<run>/benchmarks), else
None, which the plan shows as not predicted.

Alone: `earlier_seconds(load_run("config/demo.yaml"), "measure", "latent_walk")`.
"""

import csv
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from repro.features import POOLED
from repro.plan_costs import PROCESS_BYTES, StepRate, network_sizes, products_per_image
from repro.runs import Run
from repro.specs import ModelSpec, module_options

ONLY_FEATURES = "formula, features alone"


@dataclass(frozen=True)
class Known:
    """What a formula may ask: images by dataset, rate by model, seconds a compared number."""

    run: Run
    images: Mapping[str, int]
    rates: Mapping[str, StepRate]
    neighbour: float

    def model(self, name: str) -> ModelSpec:
        return self.run.model(name)

    def drawn(self, model: str) -> float:
        """Seconds of one picture of a model's generator."""
        return network_sizes(self.model(model).network)[0].products * self._product(model)

    def judged(self, model: str) -> float:
        """Seconds of one picture through a model's discriminator."""
        return network_sizes(self.model(model).network)[1].products * self._product(model)

    def _product(self, model: str) -> float:
        return self.rates[model].per_image / products_per_image(self.model(model))

    def options(self, experiment: str) -> Any:
        module = importlib.import_module(f"experiments.{experiment}.options")
        return module_options(module).model_validate(self.run.spec.experiments.get(experiment, {}))


def experiment_seconds(known: Known, experiment: str) -> tuple[float | None, str]:
    """Seconds on one device, and where they come from; None and "not predicted"."""
    if experiment in FORMULAS:
        return FORMULAS[experiment](known), "formula"
    earlier = earlier_seconds(known.run, "measure", experiment)
    if earlier is not None:
        return earlier, "earlier run"
    if experiment in FEATURES:
        return FEATURES[experiment](known), ONLY_FEATURES
    return None, "not predicted"


def earlier_seconds(run: Run, rule: str, name: str) -> float | None:
    """Wall-clock seconds of a finished step of an earlier run of this run file, or None."""
    path = run.folder / "benchmarks" / rule / f"{name}.tsv"
    if not path.is_file():
        return None
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return float(rows[-1]["s"]) if rows else None


def mnist_neighbours(known: Known) -> float:
    """Table 3: for every training of both networks, samples drawn and compared with the digits."""
    options, role = known.options("mnist_neighbours"), known.run.spec.roles["mnist"]
    train, validation, test = (
        known.images[str(name)] for name in (role.data, role.validation, role.test)
    )
    seconds = 0.0
    for name in (role.model, role.baseline):
        for training in known.run.trainings[str(name)]:
            network = known.model(training).network
            width = network.image_size**2 * network.channels
            snapshots = max(1, known.model(training).training.snapshots)
            drawn = options.counts[-1] + snapshots * options.selection_samples
            compared = options.counts[-1] * test + snapshots * (
                options.selection_samples * validation
            )
            seconds += drawn * known.drawn(training) + compared * width * known.neighbour
    real = (train + validation) * test * width
    return seconds + real * known.neighbour


def memorisation(known: Known) -> float:
    """Queries of all kinds looked up among the training images of each model, in two spaces."""
    options, role = known.options("memorisation"), known.run.spec.roles["bedrooms"]
    held_out = min(options.real, known.images.get(str(role.validation), 0))
    queries = options.samples + 2 * options.real + 2 * held_out
    seconds = 0.0
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
        seconds += images * (known.judged(name) + projected + compared)
    return seconds


def feature_width(model: ModelSpec) -> int:
    """Features of an image by a model's D, all layers; 0 of one without such layers."""
    network = model.network
    return POOLED**2 * sum(network.discriminator_widths) if network.kind == "convolutional" else 0


def feature_bytes(known: Known, experiment: str) -> tuple[float, float]:
    """(disk, memory) of the features that an experiment keeps while it works, 0 of others.

    Table 1's SVM with all labels has the features of all training images in memory as well.
    """
    roles = known.run.spec.roles
    if experiment == "cifar10_svm":
        width = feature_width(known.model(str(roles["objects"].model)))
        size = float(4 * width * known.images[str(roles["cifar10"].data)])
        return size, PROCESS_BYTES + size
    if experiment == "svhn_svm":
        role = roles["svhn"]
        images = known.images[str(role.data)] + known.images[str(role.validation)]
        return 4.0 * feature_width(known.model(str(role.model))) * images, 0.0
    return 0.0, 0.0


def cifar10_features(known: Known) -> float:
    """Table 1: every network's features of all images, and its statistics of the training ones."""
    roles = known.run.spec.roles
    images = 2 * known.images[str(roles["cifar10"].data)] + known.images[str(roles["cifar10"].test)]
    random = known.options("cifar10_svm").random_seeds
    own = roles["cifar10"].model
    seconds = (1 + random) * known.judged(str(roles["objects"].model))
    return images * (seconds + (known.judged(own) if own else 0.0))


def svhn_features(known: Known) -> float:
    """Table 2: the same, with validation images."""
    role = known.run.spec.roles["svhn"]
    train, validation, test = (
        known.images[str(name)] for name in (role.data, role.validation, role.test)
    )
    networks = 1 + known.options("svhn_svm").random_seeds
    return networks * (2 * train + validation + test) * known.judged(str(role.model))


FORMULAS: dict[str, Callable[[Known], float]] = {
    "mnist_neighbours": mnist_neighbours,
    "memorisation": memorisation,
}
FEATURES = {"cifar10_svm": cifar10_features, "svhn_svm": svhn_features}
