"""data_prep/imagenet.py: classes by sorted folder name, nothing lost silently."""

import pytest
from PIL import Image

from data_prep import imagenet
from data_prep.prepare import prepare
from data_prep.source import missing
from repro.data.raw_images import SourceError
from repro.data.store import ImageStore
from repro.specs.dataset import DatasetSpec


@pytest.fixture
def raw(tmp_path):
    for number, wnid in enumerate(["n02", "n01", "n10"]):
        for i in range(4):
            path = tmp_path / f"raw/train/{wnid}/{wnid}_{i}.JPEG"
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = "L" if i == 3 else "RGB"
            Image.new(mode, (64, 48), 50 * number if mode == "L" else (50 * number,) * 3).save(path)
    (tmp_path / "raw/train/n05_empty").mkdir()
    (tmp_path / "raw/train/LOC_synset_mapping.txt").write_text("n01 one")
    return tmp_path / "raw"


def prepared(raw, limit=None):
    out = raw.parent / "out"
    spec = DatasetSpec(source="imagenet", image_size=32, limit=limit, options={"folder": "train"})
    prepare(spec=spec, raw=raw, out=out)
    return ImageStore.open(out)


def test_classes_labels_and_stray_files(raw):
    store = prepared(raw)
    assert store.class_names == ["n01", "n02", "n05_empty", "n10"]
    assert store.label("class").tolist() == [0] * 4 + [1] * 4 + [3] * 4
    assert store.keys[0] == "n01/n01_0.JPEG"
    assert store.manifest["skipped"] == {"outside_class_folder": 1}
    brightness = store.images.mean(axis=(1, 2, 3))  # n02 was made with 0, n01 50, n10 100
    assert abs(brightness[:4] - 50).max() < 2
    assert brightness[4:8].max() < 2
    assert abs(brightness[8:] - 100).max() < 2


def test_limit_keeps_every_class(raw):
    (raw / "train/LOC_synset_mapping.txt").unlink()
    store = prepared(raw, limit=6)
    assert store.label("class").tolist() == [0, 0, 1, 1, 3, 3]


def test_some_classes_and_nothing_of_the_others(raw):
    options = {"folder": "train", "classes": ["n10", "n01"]}
    spec = DatasetSpec(source="imagenet", image_size=32, options=options)
    assert imagenet.count(raw, imagenet.Options(**options)) == 8
    prepare(spec=spec, raw=raw, out=raw.parent / "some")
    store = ImageStore.open(raw.parent / "some")
    assert store.class_names == ["n01", "n10"]
    assert store.label("class").tolist() == [0] * 4 + [1] * 4
    assert list(store.keys) == [f"{n}/{n}_{i}.JPEG" for n in ("n01", "n10") for i in range(4)]
    assert store.manifest["skipped"] == {}
    assert imagenet.published(imagenet.Options(classes=["n01"])) is None
    assert imagenet.published(imagenet.Options()) == 1_281_167


def test_classes_in_deeper_folders(raw):
    options = {"classes": ["train/n10", "train/n01"]}
    spec = DatasetSpec(source="imagenet", image_size=32, options=options)
    prepare(spec=spec, raw=raw, out=raw.parent / "deeper")
    store = ImageStore.open(raw.parent / "deeper")
    assert store.class_names == ["train/n01", "train/n10"]
    assert store.label("class").tolist() == [0] * 4 + [1] * 4


def test_a_class_that_is_not_there_is_named(raw):
    options = imagenet.Options(folder="train", classes=["n01", "n03"])
    assert [one.path for one in missing(raw, "imagenet", options)] == [raw / "train/n03"]


def test_missing_folder_is_explained(tmp_path):
    assert imagenet.requirements(tmp_path, imagenet.Options(folder="x"))[0].path == tmp_path / "x"
    (tmp_path / "raw").mkdir()
    with pytest.raises(SourceError, match=r"ILSVRC2012_img_train\.tar"):
        prepared(tmp_path / "raw")
