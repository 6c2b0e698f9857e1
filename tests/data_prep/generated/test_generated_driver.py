"""The driver of the generated worlds, the processes that draw, and the contact sheet."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from data_prep import generate
from data_prep.generated import objects
from data_prep.generated.drawing import parallel
from data_prep.generated.drawing.layer import Layer, ellipse_points, hsv, over, smooth
from data_prep.generated.drawing.sheet import contact_sheet
from repro.specs.validation import SpecError


def test_every_world_is_found_and_drawing_is_none() -> None:
    assert {"digits", "faces", "house_numbers", "objects", "rooms"} <= set(generate.worlds())
    assert "drawing" not in generate.worlds()


def test_driver_writes_the_world_with_its_provenance(tmp_path: Path) -> None:
    out = tmp_path / "raw"
    options = {"gan_count": 10, "train_count": 10, "test_count": 10}
    spec = generate.GenerateSpec(generator="objects", seed=3, options=options)
    generate.generate(spec=spec, out=out, workers=1)
    record = json.loads((out / "provenance.json").read_text())
    assert record["seed"] == 3
    assert record["spec"]["options"] == options
    assert "cifar/test_batch.bin" in record["outputs"]


def test_unknown_world_and_unknown_option_name_the_nearest(tmp_path: Path) -> None:
    spec = generate.GenerateSpec(generator="room")
    with pytest.raises(SpecError, match="rooms"):
        generate.generate(spec=spec, out=tmp_path / "raw")
    spec = generate.GenerateSpec(generator="faces", options={"cuont": 8})
    with pytest.raises(SpecError, match="count"):
        generate.generate(spec=spec, out=tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_number_of_processes_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = list(parallel.in_order(objects.encoded, seed=3, count=40, workers=1))
    monkeypatch.setattr(parallel, "WORTH_A_POOL", 1)
    assert list(parallel.in_order(objects.encoded, seed=3, count=40, workers=2)) == alone
    assert len(set(alone)) == 40


def test_polygon_covers_its_exact_area_with_soft_edges() -> None:
    layer = Layer(height=20, width=20)
    layer.polygon([(3.25, 4.5), (12.75, 4.5), (12.75, 15.5), (3.25, 15.5)], (255, 0, 0))
    alpha = layer.reduced()[..., 3]
    assert alpha.sum() == pytest.approx(9.5 * 11.0, rel=0.06)
    assert np.unique(alpha).size > 2
    picture = over(np.ones((20, 20, 3), np.float32), layer.reduced())
    np.testing.assert_allclose(picture[10, 8], [1, 0, 0], atol=0.01)
    np.testing.assert_allclose(picture[1, 1], [1, 1, 1])


def test_placing_scales_turns_and_mirrors() -> None:
    layer = Layer(height=40, width=40)
    layer.place(centre=(20.0, 20.0), scale=10.0, degrees=90.0)
    layer.ellipse((1.0, 0.0), (0.3, 0.3), (255, 255, 255))
    y, x = np.nonzero(layer.reduced()[..., 3] > 0.5)
    assert (x.mean(), y.mean()) == pytest.approx((19.5, 29.5), abs=0.3)
    layer = Layer(height=40, width=40)
    layer.place(centre=(20.0, 20.0), scale=10.0, mirrored=True)
    layer.ellipse((1.0, 0.0), (0.3, 0.3), (255, 255, 255))
    y, x = np.nonzero(layer.reduced()[..., 3] > 0.5)
    assert (x.mean(), y.mean()) == pytest.approx((9.5, 19.5), abs=0.3)


def test_curves_and_colours_against_known_values() -> None:
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    curve = smooth(square, steps=5)
    assert curve.shape == (20, 2)
    for corner in square:  # a Catmull-Rom curve goes through its points
        assert np.abs(curve - corner).sum(1).min() == 0
    open_curve = smooth(square, closed=False, steps=5)
    np.testing.assert_allclose(open_curve[[0, -1]], square[[0, -1]])
    circle = ellipse_points((1.0, 2.0), (3.0, 3.0))
    np.testing.assert_allclose(np.hypot(*(circle - [1, 2]).T), 3.0)
    for hue, expected in ((0.0, (255, 0, 0)), (1 / 3, (0, 255, 0)), (2 / 3, (0, 0, 255))):
        assert hsv(hue, 1.0, 1.0) == pytest.approx(expected)
    swatch = np.array([[hsv(0.13, 0.4, 0.8)]], np.float32) / 255
    hue, saturation, value = cv2.cvtColor(swatch, cv2.COLOR_RGB2HSV)[0, 0]
    assert (hue / 360, saturation, value) == pytest.approx((0.13, 0.4, 0.8), abs=1e-4)


def test_contact_sheet_shows_the_pictures_in_order() -> None:
    def draw(seed: int, index: int) -> np.ndarray:
        return np.full((16, 24, 3), 10 * index + seed, np.uint8)

    sheet = contact_sheet(draw, seed=1, count=4, size=8, enlarge=2)
    assert sheet.shape == (38, 38, 3)
    assert [int(sheet[y, x, 0]) for y in (10, 28) for x in (10, 28)] == [1, 11, 21, 31]
