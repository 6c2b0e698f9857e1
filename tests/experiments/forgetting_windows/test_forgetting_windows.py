"""Fig 6: planted window maps must be found and their loss detected, and the absence of both."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from claims_alone import alone
from planted_windows import (
    SIZE,
    KnowingSegmenters,
    windows,
    write_planted_model,
)
from untrained_model import write_model

from experiments.contract import Inputs, run_measure
from experiments.forgetting_windows import measure as module
from experiments.forgetting_windows.figure import figure
from experiments.forgetting_windows.measure import measure
from experiments.forgetting_windows.options import Multiverse, Options, WindowChoices
from repro.claims.card import read_card
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement, read_measurements
from repro.claims.multiverse import read_multiverse, stability
from repro.claims.verdict import judge
from repro.figures.style import Style
from repro.networks.model_folder import CheckpointError
from repro.specs.validation import SpecError

FILES = {
    "fig06_boxes.html",
    "fig06_boxes.png",
    "fig06_curve.png",
    "fig06_forgetting_windows.png",
    "fig06_windows_left.png",
    "table_fig06_windows.csv",
}
OPTIONS = Options(
    samples=60, layers=[1, 0], measured=80, random_sets=4, curve_samples=30, curve_steps=4, shown=5
)


@pytest.fixture
def knowing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Segmenters", KnowingSegmenters)


def measured(model: Path, out: Path, options: Options = OPTIONS) -> dict[str, Measurement]:
    out.mkdir(exist_ok=True)
    return {m.name: m for m in measure(Inputs({"bedrooms.model": model}), options, 7, out)}


@pytest.mark.slow
def test_planted_window_maps_are_found_and_forgotten(
    tmp_path: Path, repository: Path, knowing: None
) -> None:
    found = measured(write_planted_model(tmp_path / "model"), tmp_path / "out")
    assert found["windows_marked"].value > 40
    assert found["regression_accuracy"].low > 0.7
    assert found["window_area_left_positive"].value < 0.01
    assert found["window_area_left_positive_without_colour"].value < 0.01
    assert found["windows_gone_positive"].value > 0.99
    assert found["window_area_left_lowest"].value > 0.95
    assert found["window_area_left_positive_refitted"].high < 0.01
    assert found["change_elsewhere_positive"].value < 1  # walls have maps of their own
    assert found["layout_kept_positive"].value > 0.9
    assert found["window_area_before"].value == pytest.approx(0.075, abs=0.02)
    for name in ("window_area_left_positive", "change_elsewhere_random", "positive_maps"):
        assert f"{name}_layer_0" in found
    assert "window_area_left_positive_refitted_layer_0" not in found  # of the first layer only
    card = read_card(repository / "experiments/forgetting_windows/experiment.yaml")
    verdicts = {
        c.id: judge(alone(c), found.get(c.measurement), ground=Ground.PAPER).verdict.value
        for c in card.claims
    }
    assert verdicts.pop("windows_become_things") == "not reproduced"  # only walls are behind them
    assert set(verdicts.values()) == {"reproduced"}, verdicts
    # this D likes what is bright; samples without a window stay as they are, and count half
    assert found["more_real_without_positive"].high < 0.3


@pytest.mark.slow
def test_planted_windows_are_forgotten_under_all_choices(
    tmp_path: Path, repository: Path, knowing: None
) -> None:
    choices = WindowChoices(strength=[0.1, 1, 10], layer=[0, 1, 7])  # there is no layer 7
    options = OPTIONS.model_copy(update={"multiverse": Multiverse(windows_forgotten=choices)})
    found = measured(write_planted_model(tmp_path / "model"), tmp_path / "out", options)
    universes = read_multiverse(tmp_path / "out")["windows_forgotten"]
    assert universes.default == {"layer": 1, "strength": 1}
    assert len(universes.others) == 5
    card = read_card(repository / "experiments/forgetting_windows/experiment.yaml")
    claim = next(one for one in card.claims if one.id == "windows_forgotten")
    own = judge(alone(claim), found[claim.measurement], ground=Ground.PAPER)
    stable = stability(own, universes, ground=Ground.PAPER)
    assert stable is not None
    assert stable.stays == 5, stable.words
    by_choice = {(one.choices["layer"], one.choices["strength"]): one for one in universes.others}
    other_layer = by_choice[0, 1.0]
    assert other_layer.measurement.hull == found["window_area_left_positive_layer_0"].hull
    # two sets of random maps in place of the four of the claim's own control
    assert other_layer.control is not None
    assert "equal number of random maps" in other_layer.control.protocol


@pytest.mark.slow
def test_an_untrusted_judge_measures_nothing_again(
    tmp_path: Path, knowing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    choices = WindowChoices(strength=[0.1, 1], layer=[1])
    update = {"multiverse": Multiverse(windows_forgotten=choices), "least_overlap": 1.0}
    monkeypatch.setattr(
        KnowingSegmenters, "windows", lambda _, pictures: np.roll(windows(pictures), 1, axis=2)
    )
    measured(write_planted_model(tmp_path / "model"), tmp_path, OPTIONS.model_copy(update=update))
    assert read_multiverse(tmp_path) == {}


@pytest.mark.slow
def test_trained_segmenters_are_repeatable_and_files_are_those_of_the_card(
    tmp_path: Path, repository: Path
) -> None:
    options = OPTIONS.model_copy(
        update={"rooms": 24, "test_rooms": 12, "epochs": 2, "samples": 20, "measured": 20,
                "curve_samples": 5, "random_sets": 2, "layers": [1]}
    )  # fmt: skip
    folders = {"bedrooms.model": write_model(tmp_path / "model", image_size=32)}
    for name in ("once", "again"):
        run_measure(measure, options, folders=folders, seed=7, out=tmp_path / name)
    hashes = [
        json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("once", "again")
    ]
    assert hashes[0] == hashes[1]
    assert {"judge_iou", "windows_marked"} <= read_measurements(tmp_path / "once").keys()
    card = read_card(repository / "experiments/forgetting_windows/experiment.yaml")
    assert set(card.captions) == {name for name in FILES if not name.endswith("html")}
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style(banner="TINY"))
    assert {p.name for p in (tmp_path / "figures").iterdir()} == FILES


@pytest.mark.slow
def test_figures_of_a_planted_effect(tmp_path: Path, knowing: None) -> None:
    model = write_planted_model(tmp_path / "model")
    folders = {"bedrooms.model": model}
    run_measure(measure, OPTIONS, folders=folders, seed=7, out=tmp_path / "measured")
    arrays = np.load(tmp_path / "measured" / "fig06.npz")
    assert arrays["unmodified"].shape == (5, SIZE, SIZE, 3)
    assert windows(arrays["unmodified"]).any(axis=(1, 2)).all()  # the first with a window
    assert not windows(arrays["positive"]).any()
    figure(tmp_path / "measured", tmp_path, Style())
    assert {p.name for p in tmp_path.iterdir() if p.suffix in (".png", ".csv", ".html")} == FILES
    table = (tmp_path / "table_fig06_windows.csv").read_text().splitlines()
    assert table[0].startswith("layer,maps dropped,number,of,window area left")
    assert table[1].startswith("layer 1,positive weight,2,8,0,0,0,")
    assert len(table) == 7  # two layers, three variants


def test_where_nothing_is_marked_nothing_is_claimed(
    tmp_path: Path, knowing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KnowingSegmenters, "proposed", lambda _, pictures: [np.zeros((0, 4))] * 60)
    folders = {"bedrooms.model": write_planted_model(tmp_path / "model")}
    run_measure(measure, OPTIONS, folders=folders, seed=7, out=tmp_path / "measured")
    found = read_measurements(tmp_path / "measured")
    assert found["windows_marked"].value == 0
    assert not any(name.startswith(("window_area", "positive", "regression")) for name in found)
    figure(tmp_path / "measured", tmp_path, Style())
    assert {p.name for p in tmp_path.iterdir()} >= FILES


@pytest.mark.slow
@pytest.mark.parametrize("value", [False, True])
def test_a_judge_that_sees_no_window_or_nothing_else(
    tmp_path: Path, knowing: None, monkeypatch: pytest.MonkeyPatch, value: bool
) -> None:
    """There are boxes, so maps are dropped, but the effect cannot be judged."""
    monkeypatch.setattr(
        KnowingSegmenters, "windows", lambda _, pictures: np.full(pictures.shape[:3], value)
    )
    folders = {"bedrooms.model": write_planted_model(tmp_path / "model")}
    run_measure(measure, OPTIONS, folders=folders, seed=7, out=tmp_path / "measured")
    found = read_measurements(tmp_path / "measured")
    assert found["positive_maps"].value > 0
    assert found["window_area_before"].value == value
    assert ("window_area_left_positive" in found) == value
    assert ("change_elsewhere_positive" in found) != value  # no elsewhere, no change of it
    assert "window_area_at_equal_change_random_minus_positive" not in found
    figure(tmp_path / "measured", tmp_path, Style())
    assert {p.name for p in tmp_path.iterdir()} >= FILES


def test_wrong_layers_and_networks_are_refused(
    tmp_path: Path, knowing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_planted_model(tmp_path / "model")
    with pytest.raises(SpecError, match=r"layers: \[1, 2\], but .* has the hidden layers 0 to 1"):
        measured(model, tmp_path, OPTIONS.model_copy(update={"layers": [1, 2]}))
    with pytest.raises(ValueError, match="expected different numbers"):
        Options(layers=[1, 1])
    with pytest.raises(ValueError, match="curve_samples <= measured"):
        Options(measured=10)
    monkeypatch.setattr(module.ModelFolder, "generator", lambda _: torch.nn.Identity())
    with pytest.raises(CheckpointError, match="layers of a convolutional generator of RGB"):
        measured(model, tmp_path)
