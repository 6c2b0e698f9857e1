"""Generated portraits: balance of the labels, and the labels against measured pixels."""

import csv
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from data_prep.generated import faces
from data_prep.generated.drawing import parallel
from data_prep.generated.drawing.portrait import Placement, draw_person, draw_portrait
from repro.rng import generator

COUNT = 160


@pytest.fixture(scope="module")
def portraits() -> list[tuple[np.ndarray, dict[str, float]]]:
    return [faces.portrait(5, index) for index in range(COUNT)]


def twins(index: int, attribute: str, pose: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """The same person without and with one attribute, as float (96, 96, 3)."""
    pictures = []
    for value in (False, True):
        rng = generator(11, "twins", index)
        given = {"man": index % 2 == 0, "smiling": False, "glasses": False, attribute: value}
        person, _ = draw_person(rng, **given)
        pictures.append(draw_portrait(person, pose, rng).astype(float))
    return pictures[0], pictures[1]


@pytest.mark.slow
def test_all_combinations_are_equally_frequent_and_pose_is_independent(
    portraits: list[tuple[np.ndarray, dict[str, float]]],
) -> None:
    labels = [label for _, label in portraits]
    names = ("man", "smiling", "glasses")
    combinations = Counter(tuple(label[name] for name in names) for label in labels)
    assert set(combinations.values()) == {COUNT // 8}
    assert len(combinations) == 8
    pose = np.array([label["pose"] for label in labels])
    assert -1 <= pose.min() < -0.85
    assert 0.85 < pose.max() <= 1
    for name in names:
        assert abs(np.corrcoef(pose, [label[name] for label in labels])[0, 1]) < 0.25
    assert all(label["man"] for label in labels if label["beard"])


@pytest.mark.parametrize("size", [96, 64, 32])
def test_glasses_darken_the_eye_zone_and_nothing_else(size: int) -> None:
    for index in range(8):
        without, with_glasses = (
            cv2.resize(p, (size, size), interpolation=cv2.INTER_AREA)
            for p in twins(index, "glasses")
        )
        change = np.abs(with_glasses - without).max(-1)
        eyes = slice(round(size * 0.32), round(size * 0.56))
        assert change[eyes].max() > 35, index
        below = slice(round(size * 0.66), None)
        assert change[below].max() < 3, index


@pytest.mark.parametrize("size", [64, 32])
def test_a_smile_shows_teeth_where_a_closed_mouth_shows_none(size: int) -> None:
    for index in range(8):
        neutral, smiling = (
            cv2.resize(p, (size, size), interpolation=cv2.INTER_AREA)
            for p in twins(index, "smiling")
        )
        mouth = (
            slice(round(size * 0.58), round(size * 0.72)),
            slice(round(size * 0.35), round(size * 0.65)),
        )
        brighter = (smiling - neutral)[mouth].min(-1)
        assert brighter.max() > 40, index


def test_pose_moves_the_nose_and_not_the_eyes() -> None:
    """The skin's outline relative to the eyes shows which way the head is turned."""
    for index in range(6):
        centres = []
        for pose in (-1.0, 0.0, 1.0):
            rng = generator(11, "turning", index)
            person, _ = draw_person(rng, man=True, smiling=True, glasses=False)
            picture = draw_portrait(person, pose, rng).astype(float)
            teeth = picture[58:70].min(-1) > 200  # the mouth is in front of the head's axis
            centres.append(np.nonzero(teeth)[1].mean() if teeth.any() else np.nan)
        moves = np.diff(centres)
        assert np.nanmin(moves) > 0, index


def spectacles(placement: Placement) -> np.ndarray:
    """Where glasses change a picture: pixels (n, 2) as (right, down)."""
    pictures = []
    for value in (False, True):
        rng = generator(11, "placed", 0)
        person, _ = draw_person(rng, man=True, smiling=False, glasses=value)
        pictures.append(draw_portrait(person, 0.0, rng, placement).astype(float))
    down, right = np.nonzero(np.abs(pictures[1] - pictures[0]).max(axis=2) > 30)
    return np.stack([right, down], axis=1).astype(float)


def degrees(pixels: np.ndarray) -> float:
    """Direction of the longest axis of pixels, clockwise from the right."""
    right, down = np.linalg.eigh(np.cov(pixels.T))[1][:, -1]
    return float(np.rad2deg(np.arctan(down / right)))


def test_a_face_lies_where_its_placement_says() -> None:
    usual = spectacles(Placement())
    moved = spectacles(Placement(right=7, down=-5))
    np.testing.assert_allclose(moved.mean(axis=0) - usual.mean(axis=0), [7, -5], atol=0.3)
    large = spectacles(Placement(scale=1.3))
    assert large[:, 0].std() / usual[:, 0].std() == pytest.approx(1.3, abs=0.05)
    assert degrees(spectacles(Placement(tilt=20))) - degrees(usual) == pytest.approx(20, abs=2)


@pytest.mark.slow
def test_faces_that_are_not_aligned_say_how_they_lie(tmp_path: Path) -> None:
    options = faces.Options(count=40, shift=8, tilt=15)
    faces.write(tmp_path, options, 5, workers=1)
    with (tmp_path / "labels.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert tuple(table[0]) == (*faces.COLUMNS, *faces.PLACED)
    for name, most in (("shift_right", 8), ("shift_down", 8), ("tilt", 15)):
        values = np.array([float(row[name]) for row in table])
        assert 0.8 * most < np.abs(values).max() <= most
        assert abs(values.mean()) < 0.4 * most
    assert {float(row["scale"]) for row in table} == {1.0}
    for index, row in enumerate(table):  # otherwise the same people
        aligned = faces.portrait(5, index)[1]
        assert all(float(row[name]) == aligned[name] for name in faces.COLUMNS[1:])


@pytest.mark.slow
def test_placed_faces_are_the_same_from_several_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(parallel, "WORTH_A_POOL", 4)
    options = faces.Options(count=40, shift=8)
    for workers in (1, 2):
        (tmp_path / str(workers)).mkdir()
        faces.write(tmp_path / str(workers), options, 5, workers=workers)
    one, two = (sorted((tmp_path / name).rglob("*.*")) for name in "12")
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


def test_labels_of_a_balanced_set_are_not_in_the_mean_colour(
    portraits: list[tuple[np.ndarray, dict[str, float]]],
) -> None:
    """Glasses must be recognised by shape: the background's colour reveals nothing."""
    corner = np.array([picture[:10, :10].mean() for picture, _ in portraits])
    for name in ("man", "smiling", "glasses"):
        assert abs(np.corrcoef(corner, [label[name] for _, label in portraits])[0, 1]) < 0.25


def test_written_files_match_their_table_and_depend_on_the_seed_only(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "again", "other")]
    for folder, seed in zip(folders, (5, 5, 6), strict=True):
        folder.mkdir()
        faces.write(folder, faces.Options(count=12), seed, workers=1)
    with (folders[0] / "labels.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert tuple(table[0]) == faces.COLUMNS
    names = sorted(path.name for path in (folders[0] / "images").iterdir())
    assert [row["file"] for row in table] == names
    for name in names:
        data = (folders[0] / "images" / name).read_bytes()
        assert data == (folders[1] / "images" / name).read_bytes()
        assert data != (folders[2] / "images" / name).read_bytes()
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (96, 96, 3)
    assert (folders[0] / "labels.csv").read_bytes() == (folders[1] / "labels.csv").read_bytes()
    picture, labels = faces.portrait(5, 3)
    stored = cv2.imread(str(folders[0] / "images" / names[3]))[..., ::-1].astype(float)
    assert np.abs(stored - picture).mean() < 4
    assert float(table[3]["pose"]) == labels["pose"]
