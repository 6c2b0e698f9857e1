"""Generated bedrooms: the LSUN layout, the truth about windows and about near-duplicates."""

import csv
from pathlib import Path

import cv2
import lmdb
import numpy as np
import pytest

from data_prep.generated import rooms
from data_prep.generated.drawing.bedroom import draw_bedroom, draw_scene
from data_prep.generated.drawing.jpeg import to_jpeg
from data_prep.generated.drawing.near_copies import KINDS, near_copy
from data_prep.generated.drawing.perspective import Camera, Painter
from data_prep.generated.drawing.scene import THINGS, Scene
from repro.rng import generator

OPTIONS = rooms.Options(count=120, duplicate_share=0.2, broken=5)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rooms")
    rooms.write(folder, OPTIONS, 7, workers=1)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def payloads(folder: Path) -> dict[str, bytes]:
    with lmdb.open(str(folder), readonly=True, lock=False) as database, database.begin() as view:
        return {bytes(key).decode(): bytes(value) for key, value in view.cursor()}


def thumbnail(data: bytes) -> np.ndarray:
    """Colours of 32 x 32 pixels, freed from mean and contrast."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    small = cv2.resize(picture, (32, 32), interpolation=cv2.INTER_AREA).astype(float).ravel()
    return (small - small.mean()) / small.std()


@pytest.mark.slow
def test_database_holds_every_record_of_the_table_under_lsun_keys(world: Path) -> None:
    values, table = payloads(world), rows(world / "duplicates.csv")
    assert list(values) == [row["key"] for row in table] == sorted(values)
    assert len(values) == OPTIONS.count + OPTIONS.broken
    assert all(len(key) == 40 and set(key) <= set("0123456789abcdef") for key in values)
    kinds = [row["kind"] for row in table]
    assert kinds.count("original") == 96
    assert sum(kind in KINDS for kind in kinds) == 24
    assert sorted({row["kind"] for row in table if row["group"] == "-1"}) == [
        "empty",
        "html",
        "noise",
        "truncated",
    ]


def test_readable_records_decode_whole_with_shorter_side_128(world: Path) -> None:
    values = payloads(world)
    shapes = set()
    for row in rows(world / "duplicates.csv"):
        if row["group"] != "-1":
            data = values[row["key"]]
            assert data[:2] == b"\xff\xd8"
            assert data[-2:] == b"\xff\xd9"
            shape = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape
            if row["kind"] == "original":
                assert min(shape[:2]) == 128
                shapes.add(shape)
        elif row["kind"] == "truncated":
            assert values[row["key"]][-2:] != b"\xff\xd9"
    assert len(shapes) > 2


def test_copies_resemble_their_original_and_originals_do_not(world: Path) -> None:
    values, table = payloads(world), rows(world / "duplicates.csv")
    originals = {r["group"]: thumbnail(values[r["key"]]) for r in table if r["kind"] == "original"}
    for row in table:
        if row["kind"] in KINDS:
            copy = thumbnail(values[row["key"]])
            likeness = {g: float(np.mean(copy * o)) for g, o in originals.items()}
            assert likeness[row["group"]] > 0.9, row
            assert max(likeness, key=likeness.__getitem__) == row["group"]
    stack = np.array(list(originals.values()))
    between = stack @ stack.T / stack.shape[1]
    assert between[np.triu_indices(len(stack), 1)].max() < 0.9


def test_key_order_does_not_reveal_the_groups(world: Path) -> None:
    table = [row for row in rows(world / "duplicates.csv") if row["group"] != "-1"]
    groups = np.array([int(row["group"]) for row in table])
    assert abs(np.corrcoef(groups, np.arange(len(groups)))[0, 1]) < 0.35
    assert (groups[1:] == groups[:-1]).mean() < 0.05


def test_there_are_zero_to_three_windows_and_boxes_lie_in_the_picture(world: Path) -> None:
    boxes = rows(world / "windows.csv")
    keys = {row["key"] for row in rows(world / "duplicates.csv") if row["group"] != "-1"}
    assert {row["key"] for row in boxes} < keys
    counts = [sum(row["key"] == key for row in boxes) for key in keys]
    assert set(counts) == {0, 1, 2, 3}
    for row in boxes:
        x0, y0, x1, y1 = (float(row[name]) for name in ("x0", "y0", "x1", "y1"))
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1


@pytest.mark.slow
def test_inside_window_boxes_it_is_bluer_and_brighter_than_beside_them() -> None:
    brighter, bluer, measured = 0, 0, 0
    for index in range(80):
        picture, boxes = draw_bedroom(generator(3, "windows", index))
        height, width = picture.shape[:2]
        for x0, y0, x1, y1 in boxes * [width, height, width, height]:
            if min(x1 - x0, y1 - y0) < 14 or x0 < 6 or x1 > width - 6:
                continue
            rows_ = slice(round(y0 + 0.3 * (y1 - y0)), round(y1 - 0.3 * (y1 - y0)))
            inside = picture[rows_, round(x0 + 4) : round(x1 - 4)].reshape(-1, 3).astype(float)
            left, right = round(x0), round(x1)
            strips = [picture[rows_, left - 5 : left - 2], picture[rows_, right + 2 : right + 5]]
            beside = np.concatenate(strips).reshape(-1, 3).astype(float)
            measured += 1
            brighter += inside.mean() > beside.mean() + 10
            bluer += inside[:, 2].mean() > beside[:, 2].mean() + 10
    assert measured > 30
    assert brighter / measured > 0.7
    assert bluer / measured > 0.7


def test_cover_is_what_is_seen_of_a_thing() -> None:
    """A bed of 2 x 2 m at 4 m, half of it behind a table: at 40 pixels' focal length, 20 x 20."""
    camera = Camera(np.zeros(3), 0.0, 0.0, 40.0, 40, 40)
    painter, towards = Painter(camera), np.array([0.0, 0.0, -1.0])
    across, up = np.array([2.0, 0.0, 0.0]), np.array([0.0, 2.0, 0.0])
    painter.thing = "bed"
    painter.quad(np.array([-1.0, -1.0, 4.0]), across, up, towards, (10.0, 10.0, 10.0))
    painter.thing = "table"
    painter.quad(np.array([0.0, -1.0, 4.0]), across / 2, up, towards, (90.0, 90.0, 90.0))
    picture = np.zeros((40, 40, 3), np.uint8)
    scene = Scene(picture, camera, [], painter, np.zeros((40, 40), np.float32))
    expected = np.zeros((40, 40))
    expected[10:30, 10:20] = 255
    cover = scene.cover()
    # an edge may be a quarter of a pixel off
    np.testing.assert_allclose(cover[..., THINGS.index("bed")], expected, atol=64)
    assert not cover[..., 1:].any()


