"""Seconds of the experiments whose cost follows from counts; of others what an earlier run took.

Used by `python -m repro.plan`. An experiment whose cost follows from counts has a `cost.py` beside
its measure.py, found by that name (experiments/README.md has the contract); its formulas ask
`Known`. For every other experiment: the benchmark of an earlier run of the same run file
(results/<run>/benchmarks), else None, which the plan shows as not predicted.

Alone: `earlier_seconds(load_run("config/demo.yaml"), "measure", "latent_walk")`.
"""

import csv
import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from repro.classification.discriminator_features import POOLED
from repro.plan.training_cost import StepRate, network_sizes, products_per_image
from repro.runs.run import Run
from repro.specs.run_file import ModelSpec
from repro.specs.validation import module_options

FORMULA = "formula"  # origin of predicted seconds


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
    """Seconds on one device, and where they come from; None and "not predicted".

    A formula of the whole measurement goes before an earlier run, one of a part behind it.
    """
    cost = _cost(experiment)
    only = getattr(cost, "ONLY", "")
    if cost is not None and not only:
        return cost.seconds(known), FORMULA
    earlier = earlier_seconds(known.run, "measure", experiment)
    if earlier is not None:
        return earlier, "earlier run"
    if cost is not None:
        return cost.seconds(known), f"{FORMULA}, {only}"
    return None, "not predicted"


def left_out(experiment: str, origin: str) -> str:
    """What of an experiment is not in hours of this origin, in words; "" where nothing is."""
    cost = _cost(experiment)
    only = getattr(cost, "ONLY", "")
    return str(getattr(cost, "WITHOUT", "")) if only and origin == f"{FORMULA}, {only}" else ""


def kept_bytes(known: Known, experiment: str) -> tuple[float, float]:
    """(disk, memory) that an experiment takes while it works; 0 where it does not say."""
    kept = getattr(_cost(experiment), "kept_bytes", None)
    return kept(known) if kept else (0.0, 0.0)


def _cost(experiment: str) -> ModuleType | None:
    """experiments/<name>/cost.py; None where there is none."""
    name = f"experiments.{experiment}.cost"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def earlier_seconds(run: Run, rule: str, name: str) -> float | None:
    """Wall-clock seconds of a finished step of an earlier run of this run file, or None."""
    path = run.folder / "benchmarks" / rule / f"{name}.tsv"
    if not path.is_file():
        return None
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return float(rows[-1]["s"]) if rows else None


def feature_width(model: ModelSpec) -> int:
    """Features of an image by a model's D, all layers; 0 of one without such layers."""
    network = model.network
    return POOLED**2 * sum(network.discriminator_widths) if network.kind == "convolutional" else 0
