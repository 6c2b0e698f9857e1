"""How many images each dataset of a run has, before any of it is prepared, and who says so.

In this order: the user (--images NAME=COUNT), a prepared folder's manifest, the source's own count
where the raw data are there, what the generator of a world that is still to be drawn says of it
(its `count_for`), the size that the source knows as published (its `published`). What none of them
knows is asked for. Used by `python -m repro.plan`; data_prep/README.md has the contract.

Alone: `image_counts(load_run("config/demo.yaml"), {})`.
"""

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from repro.runs.run import Run
from repro.specs.validation import SpecError, Strict, module_options, nearest

Whole = Callable[[str, Any], int | None]  # source, its options -> records before start and stop


@dataclass(frozen=True)
class Count:
    """A number of images and where it comes from."""

    images: int
    origin: str


def image_counts(run: Run, given: Mapping[str, int]) -> dict[str, Count]:
    """Images of every dataset. Raises SpecError for names that are none, and for unknown counts."""
    for name in given:
        if name not in run.spec.datasets:
            raise SpecError(
                f"--images {name}=...: {run.file} has no dataset '{name}'; "
                f"{nearest(name, run.spec.datasets)}"
            )
    found: dict[str, Count] = {}
    unknown = []
    for name in run.spec.datasets:
        count = Count(given[name], "given") if name in given else _count(run, name)
        if count is None or count.images < 1:
            unknown.append(name)
        else:
            found[name] = count
    if unknown:
        words = " ".join(f"--images {name}=COUNT" for name in unknown)
        raise SpecError(
            f"{run.file}: how many images these datasets have is not known, since their raw data "
            f"are not there and nothing is published of their sources: {', '.join(unknown)}; "
            f"say it: {words} (or where they are: --raw FOLDER)"
        )
    return found


def removed_images(run: Run, dataset: str) -> int | None:
    """How many a finished de-duplication leaves out; None where it has not been run."""
    path = run.folder / "dedup" / dataset / "summary.json"
    return int(json.loads(path.read_text())["removed"]) if path.is_file() else None


def _count(run: Run, name: str) -> Count | None:
    manifest = run.folder / "data" / name / "manifest.json"
    if manifest.is_file():
        return Count(int(json.loads(manifest.read_text())["count"]), "prepared")
    spec = run.spec.datasets[name]
    options = _options(f"data_prep.{spec.source}", spec.options)
    ways: list[tuple[str, Callable[[], int | None]]] = [
        ("raw data", lambda: _of_raw_data(run, name, spec.source, options))
    ]
    if spec.world is None:
        ways.append(("published", lambda: _expected(spec.source, options, _published)))
    else:
        drawn = partial(_drawn, run, spec.world)
        ways.append(("world", lambda: _expected(spec.source, options, drawn)))
    for origin, way in ways:
        images = way()
        if images is not None:
            return Count(images if spec.limit is None else min(images, spec.limit), origin)
    return None


def _options(module: str, values: dict[str, Any]) -> Any:
    return module_options(importlib.import_module(module)).model_validate(values)


def _of_raw_data(run: Run, name: str, source: str, options: Strict) -> int | None:
    """What the source counts; None where its files are not there or cannot be counted."""
    sources = importlib.import_module("data_prep.source")
    if run.spec.datasets[name].world is None and run.spec.raw_folder is None:
        return None  # where they lie has not been said
    raw = run.raw_folder(name)
    if sources.missing(raw, source, options):
        return None
    try:
        return int(importlib.import_module(f"data_prep.{source}").count(raw, options))
    except (sources.SourceError, OSError):
        return None  # the preparation itself says what is wrong with them


def _expected(source: str, options: Any, whole: Whole) -> int | None:
    """Records that a source will give; one that copies another's (`of`), by how many that has."""
    if hasattr(options, "of"):
        originals = _expected(options.of, options.wrapped, whole)
        copies = importlib.import_module(f"data_prep.{source}").copies
        return None if originals is None else int(copies(options, originals))
    images = whole(source, options)
    return None if images is None else _stretch(images, options)


def _drawn(run: Run, world: str, source: str, options: Any) -> int | None:
    """Of data that a program is still to draw; None where its generator does not say."""
    spec = run.spec.worlds[world]
    module = f"data_prep.generated.{spec.generator}"
    count_for = getattr(importlib.import_module(module), "count_for", None)
    return count_for(_options(module, spec.options), source, options) if count_for else None


def _published(source: str, options: Any) -> int | None:
    """Of data as their makers publish them; None where the source does not say."""
    published = getattr(importlib.import_module(f"data_prep.{source}"), "published", None)
    return published(options) if published else None


def _stretch(images: int, options: Any) -> int:
    """Of so many records those that the options `start` and `stop` take, where there are such."""
    stop = getattr(options, "stop", None)
    return (images if stop is None else min(stop, images)) - getattr(options, "start", 0)
