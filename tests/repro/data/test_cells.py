"""Names in tables: no spreadsheet executes them, and they are read back unchanged."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data_prep.prepare import prepare
from repro.data.cells import cell, name_in, write_row
from repro.dedup.group_table import write_groups
from repro.dedup.removal import find_removal
from repro.specs.dataset import DatasetSpec

FORMULAS = ["=1+1.jpg", "+cmd.jpg", "-2.jpg", "@SUM(A1).jpg", "\t=1.jpg", "＝1.jpg"]


@given(st.text(alphabet="='+-@\t\rax,\"", max_size=6))
def test_names_come_back(name: str) -> None:
    assert name_in(cell(name)) == name
    assert cell(name)[:1] not in {"=", "+", "-", "@", "\t", "\r"} or name == ""


@given(st.lists(st.text(alphabet="=a,\"'\r\n ", max_size=6), min_size=2, max_size=3))
def test_a_row_is_one_row_whatever_its_names(names: list[str]) -> None:
    stream = io.StringIO(newline="")
    write_row(stream, [*names, 7])
    write_row(stream, ["next"])
    first, second = csv.reader(io.StringIO(stream.getvalue(), newline=""))
    assert [name_in(text) for text in first] == [*names, "7"]
    assert second == ["next"]


def test_only_a_row_with_a_carriage_return_is_quoted() -> None:
    stream = io.StringIO(newline="")
    write_row(stream, ["a b.jpg", 1])
    write_row(stream, ["Icon\r", 1])
    assert stream.getvalue() == 'a b.jpg,1\n"Icon\r","1"\n'


@pytest.mark.parametrize("name", ["a.jpg", "'a.jpg", "a=b.jpg", "É.png", "2-1.jpg", ""])
def test_plain_names_stand_as_they_are(name: str) -> None:
    assert cell(name) == name == name_in(name)


def test_no_table_of_a_dataset_holds_a_formula(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    Image.new("RGB", (20, 20), "red").save(raw / "whole.png")
    for name in FORMULAS:
        (raw / name).write_bytes(b"no picture")
    spec = DatasetSpec(source="folder", image_size=16)
    prepare(spec=spec, raw=raw, out=tmp_path / "out")
    with (tmp_path / "out/skipped.csv").open(newline="", encoding="utf-8") as stream:
        found = [row[0] for row in list(csv.reader(stream))[1:]]
    assert len(found) == len(FORMULAS)
    assert all(name.startswith("'") for name in found)
    assert "=1+1.jpg" in {name_in(name) for name in found}


def test_nor_does_the_table_of_groups(tmp_path: Path) -> None:
    names = [*FORMULAS, "\r1.jpg"]
    codes = np.zeros((len(names), 16), np.uint8)
    flat = np.zeros(len(names), bool)
    removal = find_removal(codes, flat=flat, max_group=100)
    write_groups(tmp_path / "groups.csv", removal, names)
    with (tmp_path / "groups.csv").open(newline="", encoding="utf-8") as stream:
        found = [row["key"] for row in csv.DictReader(stream)]
    assert found == [f"'{name}" for name in names]
