"""Boxes drawn by hand on the page: the samples they belong to, and reading their file.

Part of measure.py. One person marks the windows of the samples on fig06_boxes.html and returns
boxes.json, which option `boxes` names:

    {"samples": "0f3a...", "image_size": 64, "author": "Jo", "start": "nothing",
     "boxes": {"0": [[3, 4, 20, 30]], "1": []}}

Boxes are x0, y0, x1, y1 in pixels from the upper left corner; x1 and y1 are exclusive. A sample
with an empty list was inspected and has no window; an absent one was not inspected.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from repro.artefacts.provenance import sha256_of_file
from repro.figures.offline_page import page_id
from repro.networks.model_folder import ModelFolder
from repro.specs.validation import SpecError, Strict, validated

AGAIN = "draw them on the page of this run (fig06_boxes.html), or take the file out of `boxes`"
WHERE = "experiments.forgetting_windows.boxes"


class BoxFile(Strict):
    """The file that the page writes."""

    samples: str = Field(description="identity of the samples the boxes were drawn on")
    image_size: int = Field(description="pixels per side of a sample")
    author: str = Field(description="who drew them")
    start: Literal["segmenter", "nothing", "mixed"] = Field(
        description="what each sample started from: the segmenter's boxes, nothing, or some of each"
    )
    boxes: dict[str, list[tuple[int, int, int, int]]] = Field(
        description="number of a sample from 0 -> x0, y0, x1, y1 of each box, pixels"
    )


def identity(model: ModelFolder, *, samples: int, seed: int) -> str:
    """16 hexadecimal characters that identify the samples: weights of G, seed and number."""
    weights = sha256_of_file(model.generator_file())
    return page_id(["forgetting windows", weights, seed, samples])


def read_boxes(path: Path, *, samples: int, image_size: int, identity: str) -> BoxFile:
    """Boxes of one person for these samples.

    Raises SpecError naming the file and the place for a missing or broken file, unknown keys,
    boxes of other samples, outside the picture, empty, or given twice.
    """
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_once)
    except FileNotFoundError:
        raise SpecError(
            f"{WHERE}: no such file {path}; paths are taken from the folder in which the run is "
            "started"
        ) from None
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise SpecError(f"{path}: not a JSON file of boxes ({error}); {AGAIN}") from None
    file = validated(BoxFile, content, where=str(path))
    if file.samples != identity or file.image_size != image_size:
        raise SpecError(
            f"{path}: drawn on the samples {file.samples} of {file.image_size} pixels; this run "
            f"has the samples {identity} of {image_size} pixels (another model, seed or number of "
            f"samples); {AGAIN}"
        )
    for name, boxes in file.boxes.items():
        where = f"{path}: 'boxes.{name}'"
        if not (name.isascii() and name.isdecimal() and str(int(name)) == name):
            raise SpecError(f"{where}: expected the number of a sample, 0 to {samples - 1}")
        if int(name) >= samples:
            raise SpecError(f"{where}: there are {samples} samples, numbered from 0")
        _check(boxes, where=where, size=image_size)
    return file


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict. Raises ValueError for a key given twice."""
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"given twice: {', '.join(twice)}")
    return dict(pairs)


def _check(boxes: list[tuple[int, int, int, int]], *, where: str, size: int) -> None:
    for box in boxes:
        x0, y0, x1, y1 = box
        if not (0 <= x0 < x1 <= size and 0 <= y0 < y1 <= size):
            raise SpecError(
                f"{where}: box {list(box)}; expected 0 <= x0 < x1 <= {size} and 0 <= y0 < y1 <= "
                f"{size}, pixels; {AGAIN}"
            )
        if boxes.count(box) > 1:
            raise SpecError(f"{where}: box {list(box)} is given twice; take one out")


def as_shares(
    boxes: Mapping[str, list[tuple[int, int, int, int]]], *, samples: int, image_size: int
) -> list[np.ndarray]:
    """Boxes (n, 4) of each sample, in [0, 1] of the picture; none for absent samples."""
    rows = [boxes.get(str(number), []) for number in range(samples)]
    return [np.array(own, np.float64).reshape(-1, 4) / image_size for own in rows]


def in_pixels(boxes: np.ndarray, image_size: int) -> list[list[int]]:
    """Boxes (n, 4) in [0, 1] as whole pixels, at least one pixel wide and high."""
    rounded = np.rint(boxes * image_size).astype(int)
    rounded[:, :2] = rounded[:, :2].clip(0, image_size - 1)
    rounded[:, 2:] = np.maximum(rounded[:, 2:], rounded[:, :2] + 1).clip(1, image_size)
    return rounded.tolist()
