"""Find the extensions outside the library by name: sources, worlds, experiments, their commands.

This is the only module of repro/ that reaches into data_prep/ or experiments/ (repro/places.py
lists the packages), so that the rest of the library works without them. No step of the pipeline but
the report imports it. A source of images is a module of data_prep/, a world (synthetic
images) one of data_prep/generated/, an experiment a folder of experiments/; adding one needs a new
file or folder there and no edit here. repro.runs.load and repro.runs.checks use it for run files,
repro.plan for counts and costs, and the front door for its list of commands.

Alone: `experiment_cards()`, `source("lsun")`.
"""

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from repro.claims.card import ExperimentCard, read_card
from repro.places import ROOT
from repro.specs.validation import SpecError, Strict, module_options, nearest, validated

SOURCES = "data_prep"
WORLDS = "data_prep.generated"
EXPERIMENTS = "experiments"
CARDS = ROOT / EXPERIMENTS  # a folder for each experiment, with its card
CARD = "experiment.yaml"


def commands() -> dict[str, tuple[str, str]]:
    """Name -> (module with a `main`, what it does in one line) of the commands of data_prep/.

    A package stands for its `__main__`.
    """
    lines = {
        "download": ("download", "fetch the raw data of a source, and check them"),
        "face-detection": ("face_detection", "find the faces in a folder of photos"),
        "sources": ("source", "list the sources of images and their options"),
        "train": ("train_folder", "train a model on a folder of pictures (section 4)"),
        "generate": ("generate", "render the synthetic raw images of a world"),
        "prepare": ("prepare", "turn raw images into a prepared dataset"),
        "dedup-dataset": ("dedup", "find the near-duplicates of a prepared dataset"),
    }
    folder = ROOT / SOURCES
    return {
        name: (source_module(f"{own}.__main__" if (folder / own).is_dir() else own), line)
        for name, (own, line) in lines.items()
    }


def source_module(name: str) -> str:
    """Name of the module that reads a source's raw images."""
    return f"{SOURCES}.{name}"


def drawing_modules(generator: str) -> tuple[str, ...]:
    """Names of the modules that draw a world."""
    return f"{SOURCES}.generate", f"{WORLDS}.{generator}"


def preparing_modules(*sources: str) -> tuple[str, ...]:
    """Names of the modules that prepare a dataset of these sources; one source may wrap another."""
    return f"{SOURCES}.prepare", *map(source_module, sources)


def hashing_module() -> str:
    """Name of the module that finds the near-duplicates of a prepared dataset."""
    return f"{SOURCES}.dedup"


def experiment_module(name: str, part: str) -> str:
    """Name of an experiment's module: its `measure` or its `figure`."""
    return f"{EXPERIMENTS}.{name}.{part}"


def source(name: str) -> ModuleType:
    """The module that reads a source's raw images (data_prep/README.md has the contract)."""
    return importlib.import_module(source_module(name))


def paper_images(name: str) -> dict[str, int]:
    """Number of images in the paper's own set for source `name`, by slot of its role."""
    found: dict[str, int] = getattr(source(name), "PAPER_IMAGES", {})
    return found


def world(generator: str) -> ModuleType:
    """The module that draws a world."""
    return importlib.import_module(f"{WORLDS}.{generator}")


def source_options(name: str, values: dict[str, Any], *, file: str, key: str) -> Strict:
    """A source's options, given at `key` of a run file; SpecError names file, key and value."""
    _require(name, SOURCES, file=file, key=key)
    return _options(source(name), values, file=file, key=f"{key}.options")


def world_options(generator: str, values: dict[str, Any], *, file: str, key: str) -> Strict:
    """The options of a world's generator, with the same errors."""
    _require(generator, WORLDS, file=file, key=key)
    return _options(world(generator), values, file=file, key=f"{key}.options")


def experiment_options(name: str, values: dict[str, Any], *, file: str) -> Strict:
    """The options of an existing experiment; its key in a run file is `experiments.<name>`."""
    own = f"{EXPERIMENTS}.{name}"
    return _options(_options_module(name), values, file=file, key=own)


def card_options(name: str, values: dict[str, Any], *, key: str) -> Strict:
    """The options at `key` of its card, e.g. scales.tiny; SpecError names card, key and value."""
    return _options(_options_module(name), values, file=str(CARDS / name / CARD), key=key)


def _options_module(name: str) -> ModuleType:
    if not (CARDS / name / "options.py").is_file():
        raise SpecError(
            f"{CARDS / name}: an experiment needs an options.py with a class Options; copy that of "
            "experiments/_template"
        )
    return importlib.import_module(f"{EXPERIMENTS}.{name}.options")


def experiment_cards() -> dict[str, ExperimentCard]:
    """Name -> experiment.yaml of every experiment folder, sorted by name.

    Folders whose name begins with an underscore, such as the template's, are skipped.
    """
    cards = sorted(CARDS.glob(f"[!_]*/{CARD}"))
    for folder in (card.parent for card in cards):
        if not folder.name.isidentifier():
            raise SpecError(
                f"{folder}: '{folder.name}' is no name for an experiment, which is a package of "
                "Python; use letters, digits and underscores"
            )
    return {card.parent.name: read_card(card) for card in cards}


def experiment_cost(name: str) -> ModuleType | None:
    """cost.py of an experiment (experiments/README.md has the contract); None without one."""
    module = f"{EXPERIMENTS}.{name}.cost"
    return importlib.import_module(module) if importlib.util.find_spec(module) else None


def missing_files(raw: Path, name: str, options: Strict) -> list[Any]:
    """Files that source `name` requires below `raw` and misses: `path`, `what`, `how_to_get`."""
    absent: list[Any] = importlib.import_module(f"{SOURCES}.source").missing(raw, name, options)
    return absent


def files_read(raw: Path, name: str, options: Strict) -> tuple[str, ...]:
    """Files and folders that source `name` reads below `raw`, relative to it."""
    found: tuple[str, ...] = importlib.import_module(f"{SOURCES}.source").files_read(
        raw, name, options
    )
    return found


def preparation() -> Callable[..., None]:
    """The pipeline's step from raw images to a prepared dataset, `prepare` of data_prep/prepare.py.

    It takes spec, raw, out and workers.
    """
    prepare: Callable[..., None] = importlib.import_module(f"{SOURCES}.prepare").prepare
    return prepare


def _require(name: str, package: str, *, file: str, key: str) -> None:
    folder = ROOT / Path(*package.split("."))
    names = [p.stem for p in folder.glob("*.py") if "\nclass Options" in p.read_text("utf-8")]
    if name not in names:
        place = folder.relative_to(ROOT)
        raise SpecError(f"{file}: '{key}': no module '{name}' in {place}/; {nearest(name, names)}")


def _options(module: ModuleType, values: dict[str, Any], *, file: str, key: str) -> Strict:
    return validated(module_options(module), values, where=file, key=key)
