"""What the rules wait for and read: stamps, folders of the run, parts."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake.io import expand

from repro.runs.load import load_run
from repro.runs.step_inputs import StepInputs, parts

RUN = {
    "title": "A run",
    "worlds": {"rooms": {"generator": "rooms"}},
    "datasets": {
        "bedrooms": {"source": "lsun", "world": "rooms", "dedup": {}},
        "asked_for": {"source": "lsun", "world": "rooms"},
        "photos": {"source": "folder", "raw": "my photos"},
    },
    "models": {
        "once": {"data": "bedrooms", "deduplicated": True},
        "all": {"data": "bedrooms"},
    },
    "ablations": {
        "model": {"data": "bedrooms", "deduplicated": True},
        "changes": [{"training": {"beta1": 0.9}}],
    },
    "roles": {
        "bedrooms": {"data": "bedrooms", "model": "once"},
        "ablated": {"data": "bedrooms", "validation": "asked_for"},
    },
}
R = "results/small"
S = f"{R}/stamps"


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """StepInputs of a small run, for targets of the command line."""
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(yaml.safe_dump(RUN))
    return lambda *requested: StepInputs(load_run("small.yaml"), requested=lambda: requested)


def job(name: str) -> SimpleNamespace:
    return SimpleNamespace(name=name)


@pytest.mark.parametrize(("count", "names"), [(1, []), (2, ["1-of-2", "2-of-2"])])
def test_parts_where_there_are_several(count: int, names: list[str]) -> None:
    """Like Snakemake's own `gather`: it expands {scatteritem} and leaves {name} to the job."""
    items = [f"{i}-of-{count}" for i in range(1, count + 1)]
    gathered = partial(expand, scatteritem=items)
    assert parts(gathered, f"{R}/parts/data") == [f"{R}/parts/data/{{name}}/{n}" for n in names]


def test_what_a_model_is_trained_on(inputs) -> None:
    steps = inputs()
    for name in ("once", "all"):
        assert steps.dataset(job(name)) == [f"{S}/data/bedrooms"]
        assert steps.dataset_folder(job(name)) == f"{R}/data/bedrooms"
    for deduplicated in ("once", "ablation-base-2"):
        assert steps.dedup(job(deduplicated)) == [f"{S}/dedup/bedrooms"]
        assert steps.dedup_arguments(job(deduplicated)) == ["--dedup", f"{R}/dedup/bedrooms"]
    assert steps.dedup(job("all")) == steps.dedup_arguments(job("all")) == []


def test_raw_images_are_a_world_or_the_users(inputs) -> None:
    """Snakemake waits for none of the user's own files: those read are compared at the start."""
    assert inputs().raw(job("bedrooms")) == [f"{S}/raw/rooms"]
    assert inputs().raw_folder(job("bedrooms")) == f"{R}/raw/rooms"
    assert inputs().raw(job("photos")) == []
    assert inputs().raw_folder(job("photos")) == "my photos"


def test_the_report_waits_for_what_is_on_request_only_where_it_was_asked_for(inputs) -> None:
    by_itself = set(inputs("all").reported(job("")))
    walk = {f"{S}/experiments/latent_walk/{part}" for part in ("measured", "figures")}
    assert {f"{S}/data/bedrooms", f"{S}/dedup/bedrooms"} | walk <= by_itself
    more = set(inputs("ablations").reported(job(""))) - by_itself
    assert more == {
        f"{S}/data/asked_for",
        f"{S}/experiments/ablations/measured",
        f"{S}/experiments/ablations/figures",
    }
    assert f"{S}/data/photos" not in by_itself | more


def test_models_and_what_they_need_come_in_the_run_files_order(inputs) -> None:
    of = inputs("all")
    assert of.world_priority({"name": "rooms"}) == 2  # the first of two models needs them
    assert of.data_priority({"name": "bedrooms"}) == 2
    assert of.data_priority({"name": "photos"}) == 0  # no model does
    assert [of.training_priority({"name": name}) for name in of.run.spec.models] == [2, 1]


def test_a_run_without_models_has_nothing_to_show_first(inputs) -> None:
    without = {
        key: value for key, value in RUN.items() if key not in ("models", "roles", "ablations")
    }
    Path("bare.yaml").write_text(yaml.safe_dump(without))
    bare = StepInputs(load_run("bare.yaml"), requested=lambda: ())
    assert bare.world_priority({"name": "rooms"}) == bare.data_priority({"name": "photos"}) == 0
