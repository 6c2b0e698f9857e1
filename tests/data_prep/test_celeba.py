"""data_prep/celeba.py: the official layout in small, its labels, splits, crop, and damage."""

import numpy as np
import pytest
from PIL import Image

from data_prep import celeba
from data_prep.celeba import Options
from data_prep.prepare import prepare
from data_prep.source import missing
from repro.data.raw_images import SourceError
from repro.data.store import ImageStore
from repro.specs.dataset import DatasetSpec
from repro.specs.validation import SpecError

NAMES = "5_o_Clock_Shadow Eyeglasses Male Smiling"
TABLE = f"""4
{NAMES}
000001.jpg -1  1  1 -1
000002.jpg -1 -1 -1  1
000003.jpg  1 -1  1  1
000004.jpg -1 -1 -1 -1
"""
PARTITION = "000001.jpg 0\n000002.jpg 0\n000003.jpg 1\n000004.jpg 2\n"


@pytest.fixture
def raw(tmp_path):
    """Four pictures of 178 x 218 pixels; the crop of dcgan.torch is grey, the rest white."""
    folder = tmp_path / "raw/img_align_celeba"
    folder.mkdir(parents=True)
    for number in range(1, 5):
        pixels = np.full((218, 178, 3), 255, np.uint8)
        pixels[40:178, 30:168] = 40 * number
        Image.fromarray(pixels).save(folder / f"{number:06d}.jpg", quality=100)
    (tmp_path / "raw/list_attr_celeba.txt").write_text(TABLE)
    (tmp_path / "raw/list_eval_partition.txt").write_text(PARTITION)
    return tmp_path / "raw"


def prepared(tmp_path, **options):
    spec = DatasetSpec(source="celeba", image_size=16, options=options)
    prepare(spec=spec, raw=tmp_path / "raw", out=tmp_path / "out")
    return ImageStore.open(tmp_path / "out")


def test_the_official_pngs_serve_as_well(raw, tmp_path):
    jpegs = prepared(tmp_path)
    for path in (raw / "img_align_celeba").iterdir():
        Image.open(path).save(path.with_suffix(".png"))
        path.unlink()
    pngs = prepared(tmp_path)
    assert pngs.keys == ["000001.png", "000002.png", "000003.png", "000004.png"]
    assert (pngs.labels == jpegs.labels).all()
    assert np.abs(pngs.images.astype(int) - jpegs.images).max() <= 1
    assert prepared(tmp_path, split="valid").keys == ["000003.png"]


def test_a_picture_in_both_forms_is_not_silently_one(raw, tmp_path):
    folder = raw / "img_align_celeba"
    Image.open(folder / "000002.jpg").save(folder / "000002.png")
    with pytest.raises(SourceError, match=r"000002\.jpg and 000002\.png are one picture"):
        prepared(tmp_path)


def test_pictures_in_a_folder_within_their_folder(raw, tmp_path):
    (raw / "img_align_celeba").rename(raw / "inner")
    (raw / "img_align_celeba").mkdir()
    (raw / "inner").rename(raw / "img_align_celeba/img_align_celeba")
    with pytest.raises(SourceError) as caught:
        prepared(tmp_path)
    said = str(caught.value)
    assert "list_attr_celeba.txt names none of the 4 files in " in said
    assert "the table has '000001.jpg', the folder 'img_align_celeba/000001.jpg'" in said
    assert "the files are below 'img_align_celeba'; let `images` name that folder" in said
    assert len(prepared(tmp_path, images="img_align_celeba/img_align_celeba")) == 4


def skipped(tmp_path):
    lines = (tmp_path / "out/skipped.csv").read_text().splitlines()[1:]
    return dict(line.rsplit(",", 1) for line in lines)


