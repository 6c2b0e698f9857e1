"""The name of a run names its folder; one made from other photos is refused."""

import shlex
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from repro.report.commands import command_for
from repro.report.spec import ReportSpec
from repro.runs.load import load_run, report_spec, write_specs
from repro.runs.run import Run
from repro.runs.run_name import run_name
from repro.specs.validation import SpecError

CATS: dict[str, Any] = {
    "title": "Cats",
    "photos": None,
    "datasets": {"cats": {"source": "folder", "raw": "."}},
    "models": {"cats": {"data": "cats", "training": {"batch": 4}}},
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    Path("own.yaml").write_text(yaml.safe_dump(CATS))


def own(**overrides: Any) -> Run:
    return load_run("own.yaml", overrides)


def made(run: Run) -> None:
    """The specs of a run, and a dataset of it."""
    write_specs(run)
    (run.folder / "data").mkdir(exist_ok=True)


@pytest.mark.parametrize(
    "name", ["cats", "Cats_2", "кошки", "고양이", "बिल्ली", "a.b", "x" * 80, "_1", "2nd"]
)
def test_the_name_is_that_of_the_folder(name: str) -> None:
    assert own(run=name).folder == Path("results") / name
    assert own().folder == Path("results/own")


@pytest.mark.parametrize(
    "name",
    [
        *("", "..", ".", ".cats", "cats.", "a/b", "a b", "a\n", "-n", "{name}", "published"),
        *("x" * 81, "é" * 41, "a\x1b[2J", "a;b", "a\\b", "a:b", "a*", "\ud800"),
    ],
)
def test_what_cannot_name_a_folder_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match=r"--config: 'run': found .* a run's name is letters"):
        own(run=name)


def test_the_file_s_own_name_names_the_run_by_the_same_rule() -> None:
    Path("own.yaml").rename("my own {run}.yaml")
    wanted = r"my own \{run\}\.yaml: the run takes the file's name.* --config run=my_own__run_$"
    with pytest.raises(SpecError, match=wanted):
        load_run("my own {run}.yaml")
    assert load_run("my own {run}.yaml", {"run": "mine"}).name == "mine"


@pytest.mark.parametrize("value", [2019, 1.5, True, ["a"], {"a": 1}])
def test_what_snakemake_takes_for_a_number_is_refused(value: object) -> None:
    with pytest.raises(SpecError, match="begin the name with a letter"):
        own(run=value)


@given(st.text(max_size=90))
def test_an_accepted_name_is_one_plain_part_of_a_path(name: str) -> None:
    try:
        found = run_name(name, file="x.yaml")
    except SpecError:
        return
    assert Path("results", found).parts == ("results", found)
    assert len(found.encode()) <= 80
    assert not any(unicodedata.category(char)[0] in "CZS" for char in found)


def test_other_photos_do_not_go_into_the_same_folder() -> None:
    made(own(photos="~/cats"))
    with pytest.raises(SpecError) as refused:
        write_specs(own(photos="~/dogs"))
    said = str(refused.value)
    assert said.startswith("results/own was made from the photos in ~/cats, not from ~/dogs;")
    assert "--config run=dogs photos=~/dogs (or delete results/own)" in said
    write_specs(own(photos="~/dogs", run="dogs"))
    assert Path("results/dogs/specs/report.json").is_file()


def test_the_same_photos_by_another_path_are_the_same() -> None:
    Path("home/cats").mkdir(parents=True)
    made(own(photos="~/cats"))
    Path("link").symlink_to("home/cats")
    for path in ("home/cats", "home/cats/", str(Path("home/cats").absolute()), "link"):
        write_specs(own(photos=path))


def test_a_folder_in_which_nothing_was_made_is_anybodys() -> None:
    write_specs(own(photos="~/typo"))  # a dry run, say
    write_specs(own(photos="~/cats"))


def test_a_damaged_record_is_no_reason_to_refuse() -> None:
    made(own(photos="~/cats"))
    Path("results/own/specs/report.json").write_text("{")
    write_specs(own(photos="~/dogs"))


def test_the_report_s_commands_name_the_run() -> None:
    spec = ReportSpec.model_validate(report_spec(own(run="dogs", photos="here")))
    wanted = "snakemake all --configfile own.yaml --config run=dogs photos=here"
    assert command_for(spec, "all") == wanted
    spec = ReportSpec.model_validate(report_spec(own(photos="here")))
    assert command_for(spec, "all") == "snakemake all --configfile own.yaml --config photos=here"
    shorter = {"cats": {"training": {"epochs": 100}}}
    spec = ReportSpec.model_validate(report_spec(own(photos="here", models=shorter)))
    words = command_for(spec, "all").partition(" --config ")[2]
    assert shlex.split(words) == ["photos=here", "models={cats: {training: {epochs: 100}}}"]
