"""Exemplars picked by hand: the samples on offer, and the file with the picks.

Where in the flow: experiments/face_arithmetic writes a page that shows samples of the face model
(fig07_picks.html); a person sorts them into concepts with names of their choice and downloads
picks.json. Passed as option `picks`, the file replaces the exemplars chosen by rule in Fig 7, and
in Fig 8 (experiments/turn_vector), whose concepts are "left" and "right".

    {"format": 1, "samples": "0f3a...", "author": "A. B.",
     "concepts": {"smiling woman": [3, 17, 44], ...},        numbers of samples, from 1
     "sums": ["smiling woman - neutral woman + neutral man = smiling man"]}

`samples` identifies the samples that the numbers refer to, by generator and seed.
Alone: `read_picks(Path("picks.json"), identity=..., offered=300)`.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, StrictInt

from repro.specs.validation import SpecError, Strict, validated

if TYPE_CHECKING:  # so that checking a run file does not wait seconds for PyTorch
    from torch import Tensor

    from repro.networks.model_folder import ModelFolder

PURPOSE = "samples offered for picking"
AGAIN = "pick again on this run's page (fig07_picks.html), or take the file out of `picks`"
SUM = re.compile(r"(.+?) - (.+?) \+ (.+?) = (.+)")


class PicksFile(Strict):
    """The JSON file as read."""

    format: Literal[1]
    samples: str = Field(description="identity of the samples")
    author: str = ""
    concepts: dict[str, list[StrictInt]] = Field(description="concept -> numbers from 1")
    sums: list[str] = Field([], description='"A - B + C = D", concepts by name')


@dataclass(frozen=True)
class Picks:
    """One person's picks. `rows` count from 0; every concept in a sum has at least one row."""

    file: Path
    author: str
    rows: dict[str, tuple[int, ...]]  # concept -> samples
    sums: tuple[tuple[str, str, str, str], ...]  # names of A, B, C and D

    @property
    def by(self) -> str:
        """ "picked by hand (author)", for titles."""
        return f"picked by hand ({self.author or 'no name given'})"


def offered_latents(model: "ModelFolder", count: int, *, seed: int) -> "Tensor":
    """z (count, z_dim) of the samples on the page; a number's z does not depend on `count`."""
    import torch

    drawn = [model.latents(1, seed=seed, purpose=PURPOSE, index=k) for k in range(count)]
    return torch.cat(drawn)


def samples_identity(model: "ModelFolder", *, seed: int) -> str:
    """16 hexadecimal characters that change with the generator's weights and with the seed."""
    digest = hashlib.blake2b(f"{PURPOSE}\0{seed}\0".encode(), digest_size=8)
    digest.update(model.generator_file("final").read_bytes())
    return digest.hexdigest()


def read_picks(path: Path, *, identity: str, offered: int) -> Picks:
    """Read a picks file made for the samples `identity`, of which `offered` were shown.

    Raises SpecError naming file and key: no such file, no JSON, an unknown key, picks of other
    samples, a number that was not offered or is twice in a concept, a sum that does not read "A - B
    + C = D", or that uses an unknown concept or one without a picture.
    """
    given = validated(PicksFile, _json(path), where=str(path))
    if given.samples != identity:
        raise SpecError(
            f"{path}: 'samples' is '{given.samples}', picked among other samples (another "
            f"training or seed); those of this run are '{identity}'; {AGAIN}"
        )
    for name, numbers in given.concepts.items():
        _check_numbers(numbers, offered, where=f"{path}: 'concepts.{name}'")
    sums = tuple(
        _sum(text, given.concepts, where=f"{path}: 'sums.{place}'")
        for place, text in enumerate(given.sums)
    )
    rows = {name: tuple(n - 1 for n in numbers) for name, numbers in given.concepts.items()}
    return Picks(path, given.author.strip(), rows, sums)


def picked_rows(picks: Picks, concept: str) -> np.ndarray:
    """Rows (K,) int64 of a concept, K >= 1. Raises SpecError where it is missing or empty."""
    rows = picks.rows.get(concept, ())
    if not rows:
        found = ", ".join(name for name, given in picks.rows.items() if given) or "none"
        raise SpecError(
            f"{picks.file}: 'concepts.{concept}' has no picture, expected one at least; "
            f"concepts with pictures: {found}; pick some on the page (fig07_picks.html)"
        )
    return np.array(rows, np.int64)


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SpecError(
            f"picks: no such file {path}; paths are taken from the folder in which the run is "
            "started"
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SpecError(f"{path}: not a JSON file in UTF-8 ({error}); {AGAIN}") from None


def _check_numbers(numbers: list[int], offered: int, *, where: str) -> None:
    for number in numbers:
        if not 1 <= number <= offered:
            raise SpecError(
                f"{where} names sample {number}, expected 1 to {offered}; was the page made with "
                "another `offered`?"
            )
        if numbers.count(number) > 1:
            raise SpecError(f"{where} names sample {number} twice; take one out")


def _sum(text: str, concepts: dict[str, list[int]], *, where: str) -> tuple[str, str, str, str]:
    match = SUM.fullmatch(text.strip())
    if match is None:
        raise SpecError(f"{where} is {text!r}, expected 'A - B + C = D'; mend it")
    a, b, c, d = (name.strip() for name in match.groups())
    for name in (a, b, c):
        if name not in concepts:
            raise SpecError(
                f"{where} needs the concept '{name}', which the file does not have; it has "
                f"{', '.join(concepts) or 'none'}"
            )
        if not concepts[name]:
            raise SpecError(
                f"{where} needs a picture of '{name}', found none, expected one at least; pick "
                "some, or take the sum out"
            )
    return a, b, c, d
