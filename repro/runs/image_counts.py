"""Number of images that a run's datasets will hold, and the minimum that its steps need.

Where in the flow: repro.runs.checks compares the two before any step starts, so that no experiment
finds out after a training that its images are too few. An experiment that needs a number of images
declares it by a method `fewest_images` of its Options (experiments/README.md). `python -m repro
plan` (repro.plan.counts) and the first guess of a training's time (repro.watch.rough_trainings)
count with `expected_images`; `raw_records` alone reads raw data.

Alone: `minimum_images(load_run("config/photos.yaml"), "photos")`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from repro.data.raw_images import SourceError
from repro.runs.extensions import (
    experiment_options,
    missing_files,
    source,
    source_options,
    world,
    world_options,
)
from repro.runs.run import Run
from repro.specs.roles import SLOTS

Whole = Callable[[str, Any], int | None]  # source, its options -> records before start and stop


@dataclass(frozen=True)
class Count:
    """A number of images and its origin."""

    images: int
    origin: str


def minimum_images(run: Run, dataset: str) -> dict[str, int]:
    """Descriptions of the steps that need images of a dataset -> minimum number of images."""
    minimum = {}
    for name, model in run.trained.items():
        if model.data == dataset:
            batch = model.training.batch
            minimum[f"'models.{name}.training.batch' is {batch} (2 at least)"] = batch
    for experiment in run.runnable:
        given = run.spec.experiments.get(experiment.name, {})
        options = experiment_options(experiment.name, given, file=run.file)
        fewest = options.fewest_images() if hasattr(options, "fewest_images") else {}
        for key, images in fewest.items():
            role, slot = key.split(".")
            if getattr(run.spec.roles.get(role), SLOTS[slot].key, None) == dataset:
                words = f"experiment '{experiment.name}' needs {images} (`leave_out` leaves it out)"
                minimum[words] = images
    return minimum


def expected_images(run: Run, name: str) -> Count | None:
    """Images of a dataset: prepared; else, with its limit, of its raw data, drawn, published."""
    manifest = run.folder / "data" / name / "manifest.json"
    if manifest.is_file():
        return Count(int(json.loads(manifest.read_text(encoding="utf-8"))["count"]), "prepared")
    spec = run.spec.datasets[name]
    origins: list[tuple[str, Callable[[Run, str], int | None]]] = [
        ("raw data", raw_records),
        ("published" if spec.world is None else "world", expected_records),
    ]
    for origin, count in origins:
        images = count(run, name)
        if images is not None:
            return Count(images if spec.limit is None else min(images, spec.limit), origin)
    return None


def raw_records(run: Run, name: str) -> int | None:
    """Records of a dataset's raw data, without its limit, counted by its source.

    None where files are missing or cannot be counted: the preparation reports what is wrong.
    """
    spec = run.spec.datasets[name]
    if spec.world is None and run.spec.raw_folder is None:
        return None  # their folder is not known
    options = source_options(spec.source, spec.options, file=run.file, key=f"datasets.{name}")
    raw = run.raw_folder(name)
    if missing_files(raw, spec.source, options):
        return None
    try:
        return int(source(spec.source).count(raw, options))
    except (SourceError, OSError):
        return None


def expected_records(run: Run, name: str) -> int | None:
    """Records of a dataset, without its limit, that are still to be drawn or to be fetched.

    The generator of its world, or its source, gives the number; None where neither does.
    """
    spec = run.spec.datasets[name]
    options = source_options(spec.source, spec.options, file=run.file, key=f"datasets.{name}")
    whole = _published if spec.world is None else partial(_drawn, run, spec.world)
    return _records(spec.source, options, whole)


def _records(name: str, options: Any, whole: Whole) -> int | None:
    """Records expected from a source; for one that copies another (`of`), by that one's number."""
    if hasattr(options, "of"):
        originals = _records(options.of, options.wrapped, whole)
        return None if originals is None else int(source(name).copies(options, originals))
    images = whole(name, options)
    return None if images is None else _stretch(images, options)


def _drawn(run: Run, place: str, name: str, options: Any) -> int | None:
    """Count of data that a program is still to draw; None where its generator does not say."""
    spec = run.spec.worlds[place]
    count_for = getattr(world(spec.generator), "count_for", None)
    if count_for is None:
        return None
    key = f"worlds.{place}"
    drawing = world_options(spec.generator, spec.options, file=run.file, key=key)
    count = count_for(drawing, name, options)
    return None if count is None else int(count)


def _published(name: str, options: Any) -> int | None:
    """Count of data as published; None where the source does not say."""
    published = getattr(source(name), "published", None)
    return published(options) if published else None


def _stretch(images: int, options: Any) -> int:
    """Number of images left by the options `start` and `stop`, where a source has them."""
    stop = getattr(options, "stop", None)
    return (images if stop is None else min(stop, images)) - getattr(options, "start", 0)
