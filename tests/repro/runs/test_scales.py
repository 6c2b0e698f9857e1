"""Options of experiments at a run's scale: stated in their cards, changed by the run file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from repro.claims.card import read_card
from repro.runs.load import load_run, write_specs
from repro.runs.run import Run
from repro.specs.scales import Scales
from repro.specs.validation import SpecError

Load = Callable[..., Run]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.chdir(tmp_path)

    def loader(**values: Any) -> Run:
        Path("small.yaml").write_text(yaml.safe_dump({"title": "A run", **values}))
        return load_run("small.yaml")

    return loader


@pytest.fixture
def stated(repository: Path) -> dict[str, dict]:
    """Name -> `scales:` as the cards have it, read by nothing of ours."""
    cards = (repository / "experiments").glob("[!_]*/experiment.yaml")
    return {path.parent.name: yaml.safe_load(path.read_text()).get("scales", {}) for path in cards}


def written(run: Run, experiment: str) -> dict[str, Any]:
    write_specs(run)
    return json.loads(run.spec_file("experiments", experiment).read_text())["options"]


@pytest.mark.parametrize("scale", [None, *Scales.model_fields])
def test_a_run_has_the_options_that_the_cards_state_for_its_scale(
    load: Load, stated: dict[str, dict], scale: str | None
) -> None:
    run = load(scale=scale)
    assert len(stated) > 10
    for name, scales in stated.items():
        options = written(run, name)
        options.pop("multiverse", None)  # the card's free choices, at any scale
        assert options == scales.get(scale, {}), name


def test_free_choices_of_a_card_are_options_and_its_claims_are_drawn(
    load: Load, repository: Path
) -> None:
    card = yaml.safe_load((repository / "experiments/filters/experiment.yaml").read_text())
    (entry,) = card["multiverse"]
    values = {name: choice["values"] for name, choice in entry["choices"].items()}
    run = load(scale="tiny")
    assert written(run, "filters")["multiverse"] == dict.fromkeys(entry["claims"], values)
    style = json.loads(run.spec_file("styles", "filters").read_text())
    assert [claim["id"] for claim in style["claims"]] == entry["claims"]
    assert style["claims"][0]["rule"]["above"] == 0
    assert "claims" not in json.loads(run.spec_file("styles", "latent_walk").read_text())
    own = load(scale="tiny", photos="cats")
    assert "multiverse" not in written(own, "filters")


def test_options_of_the_run_file_replace_those_of_the_card(load: Load, stated: dict) -> None:
    own = {"latent_walk": {"rows": 3}, "mnist_neighbours": {"counts": [200, 210]}}
    run = load(scale="tiny", experiments=own)
    assert written(run, "latent_walk") == stated["latent_walk"]["tiny"] | {"rows": 3}
    assert written(run, "mnist_neighbours")["counts"] == [200, 210]
    with pytest.raises(SpecError, match=r"small\.yaml: unknown key 'experiments.latent_walk.rosw'"):
        load(scale="tiny", experiments={"latent_walk": {"rosw": 3}})
    with pytest.raises(SpecError, match=r"small\.yaml: 'experiments.mnist_neighbours': .*few 201"):
        load(scale="tiny", experiments={"mnist_neighbours": {"few": 201}})


def test_what_a_run_leaves_out_has_no_options(load: Load) -> None:
    run = load(scale="tiny", leave_out=["latent_walk"])
    assert "latent_walk" not in run.spec.experiments
    assert "bedroom_samples" in run.spec.experiments


def test_a_wrong_scale_of_a_run_file_is_named(load: Load) -> None:
    with pytest.raises(SpecError, match=r"small\.yaml: 'scale': .*did you mean 'tiny'"):
        load(scale="tniy")


def test_a_wrong_scale_of_a_card_is_named(repository: Path, tmp_path: Path) -> None:
    text = (repository / "experiments/latent_walk/experiment.yaml").read_text()
    assert "\n  tiny: " in text
    file = tmp_path / "experiment.yaml"
    file.write_text(text.replace("\n  tiny: ", "\n  tniy: "))
    with pytest.raises(SpecError, match=r"unknown key 'scales\.tniy'; did you mean 'tiny'") as said:
        read_card(file)
    assert str(file) in str(said.value)


def test_folders_with_an_underscore_are_no_experiments(load: Load, repository: Path) -> None:
    assert (repository / "experiments/_template/experiment.yaml").is_file()
    names = [experiment.name for experiment in load().experiments]
    assert "latent_walk" in names
    assert "_template" not in names
