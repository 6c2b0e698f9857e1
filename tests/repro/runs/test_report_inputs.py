"""The report reads, counts and checks the steps that it shows, and no others of its run."""

import json
from pathlib import Path

import pytest

from repro.artefacts.provenance import ChangedFileError
from repro.artefacts.step_folder import step_folder
from repro.report.build import build_report
from repro.report.results import read_run
from repro.report.spec import ReportSpec
from repro.runs.report_inputs import Shown, report_inputs, steps_shown

RUN = Path("results/r")
SPEC = {
    "run": "r",
    "title": "t",
    "config": "c.yaml",
    "datasets": {"rooms": {}},
    "models": {"faces": {}},
    "experiments": [],
}
SHOWN = Shown(datasets=["rooms"], hashed=[], models=["faces"], experiments=["ablations"])


def make(name: str, *inputs: str, text: str = "") -> Path:
    given = {name: RUN / name for name in inputs}
    with step_folder(RUN / name, inputs=given) as folder:
        (folder / "result.txt").write_text(text)
    return RUN / name


@pytest.fixture
def stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose dataset and model were made again, but neither its ablation nor its hash."""
    monkeypatch.chdir(tmp_path)
    make("raw/world")
    make("data/rooms", "raw/world")
    make("dedup/rooms", "data/rooms")
    make("models/faces", "data/rooms")
    make("models/ablation-base", "data/rooms")
    make("data/rooms", "raw/world", text="other pictures")
    make("models/faces", "data/rooms")
    (RUN / "models/of-an-older-run-file").mkdir()
    (RUN / "models/of-an-older-run-file/spec.json").write_text("{}")
    return RUN


def test_a_stale_ablation_that_nobody_measured_stops_no_report(stale: Path) -> None:
    spec = RUN / "report.json"
    spec.write_text(json.dumps(SPEC))
    build_report(run=RUN, spec_path=spec, experiments=Path(), out=RUN / "report")
    assert (RUN / "report/index.html").is_file()
    steps = read_run(run=RUN, spec=ReportSpec.model_validate(SPEC), experiments=Path()).steps
    assert [step.folder for step in steps] == ["data/rooms", "models/faces", "raw/world"]


def test_ablations_belong_to_the_report_once_they_are_measured(stale: Path) -> None:
    make("models/ablation-base", "data/rooms")
    make("models/ablation-unmeasured", "data/rooms")
    make("experiments/ablations/measured", "models/ablation-base", "data/rooms")
    names = [
        "data/rooms", "experiments/ablations/measured", "models/ablation-base", "models/faces",
        "raw/world",
    ]  # fmt: skip
    assert list(report_inputs(RUN, Path(), SHOWN)) == names
    copy = Path("elsewhere")
    RUN.rename(copy)
    assert [path.relative_to(copy).as_posix() for path in steps_shown(copy, SHOWN)] == names


def test_results_without_a_record_are_refused_where_they_are_shown(stale: Path) -> None:
    report_inputs(RUN, Path(), SHOWN)
    (RUN / "models/faces/provenance.json").unlink()
    with pytest.raises(ChangedFileError, match=r"models/faces/provenance\.json is missing"):
        report_inputs(RUN, Path(), SHOWN)
