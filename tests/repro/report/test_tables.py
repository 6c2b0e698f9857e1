"""repro/report/tables.py: long, wide and numeric tables as the report shows them."""

from pathlib import Path

import pandas as pd
import pytest

from repro.figures.drawing import save_table
from repro.report.tables import read_table


def test_long_tables_are_cut_and_say_so(tmp_path: Path) -> None:
    save_table(tmp_path / "t.csv", pd.DataFrame({"name": ["a"] * 70, "share_%": ["1.5 %"] * 70}))
    table = read_table(tmp_path / "t.csv", caption="")
    assert (len(table.rows), table.left_out) == (60, 10)
    assert table.header == ["name", "share %"]
    assert table.numeric == [False, True]


def test_long_whole_numbers_are_set_off(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n13107200,0012345\n4800,1.23456\n")
    table = read_table(tmp_path / "t.csv", caption="")
    assert table.rows == [["13,107,200", "0012345"], ["4800", "1.23456"]]


def test_a_table_of_many_columns_and_few_rows_is_turned(tmp_path: Path) -> None:
    names = [f"share_{number}" for number in range(14)]
    lines = (["sum of", *names], ["one", *["12345"] * 14], ["ten", *["0.5"] * 14])
    (tmp_path / "t.csv").write_text("\n".join(",".join(line) for line in lines))
    table = read_table(tmp_path / "t.csv", caption="")
    assert table.header == ["sum of", "one", "ten"]
    assert table.rows == [[name.replace("_", " "), "12,345", "0.5"] for name in names]
    assert table.numeric == [False, True, True]


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").touch()
    with pytest.raises(ValueError, match=r"t\.csv: not a readable CSV .*rerun its step"):
        read_table(tmp_path / "t.csv", caption="")
