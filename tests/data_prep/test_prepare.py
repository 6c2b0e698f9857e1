"""data_prep/prepare.py, record_pixels.py and source.py: workers, limits, errors, command line."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data_prep import prepare as module
from data_prep import record_pixels
from data_prep.prepare import prepare
from data_prep.source import Record, load_source
from repro.data import decode_pool
from repro.data.raw_images import SourceError
from repro.data.store import ImageStore
from repro.specs.dataset import DatasetSpec
from repro.specs.validation import SpecError

SPEC = DatasetSpec(source="folder", image_size=16)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number in range(150):
        height, width = rng.integers(10, 60, 2)
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        kind = "png" if number % 3 else "jpg"
        Image.fromarray(pixels).save(folder / f"{number:03d}.{kind}")
        if number % 10 == 0:
            (folder / f"{number:03d}_cut.jpg").write_bytes(
                (folder / f"{number:03d}.{kind}").read_bytes()[:-40]
            )
    return folder


def contents(folder):
    names = ("images.npy", "keys.txt", "skipped.csv", "manifest.json")
    return {name: (folder / name).read_bytes() for name in names}


def test_the_number_of_workers_changes_no_byte(tmp_path, raw):
    for workers in (1, 2, 7):
        prepare(spec=SPEC, raw=raw, out=tmp_path / str(workers), workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "2") == contents(tmp_path / "7")
    store = ImageStore.open(tmp_path / "1")
    assert store.keys == sorted(store.keys)
    assert (len(store), store.manifest["skipped"]) == (150, {"truncated": 15})
    assert json.loads((tmp_path / "1/provenance.json").read_text())["spec"]["image_size"] == 16


@given(st.integers(1, 500), st.integers(1, 500))
def test_limit_is_even_and_increasing(total, limit):
    positions = list(module._evenly_spread(total, limit))
    assert len(positions) == min(total, limit)
    assert positions[0] == 0
    assert positions[-1] < total
    gaps = np.diff(positions)
    assert len(gaps) == 0 or (gaps.min() >= 1 and gaps.max() - gaps.min() <= 1)


def test_payloads_are_read_only_where_wanted():
    read = []

    def record(number):
        return Record(key=str(number), payload=lambda: read.append(number) or b"bytes")

    chosen = list(module._chosen((record(i) for i in range(9)), [0, 4, 6]))
    assert [record.key for record, _ in chosen] == ["0", "4", "6"]
    assert [payload for _, payload in chosen] == [b"bytes"] * 3
    assert read == [0, 4, 6]


def test_few_records_are_held_at_a_time(monkeypatch):
    """However slow the writer, the decoders stay within their bound."""
    monkeypatch.setattr(decode_pool, "CHUNK", 4)
    given_out, written, most = 0, 0, 0
    pixels = np.zeros((16, 16, 3), np.uint8)

    def records():
        nonlocal given_out, most
        for number in range(400):
            given_out += 1
            most = max(most, given_out - written)
            yield Record(key=str(number)), pixels

    for run in record_pixels.decoded(records(), size=16, channels=3, workers=2):
        written += len(run)
    assert written == 400
    assert most <= 4 * (2 * 2 + 2)


def test_a_fault_while_decoding_names_the_key_and_leaves_nothing(tmp_path, raw, monkeypatch):
    def broken(data, size, *, channels):
        raise RuntimeError("bug")

    monkeypatch.setattr(record_pixels, "decode_square", broken)
    before = set(threading.enumerate())
    with pytest.raises(RuntimeError, match="bug") as caught:
        prepare(spec=SPEC, raw=raw, out=tmp_path / "out")
    assert "while decoding '" in caught.value.__notes__[0]
    assert list(tmp_path.iterdir()) == []
    assert set(threading.enumerate()) <= before  # a thread of another test may end meanwhile


def test_colour_to_grey_and_grey_to_colour():
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (record_pixels.with_channels(pixels, 3) == pixels[..., None]).all()
    assert (record_pixels.with_channels(pixels[..., None], 1) == pixels[..., None]).all()
    colour = np.zeros((2, 2, 3), np.uint8)
    colour[..., 1] = 100
    assert (record_pixels.with_channels(colour, 1) == 59).all()  # 0.587 * 100


def test_nothing_readable_is_an_error(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/a.txt").write_text("text")
    (tmp_path / "raw/b.jpg").touch()
    with pytest.raises(SourceError, match=r"no readable image.*1 empty, 1 not_an_image"):
        prepare(spec=SPEC, raw=tmp_path / "raw", out=tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["raw"]


def test_wrong_names_are_answered_with_the_nearest(tmp_path, raw):
    with pytest.raises(SpecError, match="no source 'lsunn' in data_prep; did you mean 'lsun'"):
        load_source("lsunn")
    with pytest.raises(ValueError, match="workers must be 1 or more"):
        prepare(spec=SPEC, raw=raw, out=tmp_path / "out", workers=0)


def run(python, *arguments):
    return subprocess.run(
        [python, "-m", "data_prep.prepare", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=Path(module.__file__).parent.parent,
        check=False,
    )


@pytest.mark.slow
def test_command_line(tmp_path, raw, warm):
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({"source": "folder", "image_size": 16, "limit": 10}))
    done = run(warm, "--spec", spec, "--raw", raw, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "10 images" in done.stdout
    assert done.stderr == ""  # no progress bar where there is no terminal
    assert len(ImageStore.open(tmp_path / "out")) == 10
    spec.write_text(json.dumps({"source": "mnist"}))
    failed = run(warm, "--spec", spec, "--raw", raw, "--out", tmp_path / "out2")
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: ")
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(("source", "status"), [("mnist", 1), ("folder", 0)])
def test_check_says_what_is_missing(tmp_path, raw, monkeypatch, capsys, source, status):
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({"source": source}))
    words = ["prepare", "--spec", str(spec), "--raw", str(raw), "--check"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == status
    said = capsys.readouterr().out
    assert ("complete" in said) == (status == 0)
    assert ("train-images-idx3-ubyte.gz" in said) == (status == 1)
