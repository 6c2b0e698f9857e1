"""File names and keys as cells of a CSV table that a spreadsheet may open.

A name such as `=HYPERLINK(...)` would be a formula there. A name that begins like one is written
with an apostrophe in front, which spreadsheets take for "this is text", and read back without it.
All code that writes names or keys of the user's files into tables uses it: skipped.csv, groups.csv,
boxes.csv.

Alone: `cell("=1+1.jpg")` is `"'=1+1.jpg"`.
"""

import csv
from collections.abc import Sequence
from typing import TextIO

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four: full width
TEXT = "'"


def cell(name: str) -> str:
    """A name in the form in which it is written into a table."""
    return TEXT + name if _begins_like_a_formula(name) else name


def write_row(stream: TextIO, values: Sequence[str | int]) -> None:
    """Write one line of a table, with every text as a `cell`.

    All is quoted where a text holds a carriage return: before Python 3.13 csv.writer leaves it
    bare, and a reader takes it for the end of the line.
    """
    texts = [cell(value) if isinstance(value, str) else value for value in values]
    bare = any(isinstance(text, str) and "\r" in text for text in texts)
    csv.writer(
        stream, lineterminator="\n", quoting=csv.QUOTE_ALL if bare else csv.QUOTE_MINIMAL
    ).writerow(texts)


def name_in(cell: str) -> str:
    """The name in a cell of such a table: the inverse of `cell`."""
    marked = cell.startswith(TEXT) and _begins_like_a_formula(cell)
    return cell.removeprefix(TEXT) if marked else cell


def _begins_like_a_formula(name: str) -> bool:
    """Leading apostrophes count as part of the name, so that reading undoes what writing added."""
    return name.lstrip(TEXT).startswith(STARTS)
