"""File names and keys as cells of a CSV table that a spreadsheet may open.

A name such as `=HYPERLINK(...)` would be a formula there. What begins like one is written with an
apostrophe before it, which spreadsheets take for "this is text", and read back without it. Used by
all that write names of the user's files or keys into tables: skipped.csv, groups.csv, boxes.csv.

Alone: `cell("=1+1.jpg")` is `"'=1+1.jpg"`.
"""

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four: full width
TEXT = "'"


def cell(name: str) -> str:
    """A name as it is written into a table."""
    return TEXT + name if _begins_like_a_formula(name) else name


def name_in(cell: str) -> str:
    """The name that a cell of such a table stands for: the inverse of `cell`."""
    marked = cell.startswith(TEXT) and _begins_like_a_formula(cell)
    return cell.removeprefix(TEXT) if marked else cell


def _begins_like_a_formula(name: str) -> bool:
    """Apostrophes before it count as its own, so that reading takes away what writing added."""
    return name.lstrip(TEXT).startswith(STARTS)
