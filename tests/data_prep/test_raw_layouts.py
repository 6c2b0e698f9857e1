"""Raw data in another form than expected: the message, and what to do."""

import json
from pathlib import Path

import pytest
from PIL import Image

from data_prep import faces, folder
from data_prep.prepare import main
from data_prep.source import Requirement, explain_missing, missing, source_names, source_options
from data_prep.table_names import refuse_unknown_files
from repro.data.raw_images import SourceError

# A layout for each source in which every file is a folder, and every folder a file
FILES = {
    "celeba": ["list_attr_celeba.txt", "list_eval_partition.txt"],
    "cifar10": [f"data_batch_{number}.bin" for number in range(1, 6)],
    "faces": ["boxes.csv"],
    "folder": ["labels.csv"],
    "mnist": ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"],
    "svhn": ["train_32x32.mat"],
    "lsun": ["bedroom_train_lmdb/data.mdb"],
    "parquet": ["train-0.parquet"],
    "webdataset": ["000.tar"],
}
FOLDERS = {
    "celeba": ["img_align_celeba"],
    "faces": ["photos"],
    "imagenet": ["train"],
    "folder": ["pictures"],
}
OPTIONS = {
    "celeba": {"split": "train"},
    "imagenet": {"folder": "train"},
    "folder": {"images": "pictures", "labels_csv": "labels.csv"},
}


def check(source: str, raw: Path, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    """Exit status and output of `prepare --check`."""
    spec = raw.parent / "spec.json"
    spec.write_text(json.dumps({"source": source, "options": OPTIONS.get(source, {})}))
    with pytest.raises(SystemExit) as ended:
        main(["--spec", str(spec), "--raw", str(raw), "--check"])
    return ended.value.code, capsys.readouterr().out


def test_all_sources_are_here() -> None:
    assert {*FILES, *FOLDERS} == set(source_names()) - {"planted"}  # which wraps another


@pytest.mark.parametrize("source", FILES | FOLDERS)
def test_a_folder_in_place_of_a_file_and_the_reverse(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "raw"
    for name in FILES.get(source, []):
        (raw / name / "inside").mkdir(parents=True)
    for name in FOLDERS.get(source, []):
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 9)).save(raw / name, "PNG")
    status, said = check(source, raw, capsys)
    assert status == 1
    assert "complete" not in said
    for name in FILES.get(source, []):
        assert f"looked for {raw / name}: a folder holds inside, expected a file" in said
    for name in FOLDERS.get(source, []):
        words = "one picture (png), expected a folder: give the folder that holds it"
        assert f"looked for {raw / name}: {words}" in said


@pytest.mark.parametrize("source", FILES | FOLDERS)
def test_what_is_not_there_is_told_with_what_lies_beside(source: str, tmp_path: Path) -> None:
    options = source_options(source).model_validate(OPTIONS.get(source, {}))
    (tmp_path / "raw/a zip").mkdir(parents=True)
    said = explain_missing(missing(tmp_path / "raw", source, options), tmp_path / "raw")
    if source == "lsun":
        assert f"not there, and neither is the folder {tmp_path}/raw/bedroom_train_lmdb" in said
    else:
        assert f"not there; {tmp_path}/raw holds a zip\n" in said
    gone = tmp_path / "gone/far"
    said = explain_missing(missing(gone, source, options), gone)
    assert f"not there, and neither is the folder {tmp_path}/gone\n" in said


def test_many_names_are_cut(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"{number}").touch()
    absent = Requirement(path=tmp_path / "x", what="", how_to_get="", kind="file")
    assert absent.problem == f"not there; {tmp_path} holds 0, 1, 2, 3, 4, 5 and 4 more"
    present = Requirement(path=tmp_path / "9", what="", how_to_get="", kind="file")
    assert present.problem == ""
    assert Requirement(path=tmp_path, what="", how_to_get="", kind="folder").problem == ""


# --- names in tables ---------------------------------------------------------------------------

FILE = "sub/Cat 1.jpg"
STRANGERS = {
    r"sub\Cat 1.jpg": r"write / for \\ in the table$",
    r"C:\photos\sub\Cat 1.jpg": r"write / for \\ in the table, and no drive letter",
    "/home/me/sub/Cat 1.jpg": "write the table's paths as they are below the folder",
    "sub/Cat 1": r"the table's names have no suffix, the files '\.jpg'; write that",
    "sub/Cat 1.png": r"the table's names have '\.png', the files '\.jpg'",
    "Cat 1.jpg": "the files are below 'sub'; let `images` name that folder",
    "sub/cat 1.jpg": "upper and lower case differ",
    "dog.jpg": "is it the table of these pictures?",
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_table_of_other_names_is_told_with_one_of_either_side(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "raw/pictures/sub").mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(tmp_path / "raw/pictures" / FILE)
    (tmp_path / "raw/labels.csv").write_text(f'file,age\nnobody.jpg,1\n"{name}",2\n')
    options = folder.Options.model_validate(OPTIONS["folder"])
    with pytest.raises(SourceError, match=STRANGERS[name]) as caught:
        list(folder.records(tmp_path / "raw", options))
    told = "nobody.jpg" if name == "dog.jpg" else name
    assert f"the table has '{told}', the folder '{FILE}'" in str(caught.value)
    refused = folder.refusal(tmp_path / "raw", options, least={}, results=tmp_path / "results")
    assert refused == f"a folder of pictures: {caught.value}"  # before any step of a run
    with pytest.raises(SourceError, match="names none of the 1 files"):
        check("folder", tmp_path / "raw", capsys)


def test_one_name_that_fits_is_enough(tmp_path: Path) -> None:
    refuse_unknown_files(tmp_path, ["other.jpg", FILE], folder=tmp_path, files=["x.jpg", FILE])
    refuse_unknown_files(tmp_path, [], folder=tmp_path, files=[FILE])
    refuse_unknown_files(tmp_path, ["x"], folder=tmp_path, files=[])


def test_boxes_of_other_photos(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (99, 99)).save(tmp_path / "photos/a.jpg")
    header = "file,face,left,top,width,height,photo_width,photo_height,reason\n"
    (tmp_path / "boxes.csv").write_text(f"{header}photos/a.jpg,1,1,1,50,50,99,99,\n")
    with pytest.raises(SourceError, match=r"boxes.csv names none .*; the files are in the folder"):
        faces.count(tmp_path, faces.Options())
