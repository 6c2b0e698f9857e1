"""A judge that does not know windows in the samples decides no claim, and says why."""

from pathlib import Path

import numpy as np
import pytest
from claims_alone import alone
from planted_windows import KnowingSegmenters, windows, write_planted_model

from experiments.contract import run_measure
from experiments.forgetting_windows import measure as module
from experiments.forgetting_windows.figure import figure
from experiments.forgetting_windows.measure import measure
from experiments.forgetting_windows.options import Options
from experiments.forgetting_windows.trust import CLAIMED, OVERLAP, UNSURE, as_shown, as_trusted
from repro.claims.card import read_card
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement, read_measurements
from repro.claims.verdict import Verdict, judge
from repro.figures.style import Style

OPTIONS = Options(
    samples=40, layers=[1], measured=40, random_sets=3, curve_samples=20, curve_steps=3, shown=4
)


def run(folder: Path) -> dict[str, Measurement]:
    folders = {"bedrooms.model": write_planted_model(folder / "model")}
    run_measure(measure, OPTIONS, folders=folders, seed=7, out=folder / "measured")
    return read_measurements(folder / "measured")


def test_the_names_are_those_the_card_rests_on(repository: Path) -> None:
    card = read_card(repository / "experiments/forgetting_windows/experiment.yaml")
    assert set(CLAIMED) == {claim.measurement for claim in card.claims}


@pytest.mark.slow
def test_a_judge_that_looks_elsewhere_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    monkeypatch.setattr(module, "Segmenters", KnowingSegmenters)
    moved = lambda _, pictures: np.roll(windows(pictures), 5, axis=1)  # noqa: E731
    monkeypatch.setattr(KnowingSegmenters, "windows", moved)
    found = run(tmp_path)
    assert found[OVERLAP].value < 0.5
    card = read_card(repository / "experiments/forgetting_windows/experiment.yaml")
    for claim in card.claims:
        decided = judge(alone(claim), found.get(claim.measurement), ground=Ground.PAPER)
        assert decided.verdict == Verdict.NOT_RUN
        if claim.measurement in found:
            assert "the judge's overlap with the boxes is 0." in decided.reason
            assert found[UNSURE + claim.measurement].value is not None
    figure(tmp_path / "measured", tmp_path, Style())
    assert (tmp_path / "fig06_windows_left.png").is_file()


@pytest.mark.slow
def test_a_judge_that_knows_them_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    monkeypatch.setattr(module, "Segmenters", KnowingSegmenters)
    found = run(tmp_path)
    assert found[OVERLAP].value > 0.5
    assert not any(name.startswith(UNSURE) for name in found)
    card = read_card(repository / "experiments/forgetting_windows/experiment.yaml")
    verdicts = {
        judge(alone(claim), found[claim.measurement], ground=Ground.PAPER).verdict
        for claim in card.claims
    }
    assert Verdict.NOT_RUN not in verdicts


def test_withheld_by_hand() -> None:
    name = CLAIMED[0]
    number = Measurement(name=name, value=0.2, low=0.1, high=0.3, n=9)
    other = Measurement(name="positive_maps", value=4, n=1)

    def overlap(value: float) -> Measurement:
        return Measurement(name=OVERLAP, value=value, n=5)

    made = [overlap(0.5), number, other]
    assert as_trusted(made, least=0.5) == made
    for before in ([overlap(0.49), number, other], [number, other]):
        after = {one.name: one for one in as_trusted(before, least=0.5)}
        assert after[name].value is None
        assert after[name].no_value_because
        assert after[UNSURE + name].value == 0.2
        assert after["positive_maps"] == other
        assert as_shown(after)[name].value == 0.2
        assert UNSURE + name not in as_shown(after)