def test_all_attributes_are_labels_of_0_and_1(tmp_path, raw):
    store = prepared(tmp_path)
    assert store.keys == [f"{number:06d}.jpg" for number in range(1, 5)]
    assert list(store.manifest["label_fields"].items()) == [(n, "u1") for n in NAMES.split()]
    labels = [store.label(name).tolist() for name in NAMES.split()]
    assert labels == [[0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 1, 0], [0, 1, 1, 0]]
    assert skipped(tmp_path) == {}


def test_chosen_attributes_come_in_the_order_asked_for(tmp_path, raw):
    store = prepared(tmp_path, columns=["Smiling", "Male"])
    assert list(store.manifest["label_fields"]) == ["Smiling", "Male"]
    assert store.label("Smiling").tolist() == [0, 1, 1, 0]
    assert store.label("Male").tolist() == [1, 0, 1, 0]


def test_the_crop_is_dcgan_torchs_unless_another_is_asked_for(tmp_path, raw):
    store = prepared(tmp_path)
    assert store.images.shape == (4, 16, 16, 3)
    for image, number in zip(store.images, range(1, 5), strict=True):
        assert np.abs(image.astype(int) - 40 * number).max() <= 2  # none of the white around it
    wider = prepared(tmp_path, crop=[29, 40, 138, 138])
    assert wider.images[0, :, 0].min() > 42
    centre = prepared(tmp_path, crop=None).images[0]  # 178 x 178 at top 20: white all around
    assert centre[0].min() > 250
    assert centre[8, 8].max() < 42


@pytest.mark.parametrize(
    ("split", "numbers"), [("all", [1, 2, 3, 4]), ("train", [1, 2]), ("valid", [3]), ("test", [4])]
)
def test_official_splits(tmp_path, raw, split, numbers):
    store = prepared(tmp_path, split=split)
    assert store.keys == [f"{number:06d}.jpg" for number in numbers]
    assert celeba.count(raw, Options(split=split)) == len(numbers)
    assert skipped(tmp_path) == {}


def test_files_and_rows_that_do_not_match(tmp_path, raw, capsys):
    folder = raw / "img_align_celeba"
    (folder / "000003.jpg").unlink()
    (folder / "000001.jpg").rename(folder / "extra.jpg")
    (folder / "000002.jpg").write_bytes(b"<html>")
    assert prepared(tmp_path).keys == ["000004.jpg"]
    assert skipped(tmp_path) == {
        "000002.jpg": "not_an_image",
        "extra.jpg": "not_in_table",
    }
    assert f"2 rows of {raw / 'list_attr_celeba.txt'} have no file in {folder}" in "".join(
        capsys.readouterr()
    )
    # pictures of another split are not reported, unless the split itself is unknown
    assert prepared(tmp_path, split="test").keys == ["000004.jpg"]
    assert skipped(tmp_path) == {"extra.jpg": "not_in_table"}
    (raw / "list_eval_partition.txt").write_text(PARTITION + "extra.jpg 0\n")
    assert prepared(tmp_path, split="test").keys == ["000004.jpg"]
    assert skipped(tmp_path) == {}


