"""Which steps are made already, told by content and by stamps; the steps are fake."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from repro.artefacts import recipe as recipes
from repro.artefacts.provenance import ChangedFileError
from repro.artefacts.raw_files import RawFiles
from repro.artefacts.recipe import is_made
from repro.artefacts.step_folder import step_folder
from repro.runs import adopt as adoption
from repro.runs.adopt import adopt, other_settings
from repro.runs.freshness import LONG_AGO, PipelineStep, settle

RUN = Path("results/small")
DATA, MODEL, FIGURES = (RUN / name for name in ("data/photos", "models/photos", "figures/walk"))


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[PipelineStep]:
    """Photos -> data -> model -> figures, all made; each of a module that imports no other."""
    monkeypatch.chdir(tmp_path)
    for name in ("one.jpg", "sub/two.jpg", ".hidden"):
        Path("raw", name).parent.mkdir(parents=True, exist_ok=True)
        Path("raw", name).write_text(name)
    raw = {"raw": RawFiles(Path("raw"))}
    found = [
        PipelineStep(RUN, "data/photos", ("repro.rng",), Path("data.json"), raw),
        PipelineStep(RUN, "models/photos", ("repro.errors",), Path("m.json"), {"data": DATA}),
        PipelineStep(RUN, "figures/walk", ("repro.places",), Path("f.json"), {"model": MODEL}),
    ]
    for step in found:
        step.spec.write_text(json.dumps({"options": {"a": 1}, "seed": 7}))
        make(step, step.name)
    assert settle(found) == {}
    return found


def make(step: PipelineStep, text: str) -> bool:
    """As a step does it; whether it had anything to do."""
    if is_made(step.folder, step.recipe(), step.inputs):
        return False
    with step_folder(
        step.folder,
        inputs=step.inputs,
        recipe=step.recipe(),
        spec={"a": 1},
        seed=7,
        keep_older=step.name.startswith("models"),
    ) as out:
        (out / "result.txt").write_text(text)
    return True


def stale(steps: list[PipelineStep]) -> list[str]:
    """Names of the steps without a stamp, once they are settled."""
    settle(steps)
    return [step.name for step in steps if not step.stamp.exists()]


ALL = ["data/photos", "models/photos", "figures/walk"]


def test_stamps_are_of_long_ago_and_come_back(steps: list[PipelineStep]) -> None:
    for step in steps:
        assert step.stamp.stat().st_mtime == LONG_AGO
        os.utime(step.stamp, (2.2e9, 2.2e9))
    shutil.rmtree(steps[0].stamp.parent)
    assert stale(steps) == []
    assert {step.stamp.stat().st_mtime for step in steps} == {LONG_AGO}


def test_changed_settings_make_again_what_is_made_of_them_until_they_are_undone(
    steps: list[PipelineStep],
) -> None:
    text = steps[1].spec.read_text()
    steps[1].spec.write_text(text.replace("7", "8"))
    assert settle(steps) == {MODEL: "its settings have changed"}
    assert stale(steps) == ALL[1:]
    steps[1].spec.write_text(json.dumps(json.loads(text), indent=3))
    assert stale(steps) == []


def test_changed_code_is_named(steps: list[PipelineStep]) -> None:
    other = replace(steps[0], modules=("repro.rng", "repro.errors"))
    assert settle([other, *steps[1:]]) == {DATA: "its code has changed: repro/errors.py"}
    assert stale(steps) == []


def photo_added() -> None:
    Path("raw/sub/three.jpg").write_text("3")


def photo_replaced() -> None:
    Path("raw/sub/two.jpg").write_text("SUB/two.jpg")
    os.utime("raw/sub/two.jpg", (2e9, 2e9))


def photo_removed() -> None:
    Path("raw/one.jpg").unlink()


@pytest.mark.parametrize("change", [photo_added, photo_replaced, photo_removed])
def test_changed_raw_data_are_prepared_again_and_that_is_the_end_of_it(
    steps: list[PipelineStep], change
) -> None:
    change()
    assert settle(steps) == {DATA: "its inputs have changed: raw"}
    assert stale(steps) == ALL
    os.utime("raw", (1.9e9, 1.9e9))
    assert make(steps[0], "data/photos")
    assert [make(step, "never") for step in steps[1:]] == [False, False]  # the same bytes as before
    assert stale(steps) == []


def test_a_hidden_file_and_the_time_of_a_folder_are_nothing(steps: list[PipelineStep]) -> None:
    Path("raw/.hidden").write_text("touched")
    os.utime("raw", (1.9e9, 1.9e9))
    assert stale(steps) == []


def test_other_bytes_upstream_make_again_what_is_below(steps: list[PipelineStep]) -> None:
    photo_added()
    assert make(steps[0], "other pictures")
    assert settle(steps) == {MODEL: f"its inputs have changed: {DATA}"}
    assert stale(steps) == ALL[1:]


def test_files_that_are_gone_or_cut_are_noticed(steps: list[PipelineStep]) -> None:
    file = FIGURES / "result.txt"
    file.write_text("")
    assert settle(steps) == {FIGURES: "files are missing or have changed: result.txt"}
    file.unlink()
    assert stale(steps) == ALL[2:]
    (MODEL / "provenance.json").write_text("{")
    assert settle(steps) == {MODEL: "provenance.json is damaged"}
    (MODEL / "provenance.json").unlink()
    assert settle(steps) == {MODEL: "it has no record of what made it"}


def test_a_step_looks_at_all_bytes_before_it_keeps_them(steps: list[PipelineStep]) -> None:
    (MODEL / "result.txt").write_text("MODELS/photos")  # of the same size
    assert stale(steps) == []
    assert make(steps[1], "models/photos")


def test_what_is_replaced_is_kept_aside_where_that_was_asked_for(
    steps: list[PipelineStep], capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2):
        steps[1].spec.write_text(json.dumps({"seed": number}))
        assert make(steps[1], f"made by {number}")
    aside = [MODEL.with_name(f"photos.replaced-{number}") for number in (1, 2)]
    assert [(path / "result.txt").read_text() for path in aside] == ["models/photos", "made by 1"]
    assert f"the older {MODEL} is kept as {aside[1]} (0.0 MB)" in capsys.readouterr().out
    photo_added()
    assert make(steps[0], "other")
    assert sorted(path.name for path in DATA.parent.iterdir()) == ["photos"]


def test_other_versions_are_told_and_count_only_where_that_was_asked_for(
    steps: list[PipelineStep], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = json.loads((DATA / "provenance.json").read_text())
    assert {"torch", "numpy", "pillow", "simplejpeg"} <= record["versions"].keys()
    now = record["versions"] | {"pillow": "99"}
    monkeypatch.setattr(recipes, "versions", lambda: now)
    assert stale(steps) == []
    told = recipes.other_versions(record)
    assert told == f"pillow was {record['versions']['pillow']}, is 99"
    monkeypatch.setenv(recipes.STRICT, "1")
    assert settle(steps) == {DATA: told}
    assert stale(steps) == ALL
    assert make(steps[0], "data/photos")  # the step itself does not keep it either


def older_record(step: PipelineStep, **changes: object) -> None:
    """As it was before records had recipes."""
    path = step.folder / "provenance.json"
    record = json.loads(path.read_text())
    for name in ("recipe", "sizes"):
        del record[name]
    for about in record["inputs"].values():
        if about.pop("reads", None):
            about["sha256"] = "names-and-sizes:0"
    path.write_text(json.dumps(record | changes))


def test_results_of_older_code_are_adopted_without_being_made(steps: list[PipelineStep]) -> None:
    for step in steps:
        older_record(step)
    assert stale(steps) == ALL
    for step in steps:
        adopt(step)
    assert stale(steps) == []
    record = json.loads((MODEL / "provenance.json").read_text())
    assert [one["recipe"] for one in record["adopted"]] == [None]


def test_only_code_can_be_vouched_for(steps: list[PipelineStep]) -> None:
    older_record(steps[0], spec={"a": 2})
    with pytest.raises(ChangedFileError, match=r"other settings: options\.a was 2, is 1"):
        adopt(steps[0])
    photo_added()
    assert make(steps[0], "other pictures")
    older_record(steps[1])
    with pytest.raises(ChangedFileError, match=rf"made from other inputs: {DATA}"):
        adopt(steps[1])
    (FIGURES / "result.txt").write_text("figures/WALK")
    with pytest.raises(ChangedFileError, match=r"result\.txt changed since it was made"):
        adopt(steps[2])


def test_settings_of_an_older_record_are_compared_as_values() -> None:
    record = {"spec": {"grid": [1e-4, 0.01], "training": {"precision": "float32"}}, "seed": 7}
    now = {"options": {"grid": ["1e-4", "1e-2"], "new": 3}, "seed": 7, "banner": ""}
    assert other_settings(record, now) == []
    assert other_settings(record, {"model": {"training": {"precision": "auto"}}}) == []
    assert other_settings(record, {"seed": 8}) == ["seed was 7, is 8"]
    assert adoption._plain("nan words") == "nan words"
