"""data_prep/folder.py: order, labels from names and tables, what is left out and why."""

import os

import numpy as np
import pytest
from PIL import Image

from data_prep import folder
from data_prep.prepare import main, prepare
from repro.data import optional_decoders
from repro.data.raw_images import SourceError
from repro.data.store import ImageStore
from repro.specs.dataset import DatasetSpec
from repro.specs.validation import SpecError


def save(path, value=0, size=(20, 20)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, value, value)).save(path)


def prepared(tmp_path, raw, **options):
    spec = DatasetSpec(source="folder", image_size=8, options=options)
    prepare(spec=spec, raw=raw, out=tmp_path / "out")
    return ImageStore.open(tmp_path / "out")


def skipped(tmp_path):
    lines = (tmp_path / "out/skipped.csv").read_text().splitlines()[1:]
    return dict(line.rsplit(",", 1) for line in lines)


def test_nested_unicode_hidden_and_foreign_files(tmp_path):
    raw = tmp_path / "raw"
    for number, name in enumerate(["b.png", "a/z.png", "a/é 猫.jpg", ".hidden/x.png", "a/.y.png"]):
        save(raw / name, value=10 * number)
    (raw / "notes.txt").write_text("no picture")
    (raw / "empty.jpg").touch()
    (raw / "gone.png").symlink_to(raw / "nothing")
    (raw / "a/loop").symlink_to(raw, target_is_directory=True)
    (raw / "really_png.jpg").write_bytes((raw / "b.png").read_bytes())
    store = prepared(tmp_path, raw)
    assert store.keys == ["a/z.png", "a/é 猫.jpg", "b.png", "really_png.jpg"]
    assert np.abs(store.images.mean(axis=(1, 2, 3)) - [10, 20, 0, 0]).max() < 2
    assert skipped(tmp_path) == {
        "empty.jpg": "empty",
        "gone.png": "cannot_open",
        "notes.txt": "not_an_image",
    }


def test_labels_from_the_name(tmp_path):
    raw = tmp_path / "raw"
    for name in ("31_1_0_2017.jpg", "8_0_4_2016.jpg", "61_1_2017.jpg", "x31_1_0_2017.jpg"):
        save(raw / name)
    store = prepared(
        tmp_path, raw, labels_from_name=r"(?P<age>\d+)_(?P<woman>[01])_(?P<race>\d)_\d+"
    )
    assert store.keys == ["31_1_0_2017.jpg", "8_0_4_2016.jpg"]
    assert store.manifest["label_fields"] == {"age": "i4", "woman": "i4", "race": "i4"}
    assert store.label("age").tolist() == [31, 8]
    assert store.label("race").tolist() == [0, 4]
    assert set(skipped(tmp_path).values()) == {"name_does_not_match"}
    assert len(skipped(tmp_path)) == 2


