"""What windows become and whether pictures get worse: planted, and the absence of both."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.forgetting_windows.replacements import (
    OTHERS,
    fate_numbers,
    overlap_numbers,
    overlaps,
    replaced,
    unknown,
)
from experiments.forgetting_windows.rooms import draw_rooms_with_boxes
from experiments.forgetting_windows.trials import Choices

N, SIDE = 40, 8
WINDOW, PICTURE, BED, WALL = 250, 150, 100, 50
CHOICES = Choices(np.array([True, False]), [np.array([False, True])] * 2, np.array([False, False]))


def windows(pictures: np.ndarray) -> np.ndarray:
    return pictures[..., 0] == WINDOW


def others(pictures: np.ndarray) -> np.ndarray:
    return np.stack([pictures[..., 0] == grey for grey in (PICTURE, BED)], axis=1)


def rooms(grey: int, *, half: int | None = None) -> np.ndarray:
    """Walls with a bed below, and at the place of the window this grey; its right half another."""
    made = np.full((N, SIDE, SIDE, 3), WALL, np.uint8)
    made[:, 6:] = BED
    made[:, 1:5, 2:6] = grey
    if half is not None:
        made[:, 1:5, 4:6] = half
    return made


class Planted:
    """New samples that are `positive` without the window maps, `random` without others."""

    def __init__(self, positive: np.ndarray, random: np.ndarray) -> None:
        self.before, self.windows = rooms(WINDOW), windows
        self._after = {True: positive, False: random}

    def pictures(self, dropped: np.ndarray) -> np.ndarray:
        return self._after[bool(dropped[0])]


def numbers(positive: np.ndarray, random: np.ndarray, because: str = ""):
    def scores(pictures: np.ndarray) -> np.ndarray:
        return pictures.mean(axis=(1, 2, 3))

    made = fate_numbers(
        Planted(positive, random), CHOICES, others=others, scores=scores, seed=1, because=because
    )
    return {one.name: one for one in made}


def test_windows_that_become_pictures_and_walls_that_stay() -> None:
    found = numbers(rooms(PICTURE, half=WALL), rooms(WINDOW, half=WALL))
    assert found["window_became_picture_positive"].value == 0.5
    assert found["window_became_bed_positive"].value == 0  # the bed was no window
    assert found["window_became_thing_positive"].low > 0.1
    assert found["window_became_thing_random"].value == 0
    assert found["more_real_without_positive"].value == 0  # darker, which this D likes less
    assert found["more_real_without_random"].value == 0


def test_windows_that_become_wall_become_nothing() -> None:
    found = numbers(rooms(WALL), rooms(WALL))
    assert found["window_became_thing_positive"].high < 0.1


def test_where_no_window_is_lost_nothing_is_stated() -> None:
    found = numbers(rooms(WINDOW), rooms(WINDOW))
    assert not any(name.startswith("window_became") for name in found)
    assert found["more_real_without_positive"].value == 0.5  # ties


def test_what_the_judge_does_not_know_withholds_the_claim() -> None:
    truth = np.zeros((6, 2, 4, 4), bool)
    truth[:4, 0, :2] = truth[:, 1, 3] = True
    blind = truth.copy()
    blind[:, 0] = False
    blind[0, 0] = True  # half of it is right in one room of four with a picture
    found = overlaps(blind, truth)
    assert found["picture"].tolist() == [0.5, 0, 0, 0]
    assert found["bed"].tolist() == [1] * 6
    assert "is picture 0.12 (at least 0.3" in unknown(found)
    assert unknown(overlaps(truth, truth)) == ""
    assert "picture 0.00" in unknown(overlaps(truth[4:], truth[4:]))  # no room has any
    withheld = numbers(rooms(PICTURE), rooms(WALL), because=unknown(found))
    assert withheld["window_became_thing_positive"].value is None
    assert "does not know" in withheld["window_became_thing_positive"].no_value_because
    assert withheld["window_became_picture_positive"].value == 1
    assert withheld["more_real_without_positive"].value == 0
    (of_pictures, of_beds) = overlap_numbers(found, seed=1)
    assert (of_pictures.value, of_beds.value) == (0.125, 1)


def test_pixels_counted_by_hand() -> None:
    after = rooms(PICTURE, half=BED)
    counts = replaced(SimpleNamespace(before=rooms(WINDOW), windows=windows), after, others)
    first = {name: values[0] for name, values in counts.items()}
    assert first == {"picture": 8, "bed": 8, "lost": 16, "thing": 16}


def test_drawn_rooms_know_their_pictures_and_beds() -> None:
    drawn = draw_rooms_with_boxes(25, size=32, seed=1)
    assert drawn.others.shape == (25, len(OTHERS), 32, 32)
    picture, bed = drawn.others[:, 0], drawn.others[:, 1]
    assert (bed.mean(axis=(1, 2)) > 0.02).mean() > 0.9  # nearly every room shows its bed
    assert 0.2 < (picture.max(axis=(1, 2)) > 0.5).mean() < 1  # pictures hang in some
    assert (picture + bed).max() == pytest.approx(1, abs=0.02)  # what the bed hides is not seen
    assert (drawn.cover() * picture > 0.5).sum() < 0.01 * (picture > 0.5).sum() + 5
