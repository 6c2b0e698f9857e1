"""data_prep/faces.py: crops against hand values and properties, faults in boxes.csv and photos."""

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from data_prep import faces as source
from data_prep.face_detection.detector import DetectorOptions
from data_prep.face_detection.photo_folder import detect_folder
from data_prep.faces import Options, widened
from data_prep.generated import faces as portraits
from data_prep.prepare import prepare
from data_prep.source import explain_missing, missing
from repro.data.raw_images import SourceError
from repro.data.store import ImageStore
from repro.specs.dataset import DatasetSpec
from repro.specs.validation import SpecError

HEADER = "file,face,left,top,width,height,neighbours,photo_width,photo_height,reason\n"


def save(path, photo, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo).save(path, **how)


def plain(width, height, value=0):
    return np.full((height, width, 3), value, np.uint8)


@pytest.fixture
def raw(tmp_path):
    save(tmp_path / "raw/photos/a.png", plain(200, 150))
    return tmp_path / "raw"


def write(raw, *lines):
    (raw / "boxes.csv").write_text(HEADER + "".join(f"{line}\n" for line in lines))


def prepared(tmp_path, **options):
    spec = DatasetSpec(source="faces", image_size=16, options=options)
    prepare(spec=spec, raw=tmp_path / "raw", out=tmp_path / "out")
    return ImageStore.open(tmp_path / "out")


def skipped(tmp_path):
    lines = (tmp_path / "out/skipped.csv").read_text().splitlines()[1:]
    return dict(line.rsplit(",", 1) for line in lines)


def test_crops_by_hand():
    def crop(box, photo, top=0.3, bottom=0.15):
        return widened(box, photo=photo, margin_top=top, margin_bottom=bottom)

    # 100 pixels: 145 in all, 30 above, 22.5 to the left and the right
    assert crop((300, 300, 100, 100), (1000, 1000)) == (278, 270, 145, 145)
    assert crop((300, 300, 100, 100), (1000, 1000), top=0, bottom=0) == (300, 300, 100, 100)
    # moved inside at each border
    assert crop((0, 300, 100, 100), (1000, 1000)) == (0, 270, 145, 145)
    assert crop((300, 0, 100, 100), (1000, 1000)) == (278, 0, 145, 145)
    assert crop((900, 900, 100, 100), (1000, 1000)) == (855, 855, 145, 145)
    # a photo of 115 rows: half of the margins, so 10 above and 5 below
    assert crop((300, 10, 100, 100), (1000, 115), top=0.2, bottom=0.1) == (292, 0, 115, 115)
    # another detector's box, taller than wide: a square around its centre
    assert crop((300, 300, 60, 100), (1000, 1000), top=0.2, bottom=0.2) == (260, 280, 140, 140)


@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.integers(1, 300),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.tuples(st.floats(0, 2), st.floats(0, 2)),
)
def test_a_crop_is_square_in_the_photo_and_holds_the_whole_box(photo, side, place, margins):
    assume(side <= min(photo))
    left, top = (round(p * (length - side)) for p, length in zip(place, photo, strict=True))
    x, y, width, height = widened(
        (left, top, side, side), photo=photo, margin_top=margins[0], margin_bottom=margins[1]
    )
    assert width == height == min(round(side * (1 + sum(margins))), *photo)
    assert 0 <= x <= left
    assert left + side <= x + width <= photo[0]
    assert 0 <= y <= top
    assert top + side <= y + height <= photo[1]


def test_a_record_is_a_detection_cut_out_of_its_photo(tmp_path, raw):
    photo = plain(200, 150)
    photo[30:94, 20:84] = 90  # exactly the crop of the first box, and of the second
    photo[80:144, 120:184] = 180
    save(raw / "photos/b/é 猫.png", photo)
    write(raw, "b/é 猫.png,1,20,30,64,64,9,200,150,", "b/é 猫.png,2,120,80,64,64,9,200,150,")
    store = prepared(tmp_path, margin_top=0, margin_bottom=0)
    assert store.keys == ["b/é 猫.png#1", "b/é 猫.png#2"]
    assert (store.images[0] == 90).all()
    assert (store.images[1] == 180).all()
    assert skipped(tmp_path) == {"a.png": "not_in_table"}


def test_what_is_left_out_and_why(tmp_path, raw):
    for name in ("b.png", "c.png", "d.png", "new.png"):
        save(raw / "photos" / name, plain(200, 150))
    save(raw / "photos/small.png", plain(90, 90))  # replaced since the search
    write(
        raw,
        "a.png,1,50,50,45,45,9,200,150,",  # 45 * 1.45 = 65.25
        "a.png,2,150,50,43,43,9,200,150,",  # 43 * 1.45 = 62.35
        "b.png,,,,,,,200,150,no_face",
        "c.png,,,,,,,,,truncated",
        "d.png,,,,,,,,,",  # a table without reasons
        "gone.png,1,50,50,60,60,9,200,150,",
        "gone2.png,,,,,,,200,150,no_face",
        "small.png,1,50,50,60,60,9,200,150,",
    )
    store = prepared(tmp_path)
    assert store.keys == ["a.png#1"]
    assert skipped(tmp_path) == {
        "a.png#2": "too_small",
        "b.png": "no_face",
        "c.png": "truncated",
        "d.png": "no_face",
        "gone.png#1": "no_such_file",
        "gone2.png": "no_such_file",
        "small.png#1": "smaller_than_crop",
        "new.png": "not_in_table",
    }
    assert source.count(raw, Options()) == 9
    assert prepared(tmp_path, minimum_size=62).keys == ["a.png#1", "a.png#2"]
    assert skipped(tmp_path)["small.png#1"] == "smaller_than_crop"