@pytest.mark.parametrize("prefix", ["", "images/"])
def test_labels_from_a_table(tmp_path, prefix):
    raw = tmp_path / "raw"
    for number in range(3):
        save(raw / f"images/{number}.png", value=number)
    (raw / "labels.csv").write_text(
        f"file,man,pose,note\n{prefix}1.png,1,-0.5,old\n{prefix}0.png,0,1,new\n"
    )
    store = prepared(
        tmp_path, raw, images="images", labels_csv="labels.csv", columns=["man", "pose"]
    )
    assert store.keys == ["0.png", "1.png"]
    assert store.label("man").tolist() == [0, 1]
    assert store.label("pose").tolist() == [1.0, -0.5]
    assert store.label("pose").dtype == np.float32
    assert skipped(tmp_path) == {"2.png": "not_in_labels_csv"}


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        (
            "file,hair\n0.png,brown\n",
            [],
            "'0.png', column 'hair': found 'brown', expected a number",
        ),
        ("file,age\n0.png,\n", [], "column 'age': found '', expected a number"),
        ("file,age\n0.png,nan\n", [], "column 'age': found 'nan', expected a number"),
        ("file,age\n0.png,1e400\n", [], "column 'age': found '1e400', expected a number"),
        ("file,age\n0.png,1_0\n", [], "column 'age': found '1_0', expected a number"),
        (f"file,age\n0.png,{'9' * 401}\n", [], "column 'age': found '999.*', expected a number"),
        ("name,age\n0.png,3\n", [], r"no column \['file'\]; it has name, age"),
        ("file,age\n0.png,3\n", ["ages"], r"no column \['ages'\]"),
        ("file,age\n0.png,3\n0.png,4\n", [], "'0.png' has more than one row"),
        ("", [], r"no column \['file'\]; it has none"),
        ("\xff".encode("latin1"), [], "not a readable CSV"),
    ],
)
def test_bad_tables_are_named(tmp_path, table, columns, message):
    raw = tmp_path / "raw"
    save(raw / "images/0.png")
    (raw / "labels.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    with pytest.raises(SourceError, match=message) as caught:
        prepared(tmp_path, raw, images="images", labels_csv="labels.csv", columns=columns)
    assert "labels.csv" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_label_in_a_name_that_is_no_number(tmp_path):
    save(tmp_path / "raw/cat_1.png")
    with pytest.raises(
        SourceError, match=r"cat_1.png, group 'kind': found 'cat', expected a number"
    ):
        prepared(tmp_path, tmp_path / "raw", labels_from_name=r"(?P<kind>\w+)_\d")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels_from_name": "(?P<age>"}, "not a regular expression"),
        ({"labels_from_name": r"\d+"}, "no named group"),
        ({"labels_from_name": r"(?P<a>\d)", "labels_csv": "x.csv"}, "not both"),
        ({"crop": [0, 0, 0, 5]}, "width, height >= 1"),
        ({"label_csv": "x.csv"}, "did you mean 'labels_csv'"),
    ],
)
def test_wrong_options(tmp_path, options, message):
    save(tmp_path / "raw/1.png")
    with pytest.raises(SpecError, match=message):
        prepared(tmp_path, tmp_path / "raw", **options)


def test_crop_comes_before_scaling(tmp_path):
    pixels = np.zeros((60, 50, 3), np.uint8)
    pixels[20:36, 10:26] = 200
    (tmp_path / "raw").mkdir()
    Image.fromarray(pixels).save(tmp_path / "raw/a.png")
    save(tmp_path / "raw/b.png", size=(20, 20))
    store = prepared(tmp_path, tmp_path / "raw", crop=[10, 20, 16, 16])
    assert store.keys == ["a.png"]
    assert (store.images == 200).all()
    assert skipped(tmp_path) == {"b.png": "smaller_than_crop"}


def test_field_types():
    assert folder._field_type([1, 2]) == "i4"
    assert folder._field_type([1, 2**40]) == "i8"
    assert folder._field_type([1, 2.5]) == "f4"


def test_a_pipe_among_the_pictures_is_told_and_not_waited_for(tmp_path):
    Image.new("RGB", (20, 20), "red").save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "b.png")
    out = tmp_path.parent / f"{tmp_path.name}_out"
    prepare(spec=DatasetSpec(source="folder", image_size=16), raw=tmp_path, out=out)
    assert (out / "skipped.csv").read_text() == "key,reason\nb.png,not_a_file\n"


