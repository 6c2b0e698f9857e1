"""Fig 6: planted window maps must be found and their loss seen, and the absence of both.

Longer than 300 lines: measurement, trials and their statistics are tried on one planted generator.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from planted_windows import (
    SIZE,
    WINDOW_MAPS,
    KnowingSegmenters,
    planted_generator,
    windows,
    write_planted_model,
)
from sklearn.metrics import roc_auc_score
from untrained_model import write_model

from experiments.contract import Inputs, run_measure
from experiments.forgetting_windows import measure as module
from experiments.forgetting_windows.figure import figure
from experiments.forgetting_windows.measure import measure
from experiments.forgetting_windows.options import Options
from experiments.forgetting_windows.outcome import (
    effect_measurements,
    equal_change_measurements,
    ratio_measurement,
)
from experiments.forgetting_windows.regression import (
    area_under_curve,
    refit_measurements,
    refitted_weights,
)
from experiments.forgetting_windows.rooms import cropped_boxes, draw_rooms
from experiments.forgetting_windows.trials import Bench, Choices, Curve, curve, differences
from repro import rng
from repro.claims.card import read_card
from repro.claims.measurement import Measurement, read_measurements
from repro.claims.verdict import judge
from repro.data.images import centre_crop
from repro.figures.drawing import Style
from repro.internals.drop_maps import box_cover, highest
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


def bench(count: int = 80) -> Bench:
    z = rng.latents(count, 32, seed=1, purpose="test")
    return Bench(planted_generator(), z, layer=1, windows=windows)


def measured(model: Path, out: Path, options: Options = OPTIONS) -> dict[str, Measurement]:
    out.mkdir(exist_ok=True)
    return {m.name: m for m in measure(Inputs({"bedrooms.model": model}), options, 7, out)}


def test_the_planted_generator_draws_what_it_says() -> None:
    z = rng.latents(80, 32, seed=1, purpose="test")
    wanted = (z[:, :16].reshape(-1, 4, 4) > 0.85).repeat_interleave(4, 1).repeat_interleave(4, 2)
    share = (windows(bench().before) == wanted.numpy()).mean()
    assert share > 0.98  # the faintest windows are no brighter than a wall


def test_planted_window_maps_are_found_and_forgotten(
    tmp_path: Path, repository: Path, knowing: None
) -> None:
    found = measured(write_planted_model(tmp_path / "model"), tmp_path / "out")
    assert found["windows_marked"].value > 40
    assert found["regression_auc"].low > 0.75
    assert found["window_area_left_positive"].value < 0.01
    assert found["window_area_left_positive_without_colour"].value < 0.01
    assert found["windows_gone_positive"].value > 0.99
    assert found["window_area_left_lowest"].value > 0.95
    assert found["window_area_left_positive_refitted"].high < 0.01
    assert found["same_sign_refitted"].low > 0.7
    assert found["change_elsewhere_positive"].value < 1  # walls have maps of their own
    assert found["layout_kept_positive"].value > 0.9
    assert found["window_area_before"].value == pytest.approx(0.075, abs=0.02)
    for name in ("window_area_left_positive", "change_elsewhere_random", "regression_auc"):
        assert f"{name}_layer_0" in found
    card = read_card(repository / "experiments/forgetting_windows/experiment.yaml")
    verdicts = {c.id: judge(c, found.get(c.measurement)).verdict.value for c in card.claims}
    assert set(verdicts.values()) == {"reproduced"}, verdicts


def test_the_wrong_maps_forget_nothing() -> None:
    """Weights turned round: the claims must fail, not only be weaker."""
    here = bench()
    weights = np.where(np.isin(np.arange(8), WINDOW_MAPS), -1.0, 1.0) * np.arange(1, 9)
    weights[[0, 2, 3]] = [-0.2, -0.1, -0.3]
    choices = Choices.of(weights, sets=6, seed=1, purpose="test")
    assert choices.positive.sum() == choices.lowest.sum() == 3
    assert all(one.sum() == 3 for one in choices.random)
    after = {
        "positive": [here.effect(choices.positive)],
        "random": [here.effect(one) for one in choices.random],
        "lowest": [here.effect(choices.lowest)],
    }
    made = effect_measurements(here.unmodified, after, here.other_samples(), suffix="", seed=1)
    found = {m.name: m for m in made}
    assert found["window_area_left_positive"].low > 0.9
    assert found["window_area_left_lowest"].high < 0.01
    assert found["window_area_random_minus_positive"].high < 0.05
    assert found["window_area_lowest_minus_positive"].high < -0.04
    assert found["windows_gone_positive"].high < 0.05
    drawn = curve(here, weights, samples=30, steps=4, sets=3, seed=1, purpose="test")
    made = equal_change_measurements(drawn, 3, suffix="", seed=1)
    assert made[1].name == "window_area_at_equal_change_lowest_minus_positive"
    assert made[1].value < 0


def test_refits_vary_with_noise_and_not_without() -> None:
    """Map 0 is active inside boxes in half of the samples; maps 1 to 8 are noise."""
    source = np.random.default_rng(0)
    maps = source.random((40, 9, 8, 8)).astype(np.float32)
    maps[::2, 0, 2:4, 2:4] += 5
    boxes = [np.array([[0.25, 0.25, 0.5, 0.5]])] * 40
    given = {"strength": 1.0, "negatives": 1.0, "seed": 1, "purpose": "test"}
    weights = np.stack(refitted_weights(maps, boxes, refits=12, **given))
    assert weights.shape == (12, 9)
    assert (weights[:, 0] > 0).all()
    assert (weights.std(axis=0)[1:] > 0.05).all()
    assert len({tuple(row > 0) for row in weights}) > 3  # the noise has other signs each time
    made = refit_measurements(weights[0], list(weights), [0.5, 0.1, 0.3], suffix="_layer_2")
    assert [m.name for m in made] == [
        "same_sign_refitted_layer_2",
        "window_area_left_positive_refitted_layer_2",
    ]
    signs = ((weights > 0) == (weights[0] > 0)).mean(axis=1)
    assert (made[0].value, made[0].low) == pytest.approx((signs.mean(), signs.min()))
    assert (made[1].value, made[1].low, made[1].high) == pytest.approx((0.3, 0.1, 0.5))
    assert refit_measurements(weights[0], [], [], suffix="") == []


def test_area_under_the_curve_against_scikit_learn() -> None:
    source = np.random.default_rng(0)
    inside, scores = source.random(80) < 0.3, source.integers(0, 9, 80).astype(float)
    assert area_under_curve(inside, scores) == pytest.approx(roc_auc_score(inside, scores))


def test_as_many_of_the_lowest_but_none_of_positive_weight() -> None:
    choices = Choices.of(np.array([3.0, 2, 1, 0.5, -1]), sets=2, seed=1, purpose="test")
    assert choices.positive.tolist() == [True, True, True, True, False]
    assert choices.lowest.tolist() == [False, False, False, False, True]


def test_curve_begins_unmodified_and_ends_with_nothing() -> None:
    here, weights = bench(20), np.arange(8) - 3.5
    found = curve(here, weights, samples=10, steps=3, sets=2, seed=1, purpose="test")
    assert found.counts.tolist() == [0, 3, 4, 5, 8]  # 8/3 and 16/3 rounded; 4 are positive
    assert found.random.shape == (2, 2, 5, 10)
    for one in (found.positive, found.random, found.lowest):
        assert np.allclose(one[0, :, 0], here.unmodified.area[:10])
        assert (one[1, :, 0] == 0).all()
        assert np.allclose(one[0, :, -1], 0)
    single = here.effect(highest(weights, 4), slice(10))
    assert np.allclose(found.positive[:, 0, 2], [single.area, single.change])


def test_differences_against_numpy() -> None:
    source = np.random.default_rng(0)
    before, after = source.integers(0, 256, (2, 5, 6, 6, 3)).astype(np.uint8)
    where = source.random((5, 6, 6)) < 0.6
    where[3] = False
    after[4] = 9
    change, likeness = differences(before, after, where)
    for n in (0, 1, 2, 4):
        one, other = before[n].mean(axis=2)[where[n]], after[n].mean(axis=2)[where[n]]
        assert change[n] == pytest.approx(np.abs(one - other).mean())
        if n != 4:
            assert likeness[n] == pytest.approx(np.corrcoef(one, other)[0, 1])
    assert np.isnan(change[3])
    assert np.isnan(likeness[[3, 4]]).all()


def test_ratios_are_paired_and_leave_out_what_is_not_defined() -> None:
    samples = np.random.default_rng(0).normal(5, 1, (1, 200))
    same = ratio_measurement("x", samples, samples * 2, seed=1, over="samples", protocol="")[0]
    assert (same.value, same.low, same.high) == pytest.approx((0.5, 0.5, 0.5))  # paired
    holed = np.array([1.0, np.nan, 3.0])
    assert ratio_measurement("x", holed, np.ones(3), seed=1, over="samples", protocol="")[0].n == 2
    assert ratio_measurement("x", holed, np.zeros(3), seed=1, over="samples", protocol="") == []


def test_equal_change_by_hand() -> None:
    """Random maps: the area falls from 10 to 0 while the rest changes by 0 to 20."""
    steps, samples = np.arange(5.0), np.ones(6)

    def line(area: np.ndarray, change: np.ndarray) -> np.ndarray:
        return np.stack([np.outer(v, samples) for v in (area, change)])[:, None]

    positive = line(np.array([10, 6, 1, 0, 0.0]), np.array([0, 1, 6, 8, 20.0]))
    random_sets = line(10 - 2.5 * steps, 5 * steps).repeat(3, axis=1)
    lowest = line(np.full(5, 12.0), 5 * steps)
    found = Curve(np.arange(0, 10, 2), positive, random_sets, lowest)
    made = equal_change_measurements(found, 4, suffix="_layer_9", seed=1)
    assert made[0].name == "window_area_at_equal_change_random_minus_positive_layer_9"
    assert made[0].value == pytest.approx(10 - 6 / 20 * 10 - 1)  # change 6 -> area 7, minus 1
    assert made[1].value == pytest.approx(12 - 1)
    assert (made[0].low, made[0].high) == pytest.approx((6, 6))


def test_boxes_follow_the_centre_crop() -> None:
    boxes = np.array([[0.25, 0.2, 0.5, 0.7], [0, 0, 0.2, 1], [0.7, 0, 0.9, 0.5]])
    found = cropped_boxes(boxes, height=100, width=200)  # the square is x = 50 .. 150
    assert np.allclose(found, [[0, 0.2, 0.5, 0.7], [0.9, 0, 1, 0.5]])
    tall = cropped_boxes(boxes[:1], height=200, width=100)  # y = 50 .. 150
    assert np.allclose(tall, [[0.25, 0, 0.5, 0.9]])
    for height, width in ((128, 170), (150, 128), (128, 128)):
        picture = np.zeros((height, width, 3), np.uint8)
        picture[30:80, 40:100] = 255
        box = np.array([[40 / width, 30 / height, 100 / width, 80 / height]])
        seen = centre_crop(picture, 64)[:, :, 0] > 127
        told = box_cover(cropped_boxes(box, height=height, width=width), 64) > 0.5
        assert (seen != told).mean() < 0.02


def test_rooms_are_drawn_with_their_windows() -> None:
    rooms = draw_rooms(12, size=32, seed=1)
    assert rooms.pictures.shape == (12, 32, 32, 3)
    assert rooms.masks().shape == rooms.cover().shape == (12, 32, 32)
    assert np.array_equal(draw_rooms(3, size=32, seed=1).pictures, rooms.pictures[:3])
    assert 0.01 < rooms.cover().mean() < 0.3
    part = rooms.part(4, 9)
    assert np.array_equal(part.cover(), rooms.cover()[4:9])


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
    assert {"judge_iou", "judge_recall", "windows_marked"} <= read_measurements(
        tmp_path / "once"
    ).keys()
    card = read_card(repository / "experiments/forgetting_windows/experiment.yaml")
    assert set(card.captions) == {name for name in FILES if not name.endswith("html")}
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style(banner="TINY"))
    assert {p.name for p in (tmp_path / "figures").iterdir()} == FILES


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


@pytest.mark.parametrize("value", [False, True])
def test_a_judge_that_sees_no_window_or_nothing_else(
    tmp_path: Path, knowing: None, monkeypatch: pytest.MonkeyPatch, value: bool
) -> None:
    """Boxes there are, so that maps are dropped, but nothing of it can be judged."""
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
