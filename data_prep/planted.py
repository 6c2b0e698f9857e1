"""Near-duplicates of known originals, made from another source: the test set of the hash (§4.1.1).

Takes pictures evenly spread over the records of the wrapped source (`of`) and makes one copy of
each in every kind and strength (repro/dedup/perturbations.py): 25 per picture, 21 of the fresh
kinds. A copy is made from the full-size picture and encoded as JPEG, so it goes through the same
decoder, crop and scaling as all images of that source. Its key is "<original's
key>|<kind>|<strength>", its labels `class` (number of the kind) and `strength`. Nothing is trained
on these copies; the originals are not among them.

Alone: `count(RAW, Options(of="lsun"))` is the number of copies.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, model_validator

from data_prep.record_pixels import whole_picture
from data_prep.source import Record, Requirement, load_source, source_options
from repro.data.formats import UnreadableImage
from repro.dedup.perturbations import FRESH_KINDS, KINDS, QUALITY, near_copy, perturbations
from repro.rng import generator
from repro.specs.validation import SpecError, Strict, validated

UNREADABLE = "original_unreadable"


class Options(Strict):
    of: str = Field(description="source that holds the originals")
    options: dict[str, Any] = Field({}, description="that source's Options")
    originals: int = Field(400, ge=1, description="pictures taken, evenly spread over the source")
    quality: int = Field(
        QUALITY, ge=1, le=100, description="JPEG quality of the copies, but for the kind recompress"
    )
    fresh: bool = Field(
        False, description="copies of the kinds on which no setting of the hash was chosen"
    )
    seed: int = Field(42, ge=0, description="of the noise and of where a crop lies")

    @model_validator(mode="after")
    def _wraps_another_source(self) -> "Options":
        if self.of == "planted":
            raise ValueError("`of` must name another source than this one")
        try:
            self.wrapped  # noqa: B018 - checked for its complaint
        except SpecError as error:
            raise ValueError(str(error)) from None
        return self

    @property
    def wrapped(self) -> Strict:
        """Options of the wrapped source. Raises SpecError naming the wrong key."""
        where = f"source '{self.of}'"
        return validated(source_options(self.of), self.options, where=where, key="options")


def requirements(raw: Path, options: Options) -> list[Requirement]:
    return load_source(options.of).requirements(raw, options.wrapped)


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    return {"class": "u1", "strength": "f4"}


def class_names(raw: Path, options: Options) -> list[str] | None:
    return list(_kinds(options))


def _kinds(options: Options) -> tuple[str, ...]:
    return FRESH_KINDS if options.fresh else KINDS


def copies(options: Options, originals: int) -> int:
    """Number of copies of a source with `originals` records."""
    return min(options.originals, originals) * len(perturbations(fresh=options.fresh))


def count(raw: Path, options: Options) -> int:
    return copies(options, load_source(options.of).count(raw, options.wrapped))


def records(raw: Path, options: Options) -> Iterator[Record]:
    """All copies of one original in sequence, originals in source order.

    The source is divided into one stretch per original; the first readable record of each is used.
    If a stretch has none, its copies are skipped with a reason.
    """
    kinds = _kinds(options)
    for key, picture in _originals(raw, options):
        for kind, strength in perturbations(fresh=options.fresh):
            name = copy_key(key, kind, strength)
            labels: dict[str, float | int] = {"class": kinds.index(kind), "strength": strength}
            if picture is None:
                yield Record(key=name, labels=labels, skip=UNREADABLE)
                continue
            make = partial(
                near_copy,
                picture,
                kind=kind,
                strength=strength,
                rng=generator(options.seed, f"planted copies, {name}"),
                quality=options.quality,
            )
            yield Record(key=name, payload=make, labels=labels)


def copy_key(original: str, kind: str, strength: float) -> str:
    """Key of a copy; the original's key is everything before the last two bars."""
    return f"{original}|{kind}|{strength:g}"


def _originals(raw: Path, options: Options) -> Iterator[tuple[str, np.ndarray | None]]:
    """Key and full-size picture (H, W, 3) uint8 of each original; None: its stretch has none."""
    source = load_source(options.of)
    total = source.count(raw, options.wrapped)
    wanted = min(options.originals, total)
    starts = [i * total // wanted for i in range(wanted)] if wanted else []
    following = iter([*starts[1:], total])
    end = 0  # of the current stretch
    first, found = "", True
    for position, record in enumerate(source.records(raw, options.wrapped)):
        if position == end:
            if not found:
                yield first, None
            end, first, found = next(following, total), record.key, False
        if not found:
            picture = _picture(record)
            if picture is not None:
                found = True
                yield record.key, picture
    if not found:
        yield first, None


def _picture(record: Record) -> np.ndarray | None:
    """(H, W, 3) uint8 of a record, upright and at full size; None where it cannot be read."""
    payload = record.payload
    if record.skip is not None:
        return None
    try:
        content = payload() if callable(payload) else payload
        return whole_picture(content, channels=3, crop=record.crop)
    except (UnreadableImage, OSError):
        return None
