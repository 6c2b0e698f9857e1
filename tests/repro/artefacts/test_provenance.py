"""The record next to a step's files: damage and edits are noticed, the machine is described."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from repro.artefacts import provenance
from repro.artefacts.checked_inputs import refuse_changed
from repro.artefacts.provenance import (
    ChangedFileError,
    commit_and_dirty,
    explain,
    peak_memory_mb,
    sha256_of_input,
)
from repro.artefacts.raw_files import RawFiles
from repro.artefacts.step_folder import step_folder


def write(out: Path, text: str, **options: object) -> None:
    with step_folder(out, inputs={}, **options) as building:
        (building / "part").mkdir()
        (building / "part" / "a.txt").write_text(text)


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
    advice = "delete the folder .*out and run snakemake"
    with pytest.raises(ChangedFileError, match=rf"out/{file}.*{advice}"):
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


def test_numbers_of_a_model_that_was_exchanged_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model, numbers = Path("model"), Path("numbers")
    write(model, "one")
    with step_folder(numbers, inputs={"model": model}) as out:
        (out / "measurements.json").write_text("{}")
    use(numbers)
    write(model, "another")
    with pytest.raises(
        ChangedFileError, match="numbers was made from inputs that have changed since: model"
    ):
        use(numbers)
    write(model, "one")  # made again to the same bytes
    use(numbers)
    (model / "part/a.txt").unlink()
    (model / "provenance.json").unlink()
    (model / "part").rmdir()
    model.rmdir()  # nothing to compare with
    use(numbers)


def test_a_copied_run_does_not_follow_the_one_it_was_copied_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("results/a/data/x"), "one")
    with step_folder(Path("results/a/models/m"), inputs={"data": Path("results/a/data/x")}) as out:
        (out / "spec.json").write_text("{}")
    shutil.copytree("results/a", "results/b")
    write(Path("results/a/data/x"), "another")
    use(Path("results/b/models/m"))
    with pytest.raises(ChangedFileError, match="changed since: results/a/data/x"):
        use(Path("results/a/models/m"))
    write(Path("results/b/data/x"), "a third")
    with pytest.raises(ChangedFileError, match="changed since: results/b/data/x"):
        use(Path("results/b/models/m"))


def test_a_users_folder_may_hold_files_of_such_names(tmp_path: Path) -> None:
    for name in ("a.jpg", "manifest.json", "spec.json", "summary.json"):
        (tmp_path / name).write_bytes(b"{}")
    refuse_changed("raw", RawFiles(tmp_path))
    with pytest.raises(ChangedFileError):
        refuse_changed("data", tmp_path)


@pytest.mark.parametrize("file", ["manifest.json", "spec.json", "measurements.json"])
def test_results_without_a_record_are_refused(tmp_path: Path, file: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "photo.jpg").write_bytes(b"")
    use(tmp_path / "out")  # a folder of somebody's
    (tmp_path / "out" / file).write_text("{}")
    with pytest.raises(ChangedFileError, match=rf"provenance\.json is missing.*{file}"):
        use(tmp_path / "out")
    (tmp_path / "out" / "provenance.json").write_text(json.dumps({"outputs": {}}))
    with pytest.raises(ChangedFileError, match="names no file that was written"):
        use(tmp_path / "out")


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


@pytest.mark.slow
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


def test_a_record_that_lacks_what_it_should_tell_is_damaged(tmp_path: Path) -> None:
    for record, words in (
        ({"outputs": {"a.txt": "0" * 64}}, "lacks command, commit"),
        ({"outputs": {}}, "names no file that was written"),
        ({}, "is damaged"),
    ):
        (tmp_path / "provenance.json").write_text(json.dumps(record))
        with pytest.raises(ChangedFileError, match=words):
            explain(tmp_path)
