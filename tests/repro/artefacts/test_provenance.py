"""Output folders are whole or absent, and their sidecar tells the truth."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from repro.artefacts import provenance
from repro.artefacts.provenance import (
    ChangedFileError,
    commit_and_dirty,
    explain,
    peak_memory_mb,
    sha256_of_input,
    step_folder,
)
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


def use(folder: Path, **options: object) -> None:
    with step_folder(folder.with_name("later"), inputs={"early": folder}, **options):
        pass


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        (lambda out: (out / "part/a.txt").write_text("samf"), "part/a.txt"),
        (lambda out: (out / "part/a.txt").unlink(), "part/a.txt"),
        (lambda out: (out / "provenance.json").write_text("{"), "provenance.json"),
        (lambda out: (out / "provenance.json").write_bytes(b"\xb7"), "provenance.json"),
        (lambda out: (out / "provenance.json").write_text('{"outputs": 1}'), "provenance.json"),
    ],
)
def test_an_input_that_is_not_what_its_step_wrote_is_refused(tmp_path: Path, damage, file) -> None:
    write(tmp_path / "out", "same")
    damage(tmp_path / "out")
    with pytest.raises(ChangedFileError, match=rf"out/{file}.*delete the folder .*out and make"):
        use(tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    write(tmp_path / "out", "same")
    use(tmp_path / "out")


def test_what_a_step_does_not_read_and_what_was_added_are_not_compared(tmp_path: Path) -> None:
    write(tmp_path / "out", "same")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    use(tmp_path / "out")
    (tmp_path / "out/part/a.txt").write_text("samf")
    use(tmp_path / "out", unread=("early/part/*",))
    with pytest.raises(ChangedFileError):
        use(tmp_path / "out", unread=("late/part/*",))


def test_an_input_folder_is_known_by_what_it_holds(tmp_path: Path) -> None:
    write(tmp_path / "a", "same", seed=1)
    write(tmp_path / "b", "same", seed=2)  # another seed, the same content
    write(tmp_path / "c", "other", seed=1)
    a, b, c = (sha256_of_input(tmp_path / name) for name in "abc")
    assert a == b != c


def test_explain_notices_a_changed_file(tmp_path: Path) -> None:
    write(tmp_path / "out", "text")
    file = tmp_path / "out" / "part" / "a.txt"
    assert "as recorded" in explain(file)
    file.write_text("edited")
    assert "CHANGED" in explain(file)
    with pytest.raises(FileNotFoundError, match="not an artefact"):
        explain(tmp_path)


def test_peak_memory_is_that_of_the_process_and_not_of_its_parent(repository: Path) -> None:
    held = np.ones(400 * 2**20, np.uint8)
    assert peak_memory_mb() >= 400
    code = "from repro.artefacts.provenance import peak_memory_mb; print(peak_memory_mb())"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=repository, capture_output=True, text=True, check=True)
    assert 5 < int(done.stdout) < 200
    del held


def test_the_commit_is_our_own_and_not_that_of_a_repository_around_site_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "theirs"], check=True)
    theirs = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    site = tmp_path / "site-packages"
    site.mkdir()
    found = {}
    for root in (tmp_path, site):
        monkeypatch.setattr(provenance, "ROOT", root)
        found[root] = commit_and_dirty.__wrapped__()
    assert found[tmp_path] == (theirs.stdout.strip(), False)
    assert found[site] == ("unknown", True)


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


def test_a_record_that_lacks_what_it_should_tell_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "provenance.json").write_text(json.dumps({"outputs": {}}))
    with pytest.raises(ChangedFileError, match="lacks command, commit"):
        explain(tmp_path)