def test_an_empty_folder_and_a_file_are_no_folders_of_pictures(tmp_path):
    (tmp_path / "raw/.hidden").mkdir(parents=True)
    save(tmp_path / "raw/.hidden/x.png")
    with pytest.raises(SourceError, match=r"raw is empty \(hidden files"):
        prepared(tmp_path, tmp_path / "raw")
    save(tmp_path / "picture.png")
    with pytest.raises(SourceError, match=r"one picture \(png\), expected a folder: give the"):
        prepared(tmp_path, tmp_path / "picture.png")
    with pytest.raises(SourceError, match=r"raw data are missing(.|\n)*folder of pictures"):
        prepared(tmp_path, tmp_path / "nowhere")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_one_readable_picture(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/notes.txt").write_text("no picture")
    (tmp_path / "raw/a.jpg").touch()
    with pytest.raises(SourceError, match=r"no readable image(.|\n)*1 empty, 1 not_an_image"):
        prepared(tmp_path, tmp_path / "raw")


def refused(tmp_path, batch, results="elsewhere", **options):
    return folder.refusal(
        tmp_path / "raw",
        folder.Options(**options),
        least={f"'models.cats.training.batch' is {batch}": batch},
        results=tmp_path / results,
    )


def test_refused_by_the_names_alone(tmp_path):
    for number in range(4):
        save(tmp_path / f"raw/images/{number}.png")
    assert refused(tmp_path, 4) is None
    assert refused(tmp_path, 4, images="images") is None
    few = refused(tmp_path, 5)
    assert "raw holds 4 files" in few
    assert "'models.cats.training.batch' is 5" in few
    assert "add pictures, or lower the settings that need more" in few
    assert "would write into it" in refused(tmp_path, 4, results="raw/results/photos")
    assert refused(tmp_path, 4, results="raw/results/photos", images="images") is None
    (tmp_path / "raw/none").mkdir()
    assert "none is empty" in refused(tmp_path, 2, images="none")


def test_grey_and_colour_become_what_the_dataset_says(tmp_path):
    (tmp_path / "raw").mkdir()
    Image.new("L", (20, 20), 90).save(tmp_path / "raw/grey.png")
    Image.new("RGB", (20, 20), (200, 10, 10)).save(tmp_path / "raw/red.png")
    for channels, grey, red in ((3, [90] * 3, [200, 10, 10]), (1, [90], [67])):
        spec = DatasetSpec(source="folder", image_size=16, channels=channels)
        prepare(spec=spec, raw=tmp_path / "raw", out=tmp_path / f"out{channels}")
        images = ImageStore.open(tmp_path / f"out{channels}").images
        assert images.shape == (2, 16, 16, channels)
        assert (images == np.array([grey, red], np.uint8)[:, None, None]).all()


def test_animations_give_their_first_frame_and_are_counted(tmp_path, capsys):
    raw = tmp_path / "raw"
    save(raw / "a.png", value=200)
    frames = [Image.new("RGB", (20, 20), (value,) * 3) for value in (10, 100, 250)]
    for number, kind in enumerate(("gif", "webp", "avif", "tiff")):
        frames[0].save(raw / f"{number} 🐈.{kind}", save_all=True, append_images=frames[1:])
    store = prepared(tmp_path, raw)
    assert np.abs(store.images.mean(axis=(1, 2, 3)) - [10, 10, 10, 10, 200]).max() < 3
    assert store.manifest["first_of_several"] == 4
    spec = tmp_path / "spec.json"
    spec.write_text('{"source": "folder", "image_size": 8}')
    words = ["--spec", str(spec), "--raw", str(raw), "--out"]
    main([*words, str(tmp_path / "again")])
    assert "of 4 files with several pictures (animations, pages), one is used" in (
        capsys.readouterr().out
    )
    parts = [str(tmp_path / f"part {number}") for number in (1, 2)]
    for number, part in enumerate(parts, 1):
        main([*words, part, "--shard", f"{number}/2"])
    main([*words, str(tmp_path / "joined"), "--parts", *parts])
    joined = ImageStore.open(tmp_path / "joined").manifest
    assert joined == ImageStore.open(tmp_path / "again").manifest


def test_what_could_read_the_unsupported_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(optional_decoders, "_is_installed", lambda: False)
    save(tmp_path / "raw/a.png")
    (tmp_path / "raw/b.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(60))
    (tmp_path / "spec.json").write_text('{"source": "folder", "image_size": 8}')
    words = ["--spec", str(tmp_path / "spec.json"), "--raw", str(tmp_path / "raw"), "--out"]
    main([*words, str(tmp_path / "out")])
    said = capsys.readouterr().out
    assert skipped(tmp_path) == {"b.heic": "unsupported"}
    for part in ("save those that are unsupported as JPEG or PNG", "HEIC needs the package",
                 "pillow-heif", f"delete {tmp_path / 'out'} and start again"):  # fmt: skip
        assert part in said
    (tmp_path / "raw/a.png").unlink()
    with pytest.raises(SourceError, match="HEIC needs the package pillow-heif"):
        prepared(tmp_path, tmp_path / "raw")
