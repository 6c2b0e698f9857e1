"""Output folders are whole or absent, their record is true, and nothing else is replaced."""

import hashlib
import json
from pathlib import Path

import pytest

from repro.artefacts.step_folder import step_folder
from repro.errors import UnusableError


def write(out: Path, text: str, **options: object) -> None:
    with step_folder(out, inputs={}, **options) as building:
        (building / "part").mkdir()
        (building / "part" / "a.txt").write_text(text)


def test_folder_appears_with_its_sidecar(tmp_path: Path) -> None:
    source = tmp_path / "in.txt"
    source.write_text("in")
    with step_folder(tmp_path / "out", inputs={"text": source}, spec={"x": 1}, seed=7) as building:
        (building / "a.txt").write_text("a")
        assert not (tmp_path / "out").exists()
    record = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert record["outputs"] == {"a.txt": hashlib.sha256(b"a").hexdigest()}
    assert record["inputs"]["text"]["sha256"] == hashlib.sha256(b"in").hexdigest()
    assert record["spec_sha256"] == hashlib.sha256(b'{"x":1}').hexdigest()
    assert record["seed"] == 7
    assert record["seconds"] >= 0


def write_half(out: Path) -> None:
    with step_folder(out, inputs={}) as building:
        (building / "a.txt").write_text("new")
        raise RuntimeError("half-way")


def test_failure_leaves_the_older_folder_alone(tmp_path: Path) -> None:
    write(tmp_path / "out", "old")
    with pytest.raises(RuntimeError, match="half-way"):
        write_half(tmp_path / "out")
    assert (tmp_path / "out" / "part" / "a.txt").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_missing_input_is_named_before_anything_is_written(tmp_path: Path) -> None:
    missing = {"faces.model": tmp_path / "nowhere"}
    with (
        pytest.raises(FileNotFoundError, match=r"faces\.model.*nowhere"),
        step_folder(tmp_path / "out", inputs=missing),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["input", ".", "link"])
def test_an_output_never_replaces_an_input(tmp_path: Path, place: str) -> None:
    given = tmp_path / "input"
    given.mkdir()
    (given / "photo.jpg").write_bytes(b"one of a kind")
    (tmp_path / "link").symlink_to(given)
    with (
        pytest.raises(UnusableError, match="would delete the input 'raw'"),
        step_folder(tmp_path / place, inputs={"raw": given}),
    ):
        raise AssertionError("it began")
    assert (given / "photo.jpg").read_bytes() == b"one of a kind"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["input", "link"]


def test_a_folder_that_no_step_wrote_is_not_replaced(tmp_path: Path) -> None:
    mine, file, empty = (tmp_path / name for name in ("mine", "file", "empty"))
    mine.mkdir()
    (mine / "photo.jpg").write_bytes(b"one of a kind")
    file.write_text("in the way")
    for out, words in ((mine, "no step of this project wrote"), (file, "a file is in the way")):
        with pytest.raises(UnusableError, match=words), step_folder(out, inputs={}):
            raise AssertionError("it began")
    assert (mine / "photo.jpg").is_file()
    empty.mkdir()
    (empty / ".snakemake_timestamp").touch()
    for text in ("first", "second"):  # an empty folder, then what a step wrote
        with step_folder(empty, inputs={}) as building:
            (building / "result.txt").write_text(text)
        assert (empty / "result.txt").read_text() == text
