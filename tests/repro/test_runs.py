"""Run files resolved into steps: names, options, presets and missing raw data."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from repro.closure import import_closure
from repro.runs import load_run, merged, missing_raw_data, report_spec, write_specs
from repro.specs import NetworkSpec, SpecError

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


@pytest.mark.parametrize("name", sorted(p.stem for p in Path("config/presets").glob("*.yaml")))
def test_every_preset_loads(name: str, load: Any) -> None:
    assert load(models={"bedrooms": {"preset": name}}).model("bedrooms").preset == name


def test_presets_lie_between_defaults_and_run(load: Any) -> None:
    network = load(models={"bedrooms": {"preset": "imagenet32"}}).model("bedrooms").network
    assert network == NetworkSpec(image_size=32, layers="paired", kernel=3, z_dim=256, ngf=8)


def test_roles_become_folders(load: Any) -> None:
    run = load()
    assert run.slot_folder("bedrooms", "model") == Path("results/small/models/bedrooms")
    assert run.slot_folder("bedrooms", "dedup") == Path("results/small/dedup/bedrooms")
    assert run.slot_folder("bedrooms", "raw") == Path("results/small/raw/rooms")
    assert run.slot_folder("faces", "model") is None


def test_copies_are_a_dataset_read_through_the_source_they_wrap(load: Any) -> None:
    copies = {"source": "planted", "world": "rooms", "options": {"of": "lsun"}}
    roles = {"bedrooms": {"copies": "bedrooms_copies"}}
    run = load(datasets={"bedrooms_copies": copies}, roles=roles)
    assert run.slot_folder("bedrooms", "copies") == Path("results/small/data/bedrooms_copies")
    assert run.source_modules("bedrooms_copies") == ["data_prep.planted", "data_prep.lsun"]
    assert run.source_modules("bedrooms") == ["data_prep.lsun"]
    unbound = {e.name: e.unbound for e in load().experiments}
    assert unbound["dedup"] == ["bedrooms.copies"]
    with pytest.raises(SpecError, match=r"roles\.bedrooms\.copies.*allowed: bedrooms, photos"):
        load(roles=roles)


def test_files_that_options_name_are_inputs_of_the_experiment(load: Any) -> None:
    run = load(experiments={"dedup": {"labels": ["anna.csv", "bo.csv"]}, "latent_walk": {}})
    files = {experiment.name: experiment.files for experiment in run.experiments}
    assert files["dedup"] == ["anna.csv", "bo.csv"]
    assert files["latent_walk"] == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"models": {"bedrooms": {"data": "bedroms"}}}, r"models\.bedrooms\.data.*'bedrooms'"),
        ({"roles": {"bedrooms": {"model": "x"}}}, r"roles\.bedrooms\.model.*allowed: bedrooms"),
        ({"models": {"bedrooms": {"preset": "paper64"}}}, r"did you mean 'paper_64'"),
        ({"datasets": {"bedrooms": {"source": "lsn"}}}, r"no module 'lsn'.*did you mean 'lsun'"),
        ({"datasets": {"bedrooms": {"dedup": {"passs": 3}}}}, r"datasets\.bedrooms\.dedup\.passs"),
        ({"worlds": {"rooms": {"options": {"count": "many"}}}}, r"worlds\.rooms\.options\.count"),
        ({"experiments": {"latent_wlk": {}}}, r"did you mean 'latent_walk'"),
        ({"models": {"bedrooms": {"data": "photos", "deduplicated": True}}}, r"no 'dedup:'"),
    ],
)
def test_wrong_names_and_values_are_named(load: Any, changes: dict, expected: str) -> None:
    with pytest.raises(SpecError, match=expected) as caught:
        load(**changes)
    assert "small.yaml" in str(caught.value)


def test_missing_raw_data_say_where_and_how(load: Any) -> None:
    (message,) = missing_raw_data(load(raw="downloads"))
    assert "datasets.photos needs" in message
    assert str(Path("downloads", "my photos")) in message
    Path("downloads", "my photos").mkdir(parents=True)
    assert missing_raw_data(load(raw="downloads")) == []


def test_spec_files_change_only_with_their_own_spec(load: Any) -> None:
    write_specs(load())
    files = {p: p.stat().st_mtime_ns for p in Path("results/small/specs").rglob("*.json")}
    write_specs(load(models={"bedrooms": {"training": {"epochs": 2}}}))
    touched = {p.as_posix() for p, before in files.items() if p.stat().st_mtime_ns != before}
    assert touched == {
        "results/small/specs/models/bedrooms.json",
        "results/small/specs/report.json",
    }


def test_report_knows_generated_from_real(load: Any) -> None:
    roles = {"faces": {"data": "photos"}}
    values = report_spec(load(roles=roles))
    assert values["generated"] is True
    assert values["roles"]["bedrooms"]["kind"] == "generated"
    assert values["roles"]["faces"]["kind"] == "real"


def test_closure_holds_all_that_a_module_imports(repository: Path) -> None:
    files = import_closure("repro.train")
    assert {"repro/train.py", "repro/networks.py", "repro/store_writer.py"} <= set(files)
    assert not any(f.startswith(("data_prep", "experiments")) for f in files)
    with pytest.raises(FileNotFoundError, match=r"no module repro\.trane"):
        import_closure("repro.trane")


def test_the_library_imports_nothing_from_the_pipeline(repository: Path) -> None:
    modules = [f"repro.{p.stem}" for p in (repository / "repro").glob("*.py") if p.stem[0] != "_"]
    outside = [f for f in import_closure(*modules) if not f.startswith("repro/")]
    assert outside == []


def test_closure_agrees_with_what_python_loads(repository: Path) -> None:
    import subprocess
    import sys

    code = "import sys, repro.train; print(*[m for m in sys.modules if m.startswith('repro.')])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    ).stdout.split()
    files = {f.removesuffix(".py").replace("/", ".") for f in import_closure("repro.train")}
    assert set(loaded) <= files
