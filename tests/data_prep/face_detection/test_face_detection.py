"""data_prep/face_detection/: synthetic faces at known places, and faults.

Longer than 300 lines: search and command are tried on the same drawn crowds.
"""

import csv
import json
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data_prep.face_detection.__main__ import main as face_detection_main
from data_prep.face_detection.detector import (
    SAME_FACE,
    Box,
    DetectorOptions,
    FaceDetector,
    find_cascade,
    merged,
)
from data_prep.face_detection.photo_folder import COLUMNS, detect_folder
from data_prep.generated import faces
from data_prep.source import load_source, source_options
from repro.data.raw_images import SourceError

PORTRAIT = faces.portrait(5, 146)[0]  # a synthetic face that the cascade finds at any size
PLACES = ((0, 100, 96), (200, 20, 192))  # left, top, side of the portraits in `crowd`


def crowd(*places):
    """A grey photo of 400 x 300 pixels with portraits at the (left, top, side) given."""
    photo = np.full((300, 400, 3), 120, np.uint8)
    for left, top, side in places:
        way = cv2.INTER_AREA if side < 96 else cv2.INTER_CUBIC
        photo[top : top + side, left : left + side] = cv2.resize(
            PORTRAIT, (side, side), interpolation=way
        )
    return photo


def save(path, photo, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo).save(path, **how)


def detector(**options):
    return FaceDetector(find_cascade(), **DetectorOptions(**options).model_dump())


def grey(photo):
    return cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)


def inside(box, place):
    """A portrait's face is in its middle: the box is there and fills most of it."""
    left, top, side = place
    x, y = box.left + box.width / 2, box.top + box.height / 2
    centred = abs(x - left - side / 2) < 0.06 * side and abs(y - top - side / 2) < 0.06 * side
    return centred and 0.6 < box.width / side < 0.8


