"""Snakemake deletes nothing that took time: dates in the future, an edit undone, a new training."""

import os
import re
import shutil
import time
from pathlib import Path

import pytest
from tiny_run import RESULTS, STAMPS, Site, assert_same, kept_files, kill

pytestmark = pytest.mark.faults
FUTURE = 2.2e9  # the year 2039
MODEL = "models/bedrooms"
CONSTANT = "SHEET_SIDE = 8"


def dated(*folders: Path) -> None:
    for folder in folders:
        for path in [folder, *folder.rglob("*")]:
            os.utime(path, (FUTURE, FUTURE))


def identity(folder: Path) -> dict[str, tuple[int, int]]:
    """Which files a folder holds, as the file system knows them."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def edited(site: Site) -> Path:
    """The trainer with another constant; its file."""
    file = site.checkout / "repro/train/trainer.py"
    text = file.read_text()
    assert f"\n{CONSTANT}" in text
    file.write_text(text.replace(f"\n{CONSTANT}", "\nSHEET_SIDE = 4"))
    return file


def test_sources_data_and_stamps_of_the_future_cost_no_training(
    copy: Site, undisturbed: Site
) -> None:
    shutil.rmtree(copy.results / MODEL)
    dated(copy.checkout, copy.results, copy.folder / "authors_weights")
    copy.run(f"{STAMPS}/{MODEL}")
    expected = kept_files(undisturbed.results, MODEL)
    assert_same(kept_files(copy.results, MODEL), expected, at_least=5)
    made = identity(copy.results / MODEL)
    said = copy.run(f"{STAMPS}/{MODEL}")
    assert "Nothing to be done" in said
    assert identity(copy.results / MODEL) == made


def test_an_edit_undone_after_the_start_leaves_the_model(copy: Site, tmp_path: Path) -> None:
    before = identity(copy.results / MODEL)
    for moment in (0.3, 1.5):
        file = edited(copy)
        process = copy.start(f"{STAMPS}/{MODEL}", log=tmp_path / "log")
        state = copy.results / "state/bedrooms"
        while not state.exists():
            assert process.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.01)
        time.sleep(moment)
        kill(process)
        copy.run("--unlock")
        file.write_text(file.read_text().replace("\nSHEET_SIDE = 4", f"\n{CONSTANT}"))
        copy.run(f"{STAMPS}/{MODEL}")
        assert identity(copy.results / MODEL) == before
        assert "Nothing to be done" in copy.run(f"{STAMPS}/{MODEL}")
        assert (state / "recipe.json").is_file(), "what the other code did is not lost either"
        shutil.rmtree(state)


def test_half_a_training_by_other_code_is_not_gone_on_with(copy: Site, tmp_path: Path) -> None:
    shutil.rmtree(copy.results / MODEL)
    process = copy.start(f"{STAMPS}/{MODEL}", log=tmp_path / "log")
    state = copy.results / "state/bedrooms"
    while not list(state.glob("step_*.pt")):
        assert process.poll() is None, (tmp_path / "log").read_text()
        time.sleep(0.02)
    kill(process)
    copy.run("--unlock")
    with (copy.checkout / "repro/train/trainer.py").open("a") as file:
        file.write("\nEDITED = 1\n")
    said = copy.run(f"{STAMPS}/{MODEL}", succeeds=False)
    assert "an unfinished training by other code (repro/train/trainer.py)" in said
    (state / "recipe.json").unlink()
    copy.run(f"{STAMPS}/{MODEL}")
    assert (copy.results / MODEL / "generator.safetensors").is_file()


def test_a_model_that_another_takes_the_place_of_is_kept_aside(
    copy: Site, undisturbed: Site
) -> None:
    edited(copy)
    copy.run(f"{STAMPS}/{MODEL}")
    aside = copy.results / f"{MODEL}.replaced-1"
    expected = kept_files(undisturbed.results, MODEL)
    found = {f"{MODEL}/{path.relative_to(aside)}": path.read_bytes() for path in aside.rglob("*.*")
             if f"{MODEL}/{path.relative_to(aside)}" in expected}  # fmt: skip
    assert_same(found, expected, at_least=5)
    log = (copy.results / "logs/train_model/bedrooms.log").read_text()
    told = rf"{RESULTS}/{MODEL} is kept as {RESULTS}/{MODEL}\.replaced-1 \(\d+\.\d MB\)"
    assert re.search(told, log)
    sheets = [one / "samples.png" for one in (aside, copy.results / MODEL)]
    assert sheets[0].read_bytes() != sheets[1].read_bytes()
