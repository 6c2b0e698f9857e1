"""repro/bench: found by name; the database it is timed on; the record, on a few pictures."""

import json
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from repro.bench import __main__ as bench
from repro.bench.alternation import alternate
from repro.bench.jpeg_database import SHAPES_OF_LSUN, jpegs, write_database
from repro.bench.prepare import draft_decode, full_decode
from repro.data.formats import sniff
from repro.data.images import decode
from repro.data.raw_images import lmdb_entries


@pytest.mark.slow
def test_the_database_has_lsuns_shapes_and_sizes(tmp_path):
    database = write_database(tmp_path / "raw", images=150)
    entries = [(key, read()) for key, read in lmdb_entries(tmp_path / "raw/data.mdb")]
    assert len({key for key, _ in entries}) == len({data for _, data in entries}) == 150
    assert {sniff(data) for _, data in entries} == {"jpeg"}
    shapes = Counter(decode(data).shape[:2] for _, data in entries)
    assert set(shapes) == set(SHAPES_OF_LSUN)
    assert shapes[256, 341] > 75
    assert 13_000 < database.mean_bytes < 16_500
    assert list(jpegs(3)) == list(jpegs(3)) != list(jpegs(3, seed=1))


def test_the_reference_crops_the_same_square():
    data = next(jpegs(1))
    whole = decode(data).astype(float)
    height, width = whole.shape[:2]
    middle = whole[:, (width - height) // 2 :][:, :height] if width > height else whole
    for square in (full_decode(data, Image.Resampling.BOX), draft_decode(data)):
        assert square.shape == (64, 64, 3)
        assert np.abs(square.mean(axis=(0, 1)) - middle.mean(axis=(0, 1))).max() < 2


def test_ways_alternate():
    order = []

    def way(name):
        order.append(name)
        return 10

    rates = alternate({"a": lambda: way("a"), "b": lambda: way("b")}, repeats=2)
    assert order == ["a", "b", "a", "b"]
    assert len(rates["a"].per_second) == len(rates["b"].cpu_microseconds) == 2
    assert rates["a"].rate > 0


@pytest.mark.slow
def test_the_last_line_is_the_record(capsys):
    bench.main(["prepare", "--images", "120", "--repeats", "1", "--threads", "1"])
    record = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (record["bench"], record["n"], record["unit"]) == ("prepare", 120, "images/s")
    assert record["threads"] == 1
    assert record["ratio"] == pytest.approx(record["ours"] / record["reference"], abs=0.01)
    assert record["reference_is"].startswith("Pillow: full decode, bicubic, ")


def test_without_a_name_the_benches_are_listed(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bench"])
    bench.main()
    listed = capsys.readouterr().out
    assert listed.startswith("dedup ")
    assert "\nprepare " in listed
    with pytest.raises(SystemExit):
        bench.main(["nothing"])
