"""One rule for the names that become folders: runs, worlds, datasets, models, roles, ablations.

Where in the flow: repro.runs.load checks the names of a run file first, before it reads anything
else and long before it writes anything. A valid name is one plain part of a path, on every file
system, and one word of a command.

Alone: `require_name("cats", "run", file="config/photos.yaml", key="run")`.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any, Literal

from repro.specs.validation import SpecError

MOST_BYTES = 80  # in UTF-8: with what steps append, a file's name stays below 255
Kind = Literal["run", "world", "dataset", "model", "role"]
RESERVED: dict[Kind, tuple[str, ...]] = {
    "run": ("published",),  # results/published holds reports under version control
    "model": ("data", "measure"),  # unfinished datasets and measurements are next to models'
}
NAMED: dict[str, Kind] = {  # key of a run file whose own keys are names
    "worlds": "world",
    "datasets": "dataset",
    "models": "model",
    "roles": "role",
}
RULE = f"letters of any script, digits, _ and -, . between them, at most {MOST_BYTES} bytes"


def require_name(name: object, kind: Kind, *, file: str, key: str) -> str:
    """Return `name` if it may name a `kind`; SpecError names file, key and the nearest valid name.

    Reserved words are refused, and so are endings such as -1-of-8, which parts of a dataset have.
    """
    if not isinstance(name, str):
        good = nearest_name(f"{kind[0]}{name}", kind)
        raise SpecError(
            f"{file}: '{key}': found {name!r}, which is not text; begin the name with a letter, "
            f"e.g. {good}"
        )
    if not is_name(name, kind):
        words = RESERVED.get(kind, ())
        but = f", and not {' or '.join(words)}" if words else ""
        raise SpecError(
            f"{file}: '{key}': found {name[:99]!r}, but a {kind}'s name is {RULE}{but}; "
            f"e.g. {nearest_name(name, kind)}"
        )
    return name


def require_names(values: Mapping[str, Any], *, file: str) -> None:
    """Check every name that the mapping of a run file defines, whatever else is in it.

    Two names of a kind must not differ only in how Unicode composes their letters: file systems of
    macOS treat them as equal.
    """
    for part, kind in NAMED.items():
        given = values.get(part)
        seen: set[str] = set()
        for name in given if isinstance(given, dict) else ():
            key = f"{part}.{show_in_key(name)}"
            plain = unicodedata.normalize("NFC", require_name(name, kind, file=file, key=key))
            if plain in seen:
                raise SpecError(f"{file}: '{key}' is given twice, composed in two ways; keep one")
            seen.add(plain)


def show_in_key(name: object) -> str:
    """A name, valid or not, as messages show it within a key: on one line, and short."""
    return (repr(name)[1:-1] if isinstance(name, str) else repr(name))[:MOST_BYTES]


def is_name(name: str, kind: Kind) -> bool:
    """Whether `name` may name a `kind`."""
    ends = {name[:1], name[-1:]}
    return (
        0 < len(name.encode("utf-8", "replace")) <= MOST_BYTES
        and all(_in_a_word(char) or char == "." for char in name)
        and "." not in ends
        and not name.startswith("-")
        and not _names_a_part(name)
        and name not in RESERVED.get(kind, ())
    )


def nearest_name(name: str, kind: Kind) -> str:
    """A valid name that resembles `name`."""
    words = "".join(char if _in_a_word(char) or char == "." else "_" for char in name[:MOST_BYTES])
    while len(words.encode("utf-8", "replace")) > MOST_BYTES - len("_1"):
        words = words[:-1]
    words = words.strip(".").lstrip("-")
    if not words.strip("_-."):
        return f"my_{kind}"
    return next((one for one in (words, f"{words}_1") if is_name(one, kind)), f"my_{kind}")


def _in_a_word(char: str) -> bool:
    """Whether it is a letter, a mark that belongs to one, a digit, _ or -."""
    return char in "_-" or unicodedata.category(char) in ("Nd", "Mn", "Mc") or char.isalpha()


def _names_a_part(name: str) -> bool:
    """Whether it ends in -I-of-N, as the parts of a dataset do (rules/parts.smk)."""
    *_, number, of, total = ("", "", *name.split("-"))
    return of == "of" and number.isdecimal() and total.isdecimal()
