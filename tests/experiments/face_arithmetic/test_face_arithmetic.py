"""Fig 7 on a planted world, where the arithmetic works, and where it cannot."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from banded_faces import NAMES, OPTIONS, bands, labels_of, scrambled
from pydantic import ValidationError
from untrained_model import write_model

from experiments.contract import Inputs, run_measure
from experiments.face_arithmetic import judging, picked, trials
from experiments.face_arithmetic import measure as module
from experiments.face_arithmetic.alignment import NOT_TESTED
from experiments.face_arithmetic.figure import figure
from experiments.face_arithmetic.measure import measure
from experiments.face_arithmetic.options import Options
from experiments.face_arithmetic.trials import Samples, drawn_exemplars, pixel_sum
from experiments.face_arithmetic.triples import GLASSES, SMILE, Triple
from repro.claims.card import read_card
from repro.claims.measurement import Measurement, read_measurements
from repro.figures.style import Style
from repro.networks.model_folder import ModelFolder
from repro.specs.validation import SpecError


@pytest.fixture
def labelled(make_dataset) -> Path:
    z = torch.rand(400, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return make_dataset(bands(None, z), **labels_of(z))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def measured(
    model: Path, labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Measurement]]:
    def run(draw: Callable, options: Options = OPTIONS) -> dict[str, Measurement]:
        for one in (module, judging, trials, picked):
            monkeypatch.setattr(one, "draw", draw)
        inputs = Inputs({"faces.model": model, "faces.data": labelled})
        return {m.name: m for m in measure(inputs, options, 7, tmp_path)}

    return run


@pytest.mark.slow
def test_arithmetic_succeeds_where_attributes_are_linear(measured: Callable) -> None:
    found = measured(bands)
    assert all(found[f"judge_accuracy_{name}"].value > 0.9 for name in NAMES)
    assert found["exemplars_confirmed"].value > 0.95
    assert found["success_three_exemplars"].value > 0.9
    assert found["success_three_exemplars_minus_random_direction"].low > 0
    assert found["success_three_exemplars"].n == 80  # 40 trials of 2 sums
    assert found["success_many_exemplars"].value > 0.9
    assert "10 exemplars" in found["success_many_exemplars"].protocol
    assert found["success_three_exemplars: smiling man"].n == 40
    parts = [
        found[f"success_one_exemplar: {n}"].value for n in ("smiling man", "woman with glasses")
    ]
    assert found["success_one_exemplar"].value == pytest.approx(np.mean(parts))


@pytest.mark.slow
def test_arithmetic_fails_where_nothing_is_linear(measured: Callable) -> None:
    found = measured(scrambled)
    assert found["exemplars_confirmed"].value > 0.9  # single samples are fine ...
    assert found["success_three_exemplars"].value < 0.5  # ... their sums are not
    assert found["success_three_exemplars_minus_random_direction"].low <= 0.1


@pytest.mark.slow
def test_the_control_fails_where_only_the_trained_generator_is_linear(
    measured: Callable, model: Path
) -> None:
    trained = ModelFolder.open(model).generator().state_dict()

    def planted(G: torch.nn.Module, z: torch.Tensor) -> np.ndarray:
        own = all(torch.equal(x, trained[key]) for key, x in G.state_dict().items())
        return (bands if own else scrambled)(G, z)

    name = "success_three_exemplars_minus_random_direction"
    options = OPTIONS.model_copy(update={"untrained_trials": 20})
    found = measured(planted, options)
    assert found[name].low > 0
    assert found[f"{name}_untrained"].low < 0.05
    assert found[f"{name}_untrained"].n == 40  # 20 trials of 2 sums
    assert measured(bands, options)[f"{name}_untrained"].low > 0  # linear without training


def test_trials_draw_distinct_exemplars_of_the_candidates() -> None:
    rows = drawn_exemplars(np.arange(50, 60), trials=200, exemplars=3, seed=1, purpose="test")
    assert rows.shape == (200, 3)
    assert all(len(set(row)) == 3 for row in rows)
    counts = np.bincount(rows.ravel() - 50, minlength=10)
    assert len(counts) == 10
    assert counts.min() > 30  # 60 expected each


def test_candidates_show_the_concept_best_first() -> None:
    probabilities = np.array([[0.9, 0.9], [0.8, 0.1], [0.99, 0.05], [0.1, 0.0]])
    samples = Samples(None, torch.zeros(4, 1), np.zeros((4, 1, 1, 1), np.uint8), probabilities)
    assert samples.candidates({0: 1, 1: 0}, 2).tolist() == [2, 1]


def test_pixel_sum_by_hand_with_clipping() -> None:
    a, b, c = (
        np.array(values, np.uint8).reshape(1, 2, 1, 1, 2)
        for values in ([[200, 10], [220, 20]], [[100, 40], [100, 50]], [[150, 5], [170, 6]])
    )
    assert pixel_sum(a, b, c).ravel().tolist() == [255, 0]  # 210-100+160 = 270, 15-45+5.5 < 0
    assert pixel_sum(a, a, c).ravel().tolist() == [160, 6]  # 5.5 rounds to even


def test_what_a_sum_should_give() -> None:
    assert SMILE.wanted == {"man": 1, "smiling": 1, "glasses": 0}
    assert GLASSES.wanted == {"man": 0, "glasses": 1}
    assert SMILE.concepts == ("smiling woman", "neutral woman", "neutral man", "smiling man")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "a minus b"}, "does not read 'A - B"),
        ({"b": {"man": 1}}, "must name the same attributes"),
        ({"a": {"man": 1, "glasses": 0}, "b": {"man": 0, "glasses": 1}}, "neither 0 nor 1"),
        ({"a": {"man": 2, "glasses": 0}}, "Input should be 0 or 1"),
    ],
)
def test_impossible_sums_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Triple(**{**GLASSES.model_dump(), **change})


def test_options_name_unknown_attributes() -> None:
    with pytest.raises(ValidationError, match="name man, smiling, which `attributes` does not"):
        Options(attributes={"glasses": "glasses == 1"})
    with pytest.raises(ValidationError, match="exemplars <= confident <= samples"):
        Options(confident=2)


@pytest.mark.slow
def test_run_is_repeatable_and_files_are_those_of_the_card(
    model: Path, labelled: Path, tmp_path: Path, repository: Path
) -> None:
    options = OPTIONS.model_copy(
        update={"classifier_epochs": 1, "blend_epochs": 1, "trials": 5, "samples": 40}
    )
    folders = {"faces.model": model, "faces.data": labelled}
    for name in ("once", "again"):
        run_measure(measure, options, folders=folders, seed=7, out=tmp_path / name)
    hashes = [
        json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("once", "again")
    ]
    assert hashes[0] == hashes[1]
    arrays = np.load(tmp_path / "once" / "arrays.npz")
    assert arrays["0 exemplars_a"].shape == (3, 16, 16, 3)
    assert arrays["1 grid"].shape == (9, 16, 16, 3)
    assert not np.array_equal(arrays["0 grid"][4], arrays["0 grid"][0])
    assert arrays["by"].tolist() == ["", ""]
    card = read_card(repository / "experiments/face_arithmetic/experiment.yaml")
    stated = {name for c in card.claims for name in (c.measurement, c.control)}
    assert stated <= read_measurements(tmp_path / "once").keys()
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style())
    page = "fig07_picks.html"
    assert {p.name for p in (tmp_path / "figures").iterdir()} == {*card.captions, page}


@pytest.mark.slow
def test_realistic_and_successful_is_both_at_once(measured: Callable) -> None:
    found = measured(bands)
    for variant in trials.VARIANTS:
        both = found[f"success_and_realistic_{variant}"].value
        least = found[f"success_{variant}"].value + found[f"realistic_{variant}"].value - 1
        most = min(found[f"success_{variant}"].value, found[f"realistic_{variant}"].value)
        assert least - 1e-9 <= both <= most + 1e-9
    assert 0.75 < found["realistic_plain_samples"].value <= 1
    name = "success_and_realistic_three_exemplars_minus_pixel_space"
    assert found[name].value is None  # bands are in the same place in every picture
    assert found[name].no_value_because == NOT_TESTED
    difference = found[f"aligned_{name}"].value
    parts = [found[f"success_and_realistic_{v}"].value for v in ("three_exemplars", "pixel_space")]
    assert difference == pytest.approx(parts[0] - parts[1])
    ratio = found["sharpness_three_exemplars"]
    assert "over the mean of plain samples" in ratio.protocol
    assert found["discriminator_score_pixel_space"].unit == "logits"


def places(z: torch.Tensor) -> np.ndarray:
    """Top left corners of the squares in `outlines`: rows and columns (N, 2)."""
    return (torch.sigmoid(3 * z[:, 4:6]) * 9).numpy().astype(int)


def outlines(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    """Bands, and a dark square whose place is not linear in z: pixels of two ghost, z does not."""
    pictures = bands(G, z, batch).copy()
    for picture, (top, left) in zip(pictures, places(z), strict=True):
        picture[top : top + 7, left : left + 7] = 0
    return pictures


@pytest.mark.slow
def test_ghosts_of_pixel_sums_are_told_from_sums_in_latent_space(
    model: Path, make_dataset: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    z = torch.rand(600, 8, generator=torch.Generator().manual_seed(3)) * 2 - 1
    placed = dict(zip(("shift_down", "shift_right"), places(z).T, strict=True))
    data = make_dataset(outlines(None, z), **labels_of(z), **placed)
    for one in (module, judging, trials, picked):
        monkeypatch.setattr(one, "draw", outlines)
    inputs = Inputs({"faces.model": model, "faces.data": data})
    options = OPTIONS.model_copy(update={"classifier_images": 600, "blend_epochs": 10})
    found = {m.name: m for m in measure(inputs, options, 7, tmp_path)}
    assert found["wider_blend_judge_accuracy"].value > 0.7
    ghosts = found["wider_called_a_blend_pixel_space"].value
    assert ghosts > found["wider_called_a_blend_three_exemplars"].value + 0.3
    assert found["wider_called_a_blend_sample_blends"].value > 0.7
    assert found["wider_called_a_blend_plain_samples"].value < 0.3
    judged = found["success_and_realistic_wider_three_exemplars_minus_pixel_space"]
    assert judged.low > 0  # the labels say that the squares are in different places
    assert not any(name.startswith("aligned_") for name in found)


def test_too_few_images_are_refused(model: Path, make_dataset: Callable, tmp_path: Path) -> None:
    z = torch.rand(40, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    inputs = Inputs(
        {"faces.model": model, "faces.data": make_dataset(bands(None, z), **labels_of(z))}
    )
    with pytest.raises(SpecError, match=r"40 labelled images are used, .* expected 45 at least"):
        measure(inputs, OPTIONS, 7, tmp_path)


def test_more_exemplars_keep_the_first_ones() -> None:
    few, many = (
        drawn_exemplars(np.arange(30), trials=9, exemplars=n, seed=1, purpose="t") for n in (3, 10)
    )
    assert np.array_equal(many[:, :3], few)


def test_the_larger_average_takes_no_more_than_there_are() -> None:
    assert OPTIONS.exemplars_drawn["many_exemplars"] == 10
    few = Options(confident=6, samples=100)
    assert few.exemplars_drawn == {"one_exemplar": 1, "three_exemplars": 3, "many_exemplars": 6}
    with pytest.raises(ValidationError, match=r"many \(2\) is below exemplars"):
        Options(many=2)
