"""download/downloads.yaml and manifest.py: published numbers, places, what is refused."""

import pytest
import torchvision.datasets as official
import yaml
from torchvision.datasets.imagenet import ARCHIVE_META

from data_prep import cifar10
from data_prep.download.manifest import planned, read_manifest
from data_prep.source import missing, source_options
from repro.quality import inception_weights
from repro.specs.validation import SpecError


def test_published_md5s_are_torchvisions():
    """Independent truth: torchvision publishes md5 of the same files."""
    expected = dict(official.MNIST.resources)
    expected |= {name: md5 for _, name, md5 in official.SVHN.split_list.values()}
    expected |= {name: md5 for _, md5, name in official.CelebA.file_list}
    expected |= dict(ARCHIVE_META.values())
    entries = [e for source in read_manifest().sources.values() for e in source.files]
    compared = [e.name for e in entries if e.name in expected]
    assert [e.md5 for e in entries if e.name in expected] == [expected[n] for n in compared]
    assert len(compared) == 11
    without_size = {e.name for e in entries if not e.bytes}
    assert all(name.endswith(".parquet") or "dcgan_code" in name for name in without_size)
    assert [e.name for e in entries if not e.sha256] == [
        e.name for e in entries if "dcgan_code" in e.name
    ]


def test_sources_whose_host_may_be_away_have_a_second_way():
    sources = read_manifest().sources
    for name in ("cifar10", "mnist", "inception"):
        assert all(len(entry.urls) > 1 for entry in sources[name].files)
    told = [entry.otherwise for name in ("lsun", "svhn") for entry in sources[name].files]
    named = {word for text in told if text for word in text.split() if word.strip("`,") in sources}
    assert {word.strip("`,") for word in named} == {"lsun_sample", "svhn_parquet"}
    for name in ("lsun_sample", "svhn_parquet"):
        assert all(
            entry.sha256 and entry.path.startswith(f"{name}/") for entry in sources[name].files
        )


def test_inceptions_weights_are_those_that_fid_asks_for():
    [entry] = read_manifest().sources["inception"].files
    assert entry.path == inception_weights.FILE
    assert entry.sha256.startswith(inception_weights.PUBLISHED)


def test_places_are_those_that_the_papers_run_file_looks_for(repository, tmp_path):
    """With every file at its place, no source of config/paper.yaml misses anything."""
    datasets = yaml.safe_load((repository / "config/paper.yaml").read_text())["datasets"]
    for name, source in read_manifest().sources.items():
        for place in planned(name, raw=tmp_path, manifest=read_manifest()):
            for file in place.entry.contains or [""]:
                folder = "/" in file or place.entry.unpack == "tar_of_tars"
                path = place.final / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.mkdir() if folder else path.touch()
        assert source.about
    checked = []
    for dataset in datasets.values():
        if dataset["source"] in ("lsun", "imagenet", "cifar10", "mnist", "svhn"):
            options = source_options(dataset["source"]).model_validate(dataset.get("options", {}))
            absent = missing(tmp_path / dataset["raw"], dataset["source"], options)
            assert absent == []
            checked.append(dataset["source"])
    assert {"lsun", "imagenet", "cifar10", "mnist"} <= set(checked)
    assert (tmp_path / "celeba/img_align_celeba").is_dir()
    assert missing(tmp_path / "celeba", "celeba", source_options("celeba")()) == []


def test_cifar10_is_recognised_by_its_record_length():
    contains = read_manifest().sources["cifar10"].files[0].contains
    assert set(contains.values()) == {10_000 * cifar10.RECORD_BYTES}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"urk": "http://host/a"}, "unknown key .*urk.*did you mean 'url'"),
        ({"url": None}, "either url or by_hand"),
        ({"by_hand": "x"}, "either url or by_hand"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"path": "../a"}, "below RAW"),
        ({"path": "/a"}, "below RAW"),
        ({"name": "../a"}, "name"),
        ({"sha256": "abc"}, "sha256"),
        ({"mirrors": ["http://b/a"]}, "mirrors need a checksum"),
        ({"unpack": "zip"}, "contains is needed"),
        ({"name": ".."}, "name"),
        ({"name": "."}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a" * 300}, "name"),
        ({"path": ""}, "below RAW"),
        ({"path": "."}, "below RAW"),
        ({"path": "a\\..\\b"}, "below RAW"),
        ({"path": "a\0"}, "below RAW"),
        ({"inside": "../../x"}, "below RAW"),
        ({"inside": "/x"}, "below RAW"),
        ({"contains": {"../x": None}}, "below RAW"),
        ({"instead": {"/etc/passwd": 1}}, "below RAW"),
        ({"mirrors": ["file:///etc/passwd"], "sha256": "0" * 64}, "mirrors"),
        ({"mirrors": [5], "sha256": "0" * 64}, "mirrors"),
        ({"bytes": -1}, "bytes"),
        ({"unpacked": 0}, "unpacked"),
        ({"unpack": "rar"}, "unpack"),
    ],
)
def test_a_wrong_manifest_is_refused(tmp_path, change, message):
    entry = {"name": "a", "url": "http://host/a", "path": "a"}
    assert read_manifest(written(tmp_path, entry))
    with pytest.raises(SpecError, match=message):
        read_manifest(written(tmp_path, entry | change))


def written(folder, entry):
    path = folder / "manifest.yaml"
    path.write_text(yaml.safe_dump({"sources": {"one": {"about": "one", "files": [entry]}}}))
    return path
