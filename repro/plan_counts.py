"""How many images each dataset of a run has, before any of it is prepared, and who says so.

In this order: the user (--images NAME=COUNT), a prepared folder's manifest, the source's own count
where the raw data are there, the options of a world that is still to be drawn, the published size
of the dataset. What none of them knows is asked for. Used by `python -m repro.plan`.

Alone: `image_counts(load_run("config/demo.yaml"), {})`.
"""

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from repro.runs import Run
from repro.specs import SpecError, module_options, nearest
from repro.validation import Strict

# images by source and by the option that names a part of it; as the datasets' own pages say
CIFAR_BATCH = 10_000  # images in each of its six files
PUBLISHED: dict[str, tuple[str, dict[str, int]]] = {
    "lsun": ("lmdb", {"bedroom_train_lmdb": 3_033_042, "bedroom_val_lmdb": 300}),
    "celeba": ("split", {"all": 202_599, "train": 162_770, "valid": 19_867, "test": 19_962}),
    "imagenet": ("folder", {"": 1_281_167}),
    "svhn": ("split", {"train": 73_257, "test": 26_032, "extra": 531_131}),
    "mnist": ("split", {"train": 60_000, "test": 10_000}),
}
DIGITS = 1_797  # in scikit-learn's set


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
        ("raw data", lambda: _of_raw_data(run, name, spec.source, options)),
        ("world", lambda: _of_world(run, spec.world, spec.source, options)),
        ("published", lambda: _published(spec.source, options) if spec.world is None else None),
    ]
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


def _of_world(run: Run, world: str | None, source: str, options: Any) -> int | None:
    """Of data that a program is still to draw, by that program's options."""
    if world is None:
        return None
    if source == "planted":
        return _copies(_of_world(run, world, options.of, options.wrapped), options)
    spec = run.spec.worlds[world]
    drawn = _options(f"data_prep.generated.{spec.generator}", spec.options)
    split = getattr(options, "split", "train")
    whole: dict[tuple[str, str], Callable[[], int]] = {
        ("rooms", "lsun"): lambda: drawn.count,
        ("faces", "folder"): lambda: drawn.count,
        ("objects", "imagenet"): lambda: drawn.gan_count,
        ("objects", "cifar10"): lambda: sum(
            drawn.test_count if "test" in file else drawn.train_count for file in options.files
        ),
        ("digits", "mnist"): lambda: (
            DIGITS - drawn.test_count if split == "train" else drawn.test_count
        ),
        ("house_numbers", "svhn"): lambda: (
            drawn.train_count if split == "train" else drawn.test_count
        ),
    }
    way = whole.get((spec.generator, source))
    return None if way is None else _stretch(way(), options)


def _published(source: str, options: Any) -> int | None:
    if source == "planted":
        return _copies(_published(options.of, options.wrapped), options)
    if source == "cifar10":
        return CIFAR_BATCH * (len(options.files) or 5)
    if source not in PUBLISHED:
        return None
    option, parts = PUBLISHED[source]
    images = parts.get(getattr(options, option))
    return None if images is None else _stretch(images, options)


def _stretch(images: int, options: Any) -> int:
    """Of so many records those that the options `start` and `stop` take, where there are such."""
    stop = getattr(options, "stop", None)
    return (images if stop is None else min(stop, images)) - getattr(options, "start", 0)


def _copies(originals: int | None, options: Any) -> int | None:
    if originals is None:
        return None
    kinds = importlib.import_module("repro.perturbations").perturbations()
    return min(options.originals, originals) * len(kinds)
