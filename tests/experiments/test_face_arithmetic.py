"""Fig 7 on a planted world: brightness of three bands is "man", "smiling", "glasses"."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from untrained_model import write_model

from experiments.contract import Inputs, Measurement, read_measurements, run_measure
from experiments.face_arithmetic import measure as module
from experiments.face_arithmetic import trials
from experiments.face_arithmetic.figure import figure
from experiments.face_arithmetic.measure import Options, measure
from experiments.face_arithmetic.trials import Samples, drawn_exemplars, pixel_sum
from experiments.face_arithmetic.triples import GLASSES, SMILE, Triple
from repro.claims import read_card
from repro.figures import Style

NAMES = ("man", "smiling", "glasses")
OPTIONS = Options(samples=300, confident=12, trials=40, classifier_images=400, classifier_epochs=6)


def bands(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    """A generator that knows: z[0..2] are the brightness of three bands of four columns."""
    grey = np.clip(128 + 90 * z[:, :4].numpy(), 0, 255).repeat(4, axis=1)
    return np.broadcast_to(grey[:, None, :, None], (len(z), 16, 16, 3)).astype(np.uint8)


def scrambled(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    """A generator without linear directions: bands depend on high bits of z."""
    return bands(G, torch.sin(40 * z), batch)


@pytest.fixture
def labelled(make_dataset) -> Path:
    z = torch.rand(400, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    labels = {name: (z[:, i].numpy() > 0).astype(np.uint8) for i, name in enumerate(NAMES)}
    return make_dataset(bands(None, z), **labels)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def measured(
    model: Path, labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Measurement]]:
    def run(draw: Callable) -> dict[str, Measurement]:
        monkeypatch.setattr(module, "draw", draw)
        monkeypatch.setattr(trials, "draw", draw)
        inputs = Inputs({"faces.model": model, "faces.data": labelled})
        return {m.name: m for m in measure(inputs, OPTIONS, 7, tmp_path)}

    return run


def test_arithmetic_succeeds_where_attributes_are_linear(measured: Callable) -> None:
    found = measured(bands)
    assert all(found[f"judge_accuracy_{name}"].value > 0.9 for name in NAMES)
    assert found["exemplars_confirmed"].value > 0.95
    assert found["success_three_exemplars"].value > 0.9
    assert found["success_three_exemplars_minus_random_direction"].low > 0
    assert found["success_three_exemplars"].n == 80  # 40 trials of 2 sums
    assert found["success_three_exemplars: smiling man"].n == 40
    parts = [
        found[f"success_one_exemplar: {n}"].value for n in ("smiling man", "woman with glasses")
    ]
    assert found["success_one_exemplar"].value == pytest.approx(np.mean(parts))


def test_arithmetic_fails_where_nothing_is_linear(measured: Callable) -> None:
    found = measured(scrambled)
    assert found["exemplars_confirmed"].value > 0.9  # single samples are fine ...
    assert found["success_three_exemplars"].value < 0.5  # ... their sums are not
    assert found["success_three_exemplars_minus_random_direction"].low <= 0.1


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


def test_run_is_repeatable_and_files_are_those_of_the_card(
    model: Path, labelled: Path, tmp_path: Path, repository: Path
) -> None:
    options = OPTIONS.model_copy(update={"classifier_epochs": 1, "trials": 5, "samples": 40})
    folders = {"faces.model": model, "faces.data": labelled}
    for name in ("once", "again"):
        run_measure(measure, options, folders=folders, seed=7, out=tmp_path / name)
    hashes = [
        json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("once", "again")
    ]
    assert hashes[0] == hashes[1]
    arrays = np.load(tmp_path / "once" / "arrays.npz")
    assert arrays["exemplars"].shape == (2, 3, 3, 16, 16, 3)
    assert arrays["grid"].shape == (2, 9, 16, 16, 3)
    assert not np.array_equal(arrays["grid"][0, 4], arrays["grid"][0, 0])
    card = read_card(repository / "experiments/face_arithmetic/experiment.yaml")
    assert {c.measurement for c in card.claims} <= read_measurements(tmp_path / "once").keys()
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style())
    assert {p.name for p in (tmp_path / "figures").iterdir()} == set(card.captions)