def rows(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_faces_are_found_where_they_were_drawn_and_from_left_to_right():
    found = detector().boxes(grey(crowd(*PLACES)))
    assert len(found) == 2
    assert all(inside(box, place) for box, place in zip(found, PLACES, strict=True))
    assert min(box.neighbours for box in found) >= 8
    assert detector().boxes(grey(crowd())) == []


def test_small_faces_are_found_only_where_asked_for():
    photo = grey(crowd((110, 200, 50)))
    assert detector().boxes(photo) == []
    (found,) = detector(minimum_size=24).boxes(photo)
    assert inside(found, (110, 200, 50))


def test_more_neighbours_leave_fewer_faces():
    photo = grey(crowd(*PLACES))
    support = sorted(box.neighbours for box in detector().boxes(photo))
    assert len(detector(minimum_neighbours=support[0]).boxes(photo)) == 2
    assert len(detector(minimum_neighbours=support[0] + 1).boxes(photo)) == 1
    assert len(detector(minimum_neighbours=support[1] + 1).boxes(photo)) == 0


def test_a_large_photo_is_searched_small_and_its_boxes_are_in_its_own_pixels():
    large = cv2.resize(crowd(*PLACES), (2401, 1801), interpolation=cv2.INTER_CUBIC)
    found = detector().boxes(grey(large))
    assert len(found) == 2
    for box, place in zip(found, PLACES, strict=True):
        assert inside(box, tuple(6 * n for n in place))
        assert box.left + box.width <= 2401
        assert box.top + box.height <= 1801


def test_boxes_of_a_reduced_photo_stay_inside_it():
    """A face that fills the photo: rounding up must not push its box over the border."""
    head = PORTRAIT[11:81, 12:82]
    for side in range(700, 712):
        photo = cv2.resize(head, (side, side + 3), interpolation=cv2.INTER_CUBIC)
        found = detector(search_side=133).boxes(grey(photo))
        for box in found:
            assert min(box.left, box.top) >= 0
            assert box.left + box.width <= side
            assert box.top + box.height <= side + 3
        assert found, side


@pytest.mark.parametrize("shape", [(1, 1), (23, 23), (24, 24), (5000, 1), (30, 3000)])
def test_photos_too_small_for_a_face(shape):
    assert detector().boxes(np.zeros(shape, np.uint8)) == []


boxes = st.lists(
    st.builds(
        lambda left, top, side, neighbours: Box(left, top, side, side, neighbours),
        st.integers(0, 30),
        st.integers(0, 30),
        st.integers(1, 30),
        st.integers(1, 9),
    ),
    max_size=8,
)


def shared(one, other):
    """Overlap counted pixel by pixel, as a part of the smaller box."""
    masks = np.zeros((2, 64, 64), bool)
    for mask, box in zip(masks, (one, other), strict=True):
        mask[box.top : box.top + box.height, box.left : box.left + box.width] = True
    return (masks[0] & masks[1]).sum() / min(masks[0].sum(), masks[1].sum())


@given(boxes, st.randoms(use_true_random=False))
@pytest.mark.slow
def test_merging_keeps_the_best_supported_box_of_each_face(found, rng):
    kept = merged(found)
    for i, box in enumerate(kept):
        assert all(shared(box, other) <= SAME_FACE for other in kept[:i])
    for box in found:
        assert box in kept or any(
            shared(box, other) > SAME_FACE and other.neighbours >= box.neighbours for other in kept
        )
    rng.shuffle(found)
    assert merged(found) == kept


def test_merging_by_hand():
    face, mouth = Box(0, 0, 100, 100, 20), Box(30, 60, 40, 40, 9)
    beside = Box(50, 0, 100, 100, 12)  # shares exactly half
    nearer = Box(49, 0, 100, 100, 12)
    assert merged([mouth, face]) == [face]
    assert merged([beside, face]) == [face, beside]
    assert merged([nearer, face]) == [face]
    assert merged([face._replace(neighbours=9), mouth._replace(neighbours=10)]) == [
        mouth._replace(neighbours=10)
    ]


def test_what_the_cascade_finds_twice_is_one_face():
    class Cascade:
        def detectMultiScale2(self, photo, **how):  # noqa: N802 - OpenCV's name
            found = [(30, 60, 40, 40), (200, 0, 50, 50), (0, 0, 100, 100)]
            return np.array(found), np.array([10, 11, 21])

    one = detector()
    one._classifier = Cascade()
    assert one.boxes(np.zeros((300, 400), np.uint8)) == [
        Box(0, 0, 100, 100, 20),
        Box(200, 0, 50, 50, 10),
    ]


@pytest.fixture
def photos(tmp_path):
    """A folder with a photo of every kind and every fault."""
    folder = tmp_path / "photos"
    save(folder / "two.png", crowd(*PLACES))
    save(folder / "a/é 猫.jpg", crowd(PLACES[1]), quality=95)
    save(folder / "nobody.png", crowd())
    save(folder / ".hidden/two.png", crowd(*PLACES))
    data = (folder / "a/é 猫.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(data[: len(data) // 2])
    (folder / "empty.jpg").touch()
    (folder / "notes.txt").write_text("no picture")
    (folder / "gone.png").symlink_to(folder / "nothing")
    return folder


def test_every_file_has_its_row_and_its_reason(photos, tmp_path):
    counts = detect_folder(photos, tmp_path / "boxes.csv", options=DetectorOptions(), workers=1)
    table = rows(tmp_path / "boxes.csv")
    assert tuple(table[0]) == COLUMNS
    assert [(row["file"], row["face"], row["reason"]) for row in table] == [
        ("a/é 猫.jpg", "1", ""),
        ("cut.jpg", "", "truncated"),
        ("empty.jpg", "", "empty"),
        ("gone.png", "", "cannot_open"),
        ("nobody.png", "", "no_face"),
        ("notes.txt", "", "not_an_image"),
        ("two.png", "1", ""),
        ("two.png", "2", ""),
    ]
    sizes = [(row["photo_width"], row["photo_height"]) for row in table]
    assert (
        sizes == [("400", "300"), *[("", "")] * 3, ("400", "300"), ("", "")] + [("400", "300")] * 2
    )
    for row, place in zip(table[-2:], PLACES, strict=True):
        numbers = (int(row[name]) for name in ("left", "top", "width", "height", "neighbours"))
        assert inside(Box(*numbers), place)
    assert counts == {
        "photos": 3,
        "photos_with_a_face": 2,
        "photos_with_several": 1,
        "share_with_a_face": 0.6667,
        "faces": 3,
        "unread": {"cannot_open": 1, "empty": 1, "not_an_image": 1, "truncated": 1},
    }
    about = json.loads((tmp_path / "boxes.json").read_text())
    assert about["counts"] == counts
    assert about["options"] == DetectorOptions().model_dump()
    assert about["versions"]["opencv"] == cv2.__version__


@pytest.mark.slow
def test_the_number_of_workers_and_opencv_threads_change_no_byte(photos, tmp_path):
    for number in range(8):
        save(photos / f"more{number}.png", crowd((10 * number, 5 * number, 100 + 10 * number)))
    before = cv2.getNumThreads()
    try:
        for workers, threads in ((1, 1), (3, 1), (2, 4)):
            cv2.setNumThreads(threads)
            out = tmp_path / f"{workers}_{threads}/boxes.csv"
            detect_folder(photos, out, options=DetectorOptions(), workers=workers)
            assert cv2.getNumThreads() == threads
            for name in ("boxes.csv", "boxes.json"):
                written = (out.parent / name).read_bytes()
                assert written == (tmp_path / "1_1" / name).read_bytes()
            assert sorted(path.name for path in out.parent.iterdir()) == ["boxes.csv", "boxes.json"]
    finally:
        cv2.setNumThreads(before)


def test_workers_alone_say_how_many_threads_search(photos, tmp_path, monkeypatch):
    threads = []
    monkeypatch.setattr(FaceDetector, "boxes", lambda *_: threads.append(cv2.getNumThreads()) or [])
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(4)
        detect_folder(photos, tmp_path / "boxes.csv", options=DetectorOptions(), workers=2)
    finally:
        cv2.setNumThreads(before)
    assert threads == [1, 1, 1]


def test_exif_orientation_does_not_move_the_box(tmp_path):
    """The same upright photo, stored in all eight orientations: the same boxes."""
    undone = {  # numpy's way from the upright photo to the stored one
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
        8: lambda p: np.rot90(p, -1),
    }
    for orientation, turn in undone.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = np.ascontiguousarray(turn(crowd(*PLACES)))
        save(tmp_path / f"photos/{orientation}.png", stored, exif=exif)
    assert Image.open(tmp_path / "photos/6.png").size == (300, 400)
    detect_folder(tmp_path / "photos", tmp_path / "boxes.csv", options=DetectorOptions())
    table = rows(tmp_path / "boxes.csv")
    assert len(table) == 16
    for row in table:
        first = table[int(row["face"]) - 1]
        assert {**row, "file": ""} == {**first, "file": ""}
    assert inside(Box(*(int(table[0][n]) for n in Box._fields)), PLACES[0])


def test_an_older_result_stays_when_a_search_fails(photos, tmp_path, monkeypatch):
    out = tmp_path / "out/boxes.csv"
    out.parent.mkdir()
    out.write_text("older")

    def fail(self, photo):
        raise RuntimeError("broken")

    monkeypatch.setattr(FaceDetector, "boxes", fail)
    with pytest.raises(RuntimeError, match="broken") as caught:
        detect_folder(photos, out, options=DetectorOptions())
    assert "while searching 'a/é 猫.jpg'" in caught.value.__notes__
    assert out.read_text() == "older"
    assert list(out.parent.iterdir()) == [out]


def test_a_name_with_a_carriage_return_is_one_row(tmp_path):
    save(tmp_path / "photos/a.png", np.zeros((40, 40), np.uint8))
    (tmp_path / "photos/Icon\r").write_bytes(b"")  # as macOS names a folder's icon
    detect_folder(tmp_path / "photos", tmp_path / "boxes.csv", options=DetectorOptions())
    found = [(row["file"], row["reason"]) for row in rows(tmp_path / "boxes.csv")]
    assert found == [("Icon\r", "empty"), ("a.png", "no_face")]
    options = source_options("faces")(images="photos", boxes="boxes.csv")
    skipped = [(r.key, r.skip) for r in load_source("faces").records(tmp_path, options)]
    assert skipped == [("Icon\r", "empty"), ("a.png", "no_face")]


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("boxes.json", "boxes.json: the table is a CSV file"),
        ("photos.csv", r"photos\.json: is no record of an earlier search"),
        ("text.csv", r"text\.json: is no record of an earlier search"),
    ],
)
def test_no_other_file_is_replaced(photos, tmp_path, out, message):
    held = {"photos.json": '{"counts": 3}', "text.json": "no JSON", "boxes.json": "older"}
    for name, text in held.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(SourceError, match=message):
        detect_folder(photos, tmp_path / out, options=DetectorOptions())
    assert {path.name: path.read_text() for path in tmp_path.glob("*.*")} == held