def test_cover_agrees_with_the_boxes_of_windows() -> None:
    window = THINGS.index("window")
    for index in range(25):
        scene = draw_scene(generator(3, "covers", index))
        seen = scene.cover()[..., window] > 127
        height, width = seen.shape
        boxes = np.rint(scene.window_boxes() * [width, height, width, height]).astype(int)
        inside = np.zeros_like(seen)
        for x0, y0, x1, y1 in boxes:
            inside[y0:y1, x0:x1] = True
            assert seen[y0:y1, x0:x1].mean() > 0.3  # slanted or half hidden
        assert (seen & ~inside).sum() < 25  # a window of which less is visible is in no list
        assert scene.cover()[..., THINGS.index("bed")].any()


def test_crop_moves_the_window_box_with_the_window() -> None:
    picture = np.zeros((128, 128, 3), np.uint8)
    picture[40:60, 30:80] = 255
    box = np.array([[30, 40, 80, 60]]) / 128
    rng = np.random.default_rng(0)
    data, moved = near_copy(to_jpeg(picture, quality=95), box, kind="crop", rng=rng)
    cropped = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert cropped.shape != (128, 128)
    y, x = np.nonzero(cropped > 127)
    height, width = cropped.shape
    seen = [x.min() / width, y.min() / height, (x.max() + 1) / width, (y.max() + 1) / height]
    np.testing.assert_allclose(moved[0], seen, atol=0.011)


def test_unknown_kind_of_copy_is_refused() -> None:
    data = to_jpeg(np.zeros((16, 16, 3), np.uint8), quality=90)
    with pytest.raises(ValueError, match="sharpen"):
        near_copy(data, np.zeros((0, 4)), kind="sharpen", rng=np.random.default_rng(0))


@pytest.mark.slow
def test_a_room_depends_on_seed_and_number_only(tmp_path: Path, world: Path) -> None:
    again, fewer, other = tmp_path / "again", tmp_path / "fewer", tmp_path / "other"
    for folder, options, seed in (
        (again, OPTIONS, 7),
        (fewer, rooms.Options(count=5, duplicate_share=0, broken=0), 7),
        (other, rooms.Options(count=5, duplicate_share=0, broken=0), 8),
    ):
        folder.mkdir()
        rooms.write(folder, options, seed, workers=1)
    for name in ("data.mdb", "duplicates.csv", "windows.csv"):
        assert (again / name).read_bytes() == (world / name).read_bytes(), name
    full, some = payloads(world), payloads(fewer)
    assert len(some) == 5
    assert some.items() <= full.items()
    assert not set(payloads(other).values()) & set(full.values())
