"""Tables of the experiments as the report shows them: the cells of a CSV file as text.

Where in the flow: repro.report.views reads every table of an experiment by `read_table`.

Alone: `read_table(Path("table1_cifar10.csv"), caption="...")`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from repro.errors import UnusableError

SHOWN_ROWS = 60  # of a table; the file itself holds all
MANY_COLUMNS, FEW_ROWS = 12, 6  # such a table is turned: its columns become rows


@dataclass(frozen=True)
class ShownTable:
    """A CSV as text cells; `numeric` marks the columns that are set flush right."""

    name: str
    file: str  # below the run's folder, or the bare name
    header: list[str]
    rows: list[list[str]]
    numeric: list[bool]
    left_out: int
    caption: str


def read_table(path: Path, *, caption: str, run: Path | None = None) -> ShownTable:
    """Read a CSV as text; its first 60 rows are shown. Raises ValueError naming the file.

    One of many columns and few rows is turned, so that a page can hold it in its width.
    run: the folder below which the file is named.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UnusableError(f"{path}: not a readable CSV ({error}); rerun its step") from None
    filled = frame.map(lambda cell: cell.removesuffix("%").strip()).replace("", None)
    numeric = [
        bool(filled[name].notna().any())
        and bool(pd.to_numeric(filled[name].dropna(), errors="coerce").notna().all())
        for name in frame.columns
    ]
    rows = [[_set_off(str(cell)) for cell in row] for row in frame.head(SHOWN_ROWS).to_numpy()]
    header = [str(name).replace("_", " ") for name in frame.columns]
    left_out = max(0, len(frame) - SHOWN_ROWS)
    if len(header) > MANY_COLUMNS and len(frame) <= FEW_ROWS:
        right = all(numeric[1:])
        header, *rows = [list(line) for line in zip(header, *rows, strict=True)]
        numeric = [False] + [right] * (len(header) - 1)
    file = path.name if run is None else path.relative_to(run).as_posix()
    return ShownTable(path.name, file, header, rows, numeric, left_out, caption)


def _set_off(cell: str) -> str:
    """13,107,200 for 13107200; whatever is no whole number of five digits or more as it is."""
    return f"{int(cell):,}" if re.fullmatch(r"[1-9]\d{4,}", cell) else cell