def test_the_record_of_an_earlier_search_is_replaced(tmp_path):
    save(tmp_path / "photos/a.png", np.zeros((40, 40), np.uint8))
    for side in (24, 48):
        options = DetectorOptions(minimum_size=side)
        detect_folder(tmp_path / "photos", tmp_path / "boxes.csv", options=options)
    about = json.loads((tmp_path / "boxes.json").read_text())
    assert about["options"]["minimum_size"] == 48


def test_wrong_folders_are_named(photos, tmp_path):
    with pytest.raises(SourceError, match="nowhere: not a folder of photos"):
        detect_folder(tmp_path / "nowhere", tmp_path / "b.csv", options=DetectorOptions())
    with pytest.raises(SourceError, match="lies in the folder of photos"):
        detect_folder(photos, photos / "boxes.csv", options=DetectorOptions())
    (tmp_path / "bare").mkdir()
    with pytest.raises(SourceError, match="bare: no files"):
        detect_folder(tmp_path / "bare", tmp_path / "b.csv", options=DetectorOptions())


def test_an_opencv_without_cascades_is_named(photos, tmp_path, monkeypatch):
    other = tmp_path / "other.xml"
    other.write_text("<?xml version='1.0'?><opencv_storage></opencv_storage>")
    with pytest.raises(SourceError, match=r"other.xml: not a cascade"):
        detect_folder(photos, tmp_path / "b.csv", options=DetectorOptions(), cascade=other)
    cascade = find_cascade()
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(SourceError, match=r"has no CascadeClassifier.*opencv-python-headless 4"):
        detect_folder(photos, tmp_path / "b.csv", options=DetectorOptions())
    monkeypatch.setattr(cv2.data, "haarcascades", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(SourceError, match=r"comes without haarcascade.*--cascade"):
        find_cascade()
    conda = tmp_path / "share/opencv4/haarcascades" / cascade.name
    conda.parent.mkdir(parents=True)
    conda.touch()
    assert find_cascade() == conda
    monkeypatch.delattr(cv2, "data")
    assert find_cascade() == conda


def test_the_command(photos, tmp_path, monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["face_detection", *map(str, words)])
        face_detection_main()

    run(photos, "--out", tmp_path / "boxes.csv", "--scale-step", "1.2", "--workers", "1")
    assert "3 faces in 2 of 3 photos, 1 with several; unread: {" in capsys.readouterr().out
    assert json.loads((tmp_path / "boxes.json").read_text())["options"]["scale_step"] == 1.2
    run(photos, "--out", tmp_path / "none.csv", "--minimum-neighbours", "999")
    assert "0 faces in 0 of 3 photos" in capsys.readouterr().out
    with pytest.raises(SourceError, match=r"not a folder of photos"):
        run(tmp_path / "nowhere", "--out", tmp_path / "b.csv")
    assert not (tmp_path / "b.csv").exists()