def test_boxes_of_another_detector_need_no_more_than_the_box(tmp_path, raw):
    (raw / "mine.csv").write_text(
        "photo_width,photo_height,file,face,left,top,width,height,name\n"
        "200,150,a.png,7,10,10,100,100,somebody\n"
    )
    assert prepared(tmp_path, boxes="mine.csv").keys == ["a.png#7"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a.png,1,x,0,50,50,9,200,150,"], "line 2, column 'left': found 'x', expected a whole"),
        (["a.png,1,0,-4,50,50,9,200,150,"], "line 2, column 'top': found '-4', expected a whole"),
        (["a.png,1,0,0,50,5.5,9,200,150,"], "column 'height': found '5.5', expected a whole"),
        (["a.png,1,0,0,50,50,9,200"], "line 2, column 'photo_height': found '', expected"),
        (["a.png,,0,0,50,50,9,200,150,"], "line 2, column 'face': found '', expected"),
        (["a.png,0,0,0,50,50,9,200,150,"], "line 2: face 0 of 50x50 pixels, expected 1 or more"),
        (["a.png,1,0,0,50,0,9,200,150,"], "line 2: face 1 of 50x0 pixels"),
        (
            ["a.png,1,0,0,64,64,9,200,150,", "a.png,2,151,86,50,64,9,200,150,"],
            r"line 3: the box ends at column 201 and row 150 of a photo of 200x150 pixels \('a.png",
        ),
        (["a.png,1,0,87,64,64,9,200,150,"], "line 2: the box ends at column 64 and row 151"),
        ([",1,0,0,50,50,9,200,150,"], "line 2: the column 'file' is empty"),
        (["a.png,1,0,0,50,50,9,200,150,"] * 2, "line 3: a second row for face 1 of 'a.png'"),
        (["a.png,,,,,,,,,no_face"] * 2, "line 3: a second row for face none of 'a.png'"),
        (
            ["a.png,1,0,0,50,50,9,200,150,", "b.png,,,,,,,,,", "a.png,2,0,0,50,50,9,200,150,"],
            "line 4: a second row for face 2 of 'a.png', or its rows are not together",
        ),
    ],
)
def test_damaged_tables_are_named(tmp_path, raw, lines, message):
    write(raw, *lines)
    with pytest.raises(SourceError, match=message) as caught:
        prepared(tmp_path)
    assert "boxes.csv" in str(caught.value)
    assert "python -m data_prep.face_detection" in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"no column \['file', 'face', .*; it has none"),
        (b"file,face,left,top,width,height\n", r"no column \['photo_width', 'photo_height'\]"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "no column"),
        (HEADER.encode() + b"a" * 200_000 + b",1\n", "not a readable CSV file: field larger"),
    ],
)
def test_files_that_are_no_table(tmp_path, raw, content, message):
    (raw / "boxes.csv").write_bytes(content)
    with pytest.raises(SourceError, match=message):
        prepared(tmp_path)


def test_what_is_missing_is_told_with_the_command(tmp_path, raw):
    absent = missing(raw, "faces", Options())
    assert [requirement.path for requirement in absent] == [raw / "boxes.csv"]
    told = explain_missing(absent, raw)
    assert f"python -m data_prep.face_detection {raw / 'photos'} --out {raw / 'boxes.csv'}" in told
    nowhere = missing(tmp_path / "nowhere", "faces", Options(boxes="b.csv"))
    assert [requirement.path.name for requirement in nowhere] == ["photos", "b.csv"]


@pytest.mark.parametrize("options", [{"margin_top": -0.1}, {"minimum_size": 0}, {"margin": 0.3}])
def test_wrong_options(tmp_path, raw, options):
    with pytest.raises(SpecError, match=next(iter(options))):
        prepared(tmp_path, **options)


def test_from_the_photo_to_the_picture_whatever_its_orientation(tmp_path):
    """A drawn head near the border, stored upright and turned: found, cut and kept alike."""
    portrait = cv2.resize(portraits.portrait(5, 146)[0], (192, 192))
    photo = plain(400, 300, 120)
    photo[:192, 208:] = portrait
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    raw = tmp_path / "raw"
    save(raw / "photos/turned.png", np.ascontiguousarray(np.rot90(photo)), exif=exif)
    save(raw / "photos/upright.png", photo)
    save(raw / "photos/nobody.png", plain(400, 300, 120))
    detect_folder(raw / "photos", raw / "boxes.csv", options=DetectorOptions(), workers=1)
    store = prepared(tmp_path)
    assert store.keys == ["turned.png#1", "upright.png#1"]
    assert skipped(tmp_path) == {"nobody.png": "no_face"}
    assert (store.images[0] == store.images[1]).all()
    # the crop is about the portrait, which is 192 x 192 at column 208 and row 0
    (_, record) = (r for r in source.records(raw, Options()) if not r.skip)
    assert record.crop is not None
    assert np.abs(np.subtract(record.crop, (208, 0, 192, 192))).max() <= 8
