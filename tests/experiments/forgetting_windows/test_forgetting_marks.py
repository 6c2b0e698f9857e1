"""The basis of the forgetting: rooms drawn with their windows, the judge, the regression."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from experiments.forgetting_windows.marking_results import judge_numbers
from experiments.forgetting_windows.regression import WindowRegression
from experiments.forgetting_windows.results import (
    refitted,
)
from experiments.forgetting_windows.rooms import cropped_boxes, draw_rooms_with_boxes
from repro.data.images import centre_crop
from repro.internals.drop_maps import box_cover


@pytest.mark.slow
def test_refits_vary_with_noise_and_not_without() -> None:
    """Map 0 is active inside boxes in half of the samples; maps 1 to 8 are noise."""
    source = np.random.default_rng(0)
    maps = source.random((40, 9, 8, 8)).astype(np.float32)
    maps[::2, 0, 2:4, 2:4] += 5
    boxes = [np.array([[0.25, 0.25, 0.5, 0.5]])] * 40
    regression = WindowRegression(maps, boxes, negatives=1.0, strength=1.0, seed=1, purpose="test")
    weights = np.stack(regression.refitted_weights(refits=12))
    assert weights.shape == (12, 9)
    assert (weights[:, 0] > 0).all()
    assert (weights.std(axis=0)[1:] > 0.05).all()
    assert len({tuple(row > 0) for row in weights}) > 3  # the noise has other signs each time
    made = refitted([0.5, 0.1, 0.3])
    assert made[0].name == "window_area_left_positive_refitted"
    assert (made[0].value, made[0].low, made[0].high) == pytest.approx((0.3, 0.1, 0.5))
    assert refitted([]) == []


@pytest.mark.slow
def test_held_out_accuracy_against_scikit_learn() -> None:
    """With as many folds as samples, each sample is classified by a fit on all the others."""
    source = np.random.default_rng(0)
    maps = source.random((10, 5, 8, 8)).astype(np.float32)
    maps[::2, 0, 2:4, 2:4] += 1
    boxes = [np.array([[0.25, 0.25, 0.5, 0.5]])] * 10
    regression = WindowRegression(maps, boxes, negatives=1.0, strength=1.0, seed=1, purpose="test")
    cells = regression.cells
    wanted = (
        cross_val_predict(
            LogisticRegression(C=1.0),
            cells.features,
            cells.inside,
            groups=cells.sample,
            cv=LeaveOneGroupOut(),
        )
        == cells.inside
    )
    by_sample = [wanted[cells.sample == number].mean() for number in range(10)]
    assert regression.held_out_accuracies(folds=10) == pytest.approx(by_sample)
    assert 0.5 < np.mean(by_sample) < 1


def test_the_judge_of_test_rooms_by_hand() -> None:
    """Four rooms, three with a window: found whole, found by half, not found; one false alarm."""
    truth, found = np.zeros((2, 4, 4, 4), bool)
    truth[:3, 1:3, 1:3] = True
    found[0, 1:3, 1:3] = found[1, 1:3, 1] = found[3, 0, 0] = True
    made = {m.name: m for m in judge_numbers(found, truth, seed=1)}
    assert (made["judge_iou"].value, made["judge_iou"].n) == (0.5, 3)
    assert (made["judge_false_alarms"].value, made["judge_false_alarms"].n) == (1, 1)
    assert [m.name for m in judge_numbers(found[:3], truth[:3], seed=1)] == ["judge_iou"]
    assert [m.name for m in judge_numbers(found[3:], truth[3:], seed=1)] == ["judge_false_alarms"]


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
    rooms = draw_rooms_with_boxes(12, size=32, seed=1)
    assert rooms.pictures.shape == (12, 32, 32, 3)
    assert rooms.masks().shape == rooms.cover().shape == (12, 32, 32)
    assert np.array_equal(draw_rooms_with_boxes(3, size=32, seed=1).pictures, rooms.pictures[:3])
    assert 0.01 < rooms.cover().mean() < 0.3
    part = rooms.part(4, 9)
    assert np.array_equal(part.cover(), rooms.cover()[4:9])