def test_pictures_of_another_size_than_the_crop(tmp_path, raw):
    Image.new("RGB", (160, 218)).save(raw / "img_align_celeba/000001.jpg")
    assert len(prepared(tmp_path)) == 3
    assert skipped(tmp_path) == {"000001.jpg": "smaller_than_crop"}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("4\n", "four\n", "line 1: found 'four', expected the number of pictures"),
        ("4\n", "5\n", r"found 4 rows, expected 5 \(line 1\): cut off"),
        ("4\n", "3\n", r"found 4 rows, expected 3 \(line 1\)"),
        (NAMES, NAMES.replace("Male", "Smiling"), "line 2: found 4 names, 3 of them different"),
        (NAMES, NAMES + " Young", "line 3: found 4 values for '000001.jpg', expected 5"),
        ("000004.jpg -1 -1 -1 -1\n", "000004.jpg -1 -1", "line 6: found 2 values for '000004.jpg'"),
        ("000002.jpg -1", "000002.jpg 0", "line 4, attribute '5_o_Clock_Shadow': found '0', exp"),
        ("1 -1\n000002", "1 yes\n000002", "line 3, attribute 'Smiling': found 'yes', expected 1"),
        ("000003", "000002", "line 5: a second row for '000002.jpg'"),
        ("000003.jpg", "\n000003.jpg", "line 5: empty, expected a row"),
        (TABLE, "", "txt: empty, expected a table"),
        (TABLE, "4\n", "line 2: found 0 names"),
        (TABLE, "\n<html>\n", "line 1: empty"),
        (TABLE, "<!DOCTYPE html><html>", "line 1: found '<!DOCTYPE html><html>', expected the"),
    ],
)
def test_damaged_attributes_are_named(tmp_path, raw, before, after, message):
    assert before in TABLE
    (raw / "list_attr_celeba.txt").write_text(TABLE.replace(before, after, 1))
    with pytest.raises(SourceError, match=message) as caught:
        prepared(tmp_path)
    assert "list_attr_celeba.txt" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_table_that_is_no_text(tmp_path, raw):
    (raw / "list_attr_celeba.txt").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(SourceError, match=r"list_attr_celeba.txt: not a text file"):
        prepared(tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("000002.jpg 0", "000002.jpg 3", "line 2: found '000002.jpg 3', expected a file and 0, 1"),
        ("000002.jpg 0", "000002.jpg", "line 2: found '000002.jpg', expected a file"),
        ("000002.jpg 0", "000001.jpg 0", "line 2: a second row for '000001.jpg'"),
        (PARTITION, "", "txt: empty, expected a table"),
        (PARTITION, "\n \n", "txt: empty, expected a table"),
    ],
)
def test_damaged_splits_are_named(tmp_path, raw, before, after, message):
    (raw / "list_eval_partition.txt").write_text(PARTITION.replace(before, after))
    with pytest.raises(SourceError, match=message) as caught:
        prepared(tmp_path, split="valid")
    assert "list_eval_partition.txt" in str(caught.value)
    assert len(prepared(tmp_path)) == 4  # not read where no split is requested


def test_a_picture_without_a_split(tmp_path, raw):
    (raw / "list_eval_partition.txt").write_text(PARTITION.replace("000002.jpg 0\n", ""))
    assert prepared(tmp_path, split="train").keys == ["000001.jpg"]
    assert skipped(tmp_path) == {"000002.jpg": "not_in_table"}


@pytest.mark.parametrize("ending", ["\r\n", "\n\n\n", "\n  "])
def test_line_ends_and_white_space(tmp_path, raw, ending):
    table = TABLE.replace("\n", "\r\n") if ending == "\r\n" else TABLE.rstrip() + ending
    (raw / "list_attr_celeba.txt").write_bytes(table.encode())
    assert prepared(tmp_path).label("Male").tolist() == [1, 0, 1, 0]


def test_what_is_missing(tmp_path):
    def names(**options):
        return [r.path.name for r in missing(tmp_path, "celeba", Options(**options))]

    assert names() == ["img_align_celeba", "list_attr_celeba.txt"]
    assert names(split="test", attributes="Anno/a.txt") == [
        "img_align_celeba",
        "a.txt",
        "list_eval_partition.txt",
    ]


def test_an_attribute_that_is_not_there(tmp_path, raw):
    with pytest.raises(
        SourceError, match=r"list_attr_celeba.txt: no attribute 'Smilling'.*Smiling"
    ):
        prepared(tmp_path, columns=["Male", "Smilling"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["Male", "Male"]}, "names an attribute twice"),
        ({"crop": [0, 0, 0, 5]}, "width, height >= 1"),
        ({"split": "validation"}, "split"),
        ({"column": ["Male"]}, "did you mean 'columns'"),
    ],
)
def test_wrong_options(tmp_path, raw, options, message):
    with pytest.raises(SpecError, match=message):
        prepared(tmp_path, **options)
