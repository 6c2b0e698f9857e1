"""Run files resolved into steps: names, options, presets and missing raw data.

Longer than 300 lines: one small run file, changed, serves all the tests here.
"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from repro.claims.card import ExperimentCard
from repro.runs.checks import missing_raw_data
from repro.runs.load import add_run_file, load_run, report_spec, run_given, write_specs
from repro.runs.load import main as check
from repro.runs.models import merged
from repro.runs.run import Run
from repro.specs.network import NetworkSpec
from repro.specs.validation import SpecError

RUN: dict[str, Any] = {
    "title": "A run",
    "worlds": {"rooms": {"generator": "rooms", "options": {"count": 10}}},
    "datasets": {
        "bedrooms": {"source": "lsun", "world": "rooms", "dedup": {}},
        "photos": {"source": "folder", "raw": "my photos"},
    },
    "models": {"bedrooms": {"data": "bedrooms", "network": {"ngf": 8}}},
    "roles": {"bedrooms": {"data": "bedrooms", "model": "bedrooms"}},
}


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def loader(**changes: Any):
        Path("small.yaml").write_text(yaml.safe_dump(merged(RUN, changes)))
        return load_run("small.yaml")

    return loader


@pytest.mark.parametrize("name", sorted(p.stem for p in Path("config").glob("*.yaml")))
def test_every_run_file_of_the_repository_loads(name: str, repository: Path) -> None:
    run = load_run(str(repository / "config" / f"{name}.yaml"))
    assert run.name == name


def test_experiments_can_be_left_out(load: Any) -> None:
    names = [experiment.name for experiment in load().experiments]
    left = load(leave_out=["latent_walk"])
    assert [one.name for one in left.experiments] == [n for n in names if n != "latent_walk"]
    assert "latent_walk" not in {one["name"] for one in report_spec(left)["experiments"]}
    with pytest.raises(SpecError, match=r"'leave_out': no experiment 'latent_wlak'.*latent_walk"):
        load(leave_out=["latent_wlak"])


def test_what_a_report_opens_with_is_there(load: Any) -> None:
    shown = ["latent_walk/fig04_latent_walk.png", "latent_walk/largest_step_share"]
    assert report_spec(load(opens_with=shown))["opens_with"] == shown
    with pytest.raises(SpecError, match=r"'opens_with': no figure.*fig04_latent_walk\.png"):
        load(opens_with=["latent_walk/fig04_latent_wlak.png"])
    with pytest.raises(SpecError, match=r"'opens_with': no experiment 'latent_wlak'"):
        load(opens_with=["latent_wlak/largest_step_share"])
    with pytest.raises(SpecError, match=r"'opens_with': no experiment 'latent_walk'"):
        load(opens_with=shown, leave_out=["latent_walk"])


def test_presets_lie_between_defaults_and_run(load: Any) -> None:
    changes = {
        "models": {"bedrooms": {"preset": "imagenet32"}},
        "datasets": {"bedrooms": {"image_size": 32}},
    }
    network = load(**changes).model("bedrooms").network
    assert network == NetworkSpec(image_size=32, layers="paired", kernel=3, z_dim=256, ngf=8)


def test_roles_become_folders(load: Any) -> None:
    run = load()
    assert run.slot_folders("bedrooms", "model") == {
        "bedrooms.model": Path("results/small/models/bedrooms")
    }
    assert run.slot_folders("bedrooms", "dedup") == {
        "bedrooms.dedup": Path("results/small/dedup/bedrooms")
    }
    assert run.slot_folders("bedrooms", "raw") == {"bedrooms.raw": Path("results/small/raw/rooms")}
    assert run.slot_folders("faces", "model") == {}


def test_optional_inputs_and_released_weights_are_given_where_they_are_there(
    load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = {"id": "c", "section": "1", "statement": "s", "paper": "p", "measurement": "m"}
    card = ExperimentCard.model_validate(
        {
            "title": "check",
            "paper": {"section": "5"},
            "inputs": ["authors.released"],
            "optional": ["bedrooms.data", "svhn.data"],
            "claims": [claim | {"kind": "direction", "rule": {"above": 0}, "source": "ours"}],
        }
    )
    monkeypatch.setattr("repro.runs.load.experiment_cards", lambda: {"check": card})
    changes = {"raw": "downloads", "roles": {"authors": {"released": "weights"}}}
    run = load(**changes)
    assert run.experiments[0].unbound == ["authors.released"]
    assert run.runnable == []
    Path("downloads/weights").mkdir(parents=True)
    run = load(**changes)
    assert run.experiments[0].inputs == {
        "authors.released": Path("downloads/weights"),
        "bedrooms.data": Path("results/small/data/bedrooms"),
    }
    assert run.runnable == run.experiments


def test_weights_for_fid_are_the_users_file_and_bind_nothing_without_it(
    load: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fid(run: Run) -> Any:
        return next(one for one in run.experiments if one.name == "fid")

    without = load()
    assert fid(without).unbound == ["inception.weights"]
    assert "fid" not in {one.name for one in without.runnable}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: "there")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(SpecError, match=r"small\.yaml: 'fid_weights': .*w\.pth: no such file"):
        load(fid_weights="~/w.pth")
    (tmp_path / "w.pth").touch()
    bound = load(fid_weights="~/w.pth")
    assert fid(bound) in bound.runnable
    assert fid(bound).inputs == {
        "inception.weights": tmp_path / "w.pth",
        "bedrooms.models.1": Path("results/small/models/bedrooms"),
        "bedrooms.data": Path("results/small/data/bedrooms"),
    }
    assert {one.name for one in bound.runnable} - {one.name for one in without.runnable} == {"fid"}
    with pytest.raises(SpecError, match=r"'fid_weights': expected the name of a file"):
        load(fid_weights=2015)


def test_copies_are_a_dataset_read_through_the_source_they_wrap(load: Any) -> None:
    copies = {"source": "planted", "world": "rooms", "options": {"of": "lsun"}}
    roles = {"bedrooms": {"copies": "bedrooms_copies"}}
    run = load(datasets={"bedrooms_copies": copies}, roles=roles)
    assert run.slot_folders("bedrooms", "copies") == {
        "bedrooms.copies": Path("results/small/data/bedrooms_copies")
    }
    assert run.sources("bedrooms_copies") == ["planted", "lsun"]
    assert run.sources("bedrooms") == ["lsun"]
    unbound = {e.name: e.unbound for e in load().experiments}
    assert unbound["dedup"] == ["bedrooms.copies"]
    with pytest.raises(SpecError, match=r"roles\.bedrooms\.copies.*allowed: bedrooms, photos"):
        load(roles=roles)


@pytest.mark.slow
def test_a_model_trained_several_times_is_a_model_for_each_seed(load: Any) -> None:
    changes = {"models": {"bedrooms": {"trainings": 3}, "one": {"data": "bedrooms", "seed": 7}}}
    run = load(**changes, roles={"bedrooms": {"baseline": "one"}})
    seeds = {name: model.seed for name, model in run.spec.models.items()}
    assert seeds == {"bedrooms": 42, "bedrooms-2": 43, "bedrooms-3": 44, "one": 7}
    models = Path("results/small/models")
    assert run.slot_folders("bedrooms", "model") == {"bedrooms.model": models / "bedrooms"}
    assert run.slot_folders("bedrooms", "models") == {
        "bedrooms.models.1": models / "bedrooms",
        "bedrooms.models.2": models / "bedrooms-2",
        "bedrooms.models.3": models / "bedrooms-3",
    }
    assert run.slot_folders("bedrooms", "baselines") == {"bedrooms.baselines.1": models / "one"}
    run = load(**changes, roles={"ladder": {"rungs": ["one", "bedrooms-2"]}})
    assert run.slot_folders("ladder", "rungs") == {
        "ladder.rungs.1": models / "one",
        "ladder.rungs.2": models / "bedrooms-2",
    }
    assert load(**changes).slot_folders("ladder", "rungs") == {}
    write_specs(run)
    spec = json.loads(run.spec_file("models", "bedrooms-3").read_text())
    assert spec["seed"] == 44
    assert "trainings" not in spec["model"]
    assert report_spec(run)["repeats"] == ["bedrooms-2", "bedrooms-3"]
    taken = {"models": {"bedrooms": {"trainings": 2}, "bedrooms-2": {"data": "bedrooms"}}}
    with pytest.raises(SpecError, match=r"'models\.bedrooms-2' is also a training of 'models\.bed"):
        load(**taken)
    with pytest.raises(SpecError, match=r"roles\.bedrooms\.baseline': no such name 'on'"):
        load(**changes, roles={"bedrooms": {"baseline": "on"}})
    with pytest.raises(SpecError, match=r"roles\.ladder\.rungs': no such name 'bedrooms-4'"):
        load(**changes, roles={"ladder": {"rungs": ["bedrooms-4"]}})


def test_files_that_options_name_are_inputs_of_the_experiment(load: Any) -> None:
    run = load(experiments={"dedup": {"labels": ["anna.csv", "bo.csv"]}, "latent_walk": {}})
    files = {experiment.name: experiment.files for experiment in run.experiments}
    assert files["dedup"] == ["anna.csv", "bo.csv"]
    assert files["latent_walk"] == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"models": {"bedrooms": {"data": "bedroms"}}}, r"models\.bedrooms\.data.*'bedrooms'"),
        ({"roles": {"bedroms": {"data": "bedrooms"}}}, r"roles\.bedroms.*did you mean 'bedrooms'"),
        ({"roles": {"bedrooms": {"model": "x"}}}, r"roles\.bedrooms\.model.*allowed: bedrooms"),
        ({"models": {"bedrooms": {"preset": "paper64"}}}, r"did you mean 'paper_64'"),
        ({"datasets": {"bedrooms": {"source": "lsn"}}}, r"no module 'lsn'.*did you mean 'lsun'"),
        ({"datasets": {"bedrooms": {"dedup": {"passs": 3}}}}, r"datasets\.bedrooms\.dedup\.passs"),
        ({"worlds": {"rooms": {"options": {"count": "many"}}}}, r"worlds\.rooms\.options\.count"),
        ({"experiments": {"latent_wlk": {}}}, r"did you mean 'latent_walk'"),
        ({"models": {"bedrooms": {"data": "photos", "deduplicated": True}}}, r"no 'dedup:'"),
        (
            {"datasets": {"bedrooms": {"image_size": 32}}},
            r"models\.bedrooms\.network\.image_size' is 64.*'datasets\.bedrooms\.image_size' is 32",
        ),
        (
            {"models": {"bedrooms": {"network": {"channels": 1}}}},
            r"models\.bedrooms\.network\.channels' is 1.*'datasets\.bedrooms\.channels' is 3",
        ),
        (
            {"datasets": {"bedrooms": {"limit": 100}}},
            r"'datasets\.bedrooms\.limit' is 100.*'models\.bedrooms\.training\.batch' is 128",
        ),
        (
            {"models": {"bedrooms": {"network": {"image_size": 48}}}},
            r"models\.bedrooms\.network'.*choose 16, 32, 64, 128 or 256",
        ),
        ({"image_size": 48}, r"'image_size': Input should be 16, 32, 64, 128 or 256 \(found: 48"),
        ({"image_size": 512}, r"'image_size': Input should be 16, 32, 64, 128 or 256"),
        ({"channels": 4}, r"'channels': Input should be 1 or 3 \(found: 4"),
        ({"raw": "here", "photos": "there"}, r"'raw' \(here\) and 'photos' \(there\).*give one"),
        ({"raw": "a {b}"}, r"'raw': Snakemake takes \{ and \} for wildcards"),
        ({"photos": 2019}, r"'photos': expected the name of a folder; write \./NAME"),
    ],
)
def test_wrong_names_and_values_are_named(load: Any, changes: dict, expected: str) -> None:
    with pytest.raises(SpecError, match=expected) as caught:
        load(**changes)
    assert "small.yaml" in str(caught.value)


def test_check_says_what_runs_what_waits_to_be_asked_for_and_what_is_left_out(
    load: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    load(ablations={"model": {"data": "bedrooms"}, "changes": [{"network": {"kernel": 3}}]},
         roles={"ablated": {"data": "bedrooms", "validation": "photos"}})  # fmt: skip
    check(["small.yaml"])
    said = capsys.readouterr().out.splitlines()
    assert "experiment latent_walk: runs" in said
    assert "experiment ablations: only on request: snakemake ablations" in said
    assert "experiment dedup: left out because this run has no bedrooms.copies" in said


def test_commands_take_a_run_file_with_what_snakemake_may_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own()
    parser = ArgumentParser()
    add_run_file(parser)
    words = ["--config", "image_size=128", "run=big", "processes_per_training=2", "--raw", "cats"]
    run = run_given(parser.parse_args(["own.yaml", *words]))
    assert (run.name, run.spec.processes_per_training, run.spec.photos) == ("big", 2, "cats")
    assert run.model("cats").network.image_size == 128
    assert run.given["image_size"] == 128
    with pytest.raises(SystemExit):
        parser.parse_args(["own.yaml", "--config", "image_size"])


def test_check_sees_what_is_given(load: Any, capsys: pytest.CaptureFixture[str]) -> None:
    load()
    check(["small.yaml", "--config", "leave_out=[latent_walk]"])
    said = capsys.readouterr().out
    assert "experiment latent_walk" not in said
    assert "experiment dedup" in said


def test_missing_raw_data_say_where_and_how(load: Any) -> None:
    drawn = {"rooms": {"options": {"count": 128}}}
    message, hint = missing_raw_data(load(raw="downloads", worlds=drawn))
    assert "datasets.photos needs" in message
    assert str(Path("downloads", "my photos")) in message
    assert "--config raw=FOLDER" in hint
    Path("downloads", "my photos").mkdir(parents=True)
    assert "my photos is empty" in missing_raw_data(load(raw="downloads", worlds=drawn))[0]
    Path("downloads", "my photos", "a.jpg").touch()
    assert missing_raw_data(load(raw="downloads", worlds=drawn)) == []
    (few,) = missing_raw_data(load(raw="downloads"))
    assert "by 'worlds.rooms.options' it will have 10, but 'models.bedrooms.training.batch'" in few


OWN: dict[str, Any] = {
    "title": "Cats",
    "photos": None,
    "datasets": {"cats": {"source": "folder", "raw": "."}},
    "models": {"cats": {"data": "cats", "training": {"batch": 4}}},
}


def own(**overrides: Any) -> Run:
    Path("own.yaml").write_text(yaml.safe_dump(OWN))
    return load_run("own.yaml", overrides)


def test_photos_are_the_raw_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for named in (None, ""):
        (message,) = missing_raw_data(own(photos=named))
        assert message == "give the folder of your pictures: --config photos=FOLDER"
    assert own(photos="cats").raw_folder("cats") == Path("cats")
    assert own(raw="cats").raw_folder("cats") == Path("cats")
    assert own(photos="~/cats/").raw_folder("cats") == tmp_path / "home/cats"
    with pytest.raises(SpecError, match="two names of one folder"):
        own(photos="cats", raw="dogs")


def test_a_folder_of_photos_that_will_not_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def complaint() -> str:
        return "\n".join(missing_raw_data(own(photos="cats")))

    assert "looked at: cats" in complaint()
    assert "--config photos=FOLDER" in complaint()
    Path("cats").touch()
    assert "looked at: cats: an empty file, expected a folder" in complaint()
    Path("cats").unlink()
    Path("cats").mkdir()
    assert "cats is empty" in complaint()
    for number in range(3):
        Path("cats", f"{number}.jpg").touch()
    assert "cats holds 3 files" in complaint()
    assert "'models.cats.training.batch' is 4" in complaint()
    Path("cats", "3.jpg").touch()
    assert complaint() == ""
    assert "would write into it" in "\n".join(missing_raw_data(own(photos=".")))


def test_one_size_and_number_of_channels_for_the_whole_run(load: Any) -> None:
    run = load(image_size=32, channels=1, models={"bedrooms": {"preset": "pytorch_tutorial"}})
    for dataset in run.spec.datasets.values():
        assert (dataset.image_size, dataset.channels) == (32, 1)
    network = run.model("bedrooms").network
    assert (network.image_size, network.channels, network.kernel, network.ngf) == (32, 1, 4, 8)
    write_specs(run)
    written = json.loads(Path("results/small/specs/datasets/photos.json").read_text())
    assert (written["image_size"], written["channels"]) == (32, 1)
    unchanged = load(image_size=None)
    assert unchanged.spec.datasets["photos"].image_size == 64


def test_nothing_stops_a_recipe_of_the_paper_early(load: Any) -> None:
    def stopping(preset: str, *troubles: str) -> Any:
        model = {"preset": preset, "training": {"stop_on": list(troubles)}}
        return load(models={"bedrooms": model})

    free = stopping("pytorch_tutorial", "collapse").model("bedrooms")
    assert free.training.stop_on == ("collapse",)
    assert stopping("paper_64").model("bedrooms").training.stop_on == ()
    expected = r"small\.yaml: 'models\.bedrooms\.training\.stop_on' is \['collapse'\].*'paper_64'"
    with pytest.raises(SpecError, match=expected):
        stopping("paper_64", "collapse")


def test_spec_files_change_only_with_their_own_spec(load: Any) -> None:
    write_specs(load())
    files = {p: p.stat().st_mtime_ns for p in Path("results/small/specs").rglob("*.json")}
    write_specs(load(models={"bedrooms": {"training": {"epochs": 2}}}))
    touched = {p.as_posix() for p, before in files.items() if p.stat().st_mtime_ns != before}
    assert touched == {
        "results/small/specs/models/bedrooms.json",
        "results/small/specs/report.json",
    }


def test_real_pictures_in_a_world_carry_their_own_words(load: Any) -> None:
    """Digits that a program only rearranged are not called generated."""
    digits = {"source": "mnist", "world": "digits", "image_size": 64}
    changes = {
        "banner": "SYNTHETIC DATA",
        "worlds": {"digits": {"generator": "digits", "real": "SMALL DIGITS"}},
        "datasets": {"digits": digits},
        "models": {"digits": {"data": "digits", "network": {"ngf": 8}}},
        "roles": {"mnist": {"data": "digits"}},
    }
    run = load(**changes)
    write_specs(run)

    def banner(kind: str, name: str) -> str:
        return json.loads(run.spec_file(kind, name).read_text())["banner"]

    assert banner("models", "digits") == banner("styles", "mnist_neighbours") == "SMALL DIGITS"
    assert banner("models", "bedrooms") == banner("styles", "latent_walk") == "SYNTHETIC DATA"
    assert run.banner({"digits", "bedrooms"}) == run.banner(set()) == "SYNTHETIC DATA"
    kinds = {name: role["kind"] for name, role in report_spec(run)["roles"].items()}
    assert kinds == {"bedrooms": "generated", "mnist": "real"}
    assert "real" not in json.loads(run.spec_file("worlds", "digits").read_text())


def test_report_knows_generated_from_real(load: Any) -> None:
    roles = {"faces": {"data": "photos"}}
    values = report_spec(load(roles=roles))
    assert values["generated"] is True
    assert values["roles"]["bedrooms"]["kind"] == "generated"
    assert values["roles"]["faces"]["kind"] == "real"
