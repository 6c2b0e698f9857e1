"""What a source is: the contract between one raw layout (a module of data_prep/) and prepare.py.

A source is a module with `Options`, `requirements`, `label_fields`, `class_names`, `count` and
`records`; the module's name is the `source:` of a dataset in a run file. This module holds their
common types, finds sources by name, and describes missing files before any work is done.

Runs alone: python -m data_prep.source lists the sources and their options.
"""

import importlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal, Protocol, cast

import numpy as np
from pydantic import AfterValidator

from repro.command_line import new_parser, run_main
from repro.data.formats import HEAD_BYTES, looks_like
from repro.data.raw_images import SourceError, files_below
from repro.specs.validation import SpecError, Strict, module_options, nearest

__all__ = [
    "Crop",
    "Record",
    "Requirement",
    "Source",
    "SourceError",
    "explain_missing",
    "files_below",
    "files_read",
    "load_source",
    "missing",
    "source_names",
    "source_options",
]


def _with_pixels(crop: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    if min(crop[:2]) < 0 or min(crop[2:]) < 1:
        raise ValueError("needs left, top >= 0 and width, height >= 1")
    return crop


# an option of a source: left, top, width, height in pixels, as `Record.crop`
Crop = Annotated[tuple[int, int, int, int], AfterValidator(_with_pixels)]

NAMES_SHOWN = 6  # of a folder's content, in a message


@dataclass(frozen=True)
class Requirement:
    """A file or folder that must exist before a source is read."""

    path: Path
    what: str
    how_to_get: str
    kind: Literal["file", "folder"]

    @property
    def problem(self) -> str:
        """What was found instead, in words; "" where it is present as it should be."""
        if not self.path.exists():
            return f"not there{_content_around(self.path)}"
        if self.kind == "file" and self.path.is_dir():
            return f"a folder{_holding(self.path)}, expected a file"
        if self.kind == "folder" and not self.path.is_dir():
            with self.path.open("rb") as stream:
                found, way_out = looks_like(stream.read(HEAD_BYTES))
            return f"{found}, expected a folder" + (f": {way_out}" if way_out else "")
        return ""


@dataclass(frozen=True)
class Record:
    """One picture of a source, not yet decoded.

    key: unique and stable name within the source. payload: the image file's bytes; or uint8 pixels
    (H, W) or (H, W, 1|3); or a Path, read by a worker; or a function that returns the bytes, called
    at most once and before the next record is requested (so that unwanted records are not read).
    labels: a number for every field of `label_fields`. skip: the source's own reason for skipping
    the record. crop: (left, top, width, height) in pixels, cut out first.
    """

    key: str
    payload: bytes | np.ndarray | Path | Callable[[], bytes] = b""
    labels: dict[str, float | int] = field(default_factory=dict)
    skip: str | None = None
    crop: tuple[int, int, int, int] | None = None


class Source(Protocol):
    """The functions of a source module. `raw` is the folder of the download."""

    def requirements(self, raw: Path, options: Strict) -> list[Requirement]:
        """The files and folders that must exist; checked before anything starts."""

    def label_fields(self, raw: Path, options: Strict) -> dict[str, str]:
        """Label name -> numpy type ("i4", "u1", "f4"); {} where there are none."""

    def class_names(self, raw: Path, options: Strict) -> list[str] | None:
        """Names of the values of the label `class`."""

    def count(self, raw: Path, options: Strict) -> int:
        """Number of records, readable or not, without decoding them."""

    def records(self, raw: Path, options: Strict) -> Iterator[Record]:
        """All records in the source's own order, the same at every call."""


def source_names() -> list[str]:
    """Names of all sources: the modules next to this one that define `records`."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    return [
        m.stem
        for m in modules
        if m != Path(__file__) and "\ndef records(" in m.read_text(encoding="utf-8")
    ]


def load_source(name: str) -> Source:
    """The source module `name`. Raises SpecError naming the nearest valid name."""
    if name not in source_names():
        raise SpecError(f"no source '{name}' in data_prep; {nearest(name, source_names())}")
    return cast(Source, importlib.import_module(f"data_prep.{name}"))


def source_options(name: str) -> type[Strict]:
    """The Options model of source `name`."""
    return module_options(cast(ModuleType, load_source(name)))


def missing(raw: Path, source: str, options: Strict) -> list[Requirement]:
    """The requirements of source `source` that are absent below `raw`, or something else."""
    return [r for r in load_source(source).requirements(raw, options) if r.problem]


def files_read(raw: Path, source: str, options: Strict) -> tuple[str, ...]:
    """Files and folders that source `source` reads below `raw`, relative to it.

    The required ones, and those named by its `also_read`, if any.
    """
    module = load_source(source)
    more = getattr(module, "also_read", None)
    found = [one.path for one in module.requirements(raw, options)]
    found += more(raw, options) if more else []
    return tuple(sorted({os.path.relpath(path, raw) for path in found}))


def explain_missing(absent: list[Requirement], raw: Path) -> str:
    """Message naming every missing file, where it was expected, and how to get it."""
    lines = [f"{raw}: raw data are missing"]
    lines += [f"  {r.what}: looked for {r.path}: {r.problem}" for r in absent]
    lines += [f"  how to get it: {how}" for how in dict.fromkeys(r.how_to_get for r in absent)]
    return "\n".join(lines)


def _content_around(path: Path) -> str:
    """The content of the folder in which an absent path should be, or that there is no folder."""
    folders = [folder for folder in path.parents if not folder.is_dir()]
    if folders:
        return f", and neither is the folder {folders[-1]}"
    return f"; {path.parent}{_holding(path.parent)}"


def _holding(folder: Path) -> str:
    try:
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        return f" cannot be read ({error.strerror})"
    if not names:
        return " holds nothing"
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return f" holds {', '.join(names[:NAMES_SHOWN])}{more}"


def main(argv: list[str] | None = None) -> None:
    new_parser("sources", __doc__).parse_args(argv)
    for name in source_names():
        module = load_source(name)
        title = re.split(r"\n\n", (module.__doc__ or "").strip())[0].replace("\n", " ")
        print(f"\n{name}: {title}")
        for option, about in source_options(name).model_fields.items():
            default = "(needed)" if about.is_required() else repr(about.get_default())
            print(f"  {option:<18} {default:<22} {about.description}")


if __name__ == "__main__":
    run_main(main)
