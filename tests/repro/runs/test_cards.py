"""A card states only options that its experiment has, whatever the run; the command says so too."""

from pathlib import Path
from typing import Any

import pytest

from repro.claims.card import ExperimentCard, read_card
from repro.runs import cards, extensions
from repro.runs.cards import check_scales
from repro.specs.validation import SpecError


def card(scales: dict[str, Any]) -> ExperimentCard:
    values = {"title": "t", "paper": {"section": "1"}, "inputs": ["bedrooms.data"], "claims": []}
    return ExperimentCard.model_validate(values | {"scales": scales})


@pytest.mark.parametrize(
    ("scales", "expected"),
    [
        ({"tiny": {"segmnts": 4}}, r"unknown key 'scales\.tiny\.segmnts'; did you mean 'segments'"),
        ({"demo": {"segmnts": 4}}, r"unknown key 'scales\.demo\.segmnts'"),
        ({"tiny": {}, "demo": {"segments": 1}}, r"'scales\.demo\.segments': .*\(found: 1\)"),
    ],
)
def test_wrong_options_of_a_card_are_named_whatever_the_run(scales: dict, expected: str) -> None:
    with pytest.raises(SpecError, match=expected) as said:
        check_scales({"latent_walk": card(scales)})
    assert "experiments/latent_walk/experiment.yaml: " in str(said.value)


def test_the_options_of_the_template_fit_it(repository: Path) -> None:
    template = read_card(repository / "experiments/_template/experiment.yaml")
    assert template.scales.options("tiny")
    check_scales({"_template": template})


def test_the_command_checks_the_scales_of_an_experiments_card(
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = repository / "experiments/latent_walk"
    cards.main([str(own / "experiment.yaml")])
    assert "largest" in capsys.readouterr().out
    copy = tmp_path / "latent_walk"
    copy.mkdir()
    (copy / "options.py").touch()
    text = (own / "experiment.yaml").read_text()
    (copy / "experiment.yaml").write_text(text.replace("segments:", "segmnts:"))
    for module in (cards, extensions):
        monkeypatch.setattr(module, "CARDS", tmp_path)
    with pytest.raises(SpecError, match=r"unknown key 'scales.*segmnts'; did you mean"):
        cards.main([str(copy / "experiment.yaml")])


def test_a_card_is_found_by_its_folder_and_a_wrong_one_gets_the_nearest(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository)
    cards.main(["experiments/latent_walk"])
    assert "(paper section 6.1)" in capsys.readouterr().out
    for wrong in ("experiments/latentwalk", "experiments/latentwalk/experiment.yaml"):
        with pytest.raises(SpecError, match="no such card; did you mean 'latent_walk'"):
            cards.main([wrong])
