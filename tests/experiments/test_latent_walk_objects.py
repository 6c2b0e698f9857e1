"""Objects along a walk: ones that come once, that flicker, and none are distinguished."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from untrained_model import write_model

from experiments.contract import Inputs
from experiments.latent_walk import measure as module
from experiments.latent_walk.objects import (
    OBJECTS,
    ObjectJudge,
    changes,
    independent_changes,
    judge_numbers,
    object_numbers,
)
from experiments.latent_walk.options import Options
from repro.networks.model_folder import ModelFolder

SEGMENTS, FRAMES = 80, 11
ALWAYS_RIGHT = np.ones((20, 2), bool)


def bright_is_an_object(pictures: np.ndarray) -> np.ndarray:
    """Red pixels are windows, blue ones lamps: (N, H, W, 3) -> (N, 2, H, W)."""
    return (pictures[..., [0, 2]] > 200).transpose(0, 3, 1, 2)


def judge() -> ObjectJudge:
    pictures = np.zeros((4, 32, 32, 3), np.uint8)
    pictures[:2, 2:8, 2:8, 0] = 255
    pictures[2, 9, 9, 2] = 255  # one pixel of 1,024, below the least
    truth = np.array([[1, 0], [1, 0], [0, 0], [1, 1]], bool)
    return ObjectJudge(bright_is_an_object, pictures, truth)


def test_presence_is_that_of_parts_large_enough() -> None:
    own = judge()
    assert own.presence(own.test_pictures).tolist() == [[1, 0], [1, 0], [0, 0], [0, 0]]
    frames = own.test_pictures.reshape(2, 2, 32, 32, 3)
    assert own.presence(frames).shape == (2, 2, len(OBJECTS))
    found = {one.name: one.value for one in judge_numbers(own.right())}
    assert found == {"object_judge_right_window": 0.75, "object_judge_right_lamp": 0.75}


def walks(kind: str) -> np.ndarray:
    """Presence (segments, frames, objects): windows on half of the segments' ends, no lamps."""
    source = np.random.default_rng(0)
    there = np.zeros((SEGMENTS, FRAMES, 2), bool)
    if kind == "once":
        ends = source.random((SEGMENTS, 2)) < 0.5
        turn = source.integers(1, FRAMES, SEGMENTS)
        later = np.arange(FRAMES) >= turn[:, None]
        there[..., 0] = np.where(later, ends[:, 1:], ends[:, :1])
    elif kind == "flickers":
        there[..., 0] = source.random((SEGMENTS, FRAMES)) < 0.5
    return there


def numbers(kind: str, right: np.ndarray = ALWAYS_RIGHT):
    made = object_numbers(walks(kind), walks("none"), right, steps=FRAMES - 1, seed=1)
    return {one.name: one for one in made}


def test_objects_that_come_or_go_once() -> None:
    found = numbers("once")
    assert found["objects_come_or_go"].value == pytest.approx(0.5, abs=0.15)
    assert found["objects_come_or_go"].low > 0.1
    assert found["objects_come_or_go_untrained"].value == 0
    assert found["object_switches_share"].value == pytest.approx(0.1, abs=0.04)
    assert found["object_switches_share"].high < 0.5


def test_flickering_objects_come_and_go_too_but_not_once() -> None:
    found = numbers("flickers")
    assert found["objects_come_or_go"].low > 0.1
    assert found["object_switches_share"].value == pytest.approx(1, abs=0.15)
    assert found["object_switches_share"].low > 0.5


def test_without_objects_nothing_comes_and_no_share_is_stated() -> None:
    found = numbers("none")
    assert found["objects_come_or_go"].value == 0
    assert "object_switches_share" not in found


def test_an_object_that_the_judge_does_not_know_does_not_count() -> None:
    lamps = walks("flickers")[..., ::-1]
    half = np.tile([[True, True], [True, False]], (10, 1))
    made = object_numbers(lamps, walks("none"), half, steps=FRAMES - 1, seed=1)
    found = {one.name: one for one in made}
    assert found["objects_come_or_go"].value == 0
    assert "sees a window, and" in found["objects_come_or_go"].protocol
    assert object_numbers(lamps, lamps, ~ALWAYS_RIGHT, steps=10, seed=1) == []


def test_independent_changes_are_the_mean_over_all_frames_of_other_walks() -> None:
    there = np.concatenate([walks("once"), walks("flickers")])[:, :4]
    pairs = [
        (one[t] != other[t + 1]).sum() for t in range(3) for one, other in permutations(there, 2)
    ]
    expected = sum(pairs) / (len(there) * (len(there) - 1))
    assert independent_changes(there) == pytest.approx(expected)


def test_the_interval_of_independent_changes_is_that_of_their_share() -> None:
    """One walk in five has a window all along: 10 steps of 2 p (1 - p) switches each, p = 0.2.

    The error of p, sqrt(p (1 - p) / 80), times the derivative 20 (1 - 2 p) is 0.54.
    """
    there = np.zeros((SEGMENTS, FRAMES, 2), bool)
    there[::5, :, 0] = True
    made = object_numbers(there, walks("none"), ALWAYS_RIGHT, steps=FRAMES - 1, seed=1)
    found = {one.name: one for one in made}
    independent = found["object_switches_independent"]
    assert independent.value == pytest.approx(3.2 * SEGMENTS / (SEGMENTS - 1))
    assert independent.high - independent.low == pytest.approx(2 * 1.96 * 0.54, rel=0.15)
    assert found["object_switches_share"].value == 0  # along a walk nothing comes or goes


def test_changes_by_hand() -> None:
    there = np.array([[[0, 1], [1, 1], [0, 0]]], bool)
    assert changes(there).tolist() == [3]


@pytest.mark.slow
def test_measured_only_where_the_bedrooms_are_drawn(tmp_path: Path) -> None:
    model = ModelFolder.open(write_model(tmp_path / "model"))
    options = Options(rooms=20, test_rooms=10, epochs=1)
    raw = tmp_path / "raw"
    raw.mkdir()
    for record, wanted in (('{"spec": {"generator": "faces"}}', False),
                           ('{"spec": {"generator": "rooms"}}', True)):  # fmt: skip
        (raw / "provenance.json").write_text(record)
        own = module._object_judge(Inputs({"bedrooms.raw": raw}), model, options, seed=1)
        assert (own is not None) == wanted
    assert module._object_judge(Inputs({}), model, options, seed=1) is None


@pytest.mark.slow
def test_windows_are_learnt_from_drawn_rooms() -> None:
    trained = ObjectJudge.trained(rooms=150, test_rooms=60, size=32, epochs=4, seed=1)
    truth = trained.test_presence[:, 0]
    assert 0.2 < truth.mean() < 0.95
    assert trained.right()[:, 0].mean() > 0.65
    grey = np.full((5, 32, 32, 3), 120, np.uint8)
    assert not trained.presence(grey).any()
