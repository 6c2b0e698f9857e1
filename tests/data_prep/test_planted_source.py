"""data_prep/planted.py over folders and synthetic sources: which originals, which copies."""

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from data_prep import planted
from data_prep.prepare import prepare
from data_prep.source import Record, missing
from repro.data.images import decode
from repro.data.store import ImageStore
from repro.dedup.perturbations import FRESH_KINDS, KINDS, near_copy, perturbations
from repro.specs.dataset import DatasetSpec
from repro.specs.validation import SpecError, validated

COPIES = len(perturbations())


def picture(number: int, size: tuple[int, int] = (40, 32)) -> bytes:
    """A PNG of one colour with a brighter quarter."""
    image = Image.new("RGB", size, (20 * number, 90, 60))
    image.paste((250, 20 * number, 30), (0, 0, size[0] // 2, size[1] // 2))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten files in order; 00 and 04 are not pictures."""
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in range(10):
        broken = number in (0, 4)
        (raw / f"{number:02d}.png").write_bytes(b"<html>" if broken else picture(number))
    return raw


def options(**given) -> planted.Options:
    return planted.Options(**{"of": "folder", **given})


def originals(records: list[Record]) -> list[str]:
    return list(dict.fromkeys(record.key.rsplit("|", 2)[0] for record in records))


def test_originals_are_spread_evenly_and_readable(folder: Path) -> None:
    records = list(planted.records(folder, options(originals=5)))
    assert originals(records) == ["01.png", "02.png", "05.png", "06.png", "08.png"]
    assert len(records) == planted.count(folder, options(originals=5)) == 5 * COPIES
    assert not any(record.skip for record in records)


def test_a_stretch_without_a_readable_picture_is_skipped_and_counted(folder: Path) -> None:
    records = list(planted.records(folder, options(originals=10)))
    assert len(records) == planted.count(folder, options(originals=10)) == 10 * COPIES
    skipped = [record for record in records if record.skip]
    assert originals(skipped) == ["00.png", "04.png"]
    assert {record.skip for record in skipped} == {"original_unreadable"}


@pytest.mark.parametrize("kind", ["too large", "no file"])
def test_an_original_is_read_like_any_picture(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Neither gigabytes nor a pipe or device, whose reading might never end."""
    if kind == "too large":
        (folder / "01.png").write_bytes(picture(1) + bytes(10_000))
        monkeypatch.setattr("repro.data.raw_images.LARGEST_FILE", 10_000)
    else:
        (folder / "01.png").unlink()
        (folder / "01.png").symlink_to("/dev/zero")
    records = list(planted.records(folder, options(originals=5)))
    assert originals(records) == ["00.png", "02.png", "05.png", "06.png", "08.png"]
    assert {record.skip for record in records if record.key.startswith("00")} == {
        "original_unreadable"
    }


def test_the_last_stretch_counts_too(folder: Path) -> None:
    (folder / "09.png").write_bytes(b"")
    records = list(planted.records(folder, options(originals=10)))
    assert originals([record for record in records if record.skip])[-1] == "09.png"


def test_copies_are_those_of_the_full_size_picture(folder: Path) -> None:
    records = list(planted.records(folder, options(originals=1)))
    (folder / "01.png").unlink()  # what was made from it no longer needs it
    source = decode(picture(1))
    names = [f"01.png|{kind}|{strength:g}" for kind, strength in perturbations()]
    assert [record.key for record in records] == names
    for record, (kind, strength) in zip(records, perturbations(), strict=True):
        assert callable(record.payload)
        assert record.labels == {"class": KINDS.index(kind), "strength": strength}
        if kind not in ("crop", "noise"):
            no_draws = np.random.default_rng(0)
            expected = near_copy(source, kind=kind, strength=strength, rng=no_draws)
            assert record.payload() == expected


def test_fresh_copies_are_of_the_other_kinds(folder: Path) -> None:
    given = options(originals=3, fresh=True)
    records = list(planted.records(folder, given))
    fresh = perturbations(fresh=True)
    assert len(records) == planted.count(folder, given) == 3 * len(fresh)
    assert planted.class_names(folder, given) == list(FRESH_KINDS)
    for record, (kind, strength) in zip(records, fresh * 3, strict=True):
        assert record.key.split("|")[1:] == [kind, f"{strength:g}"]
        assert record.labels == {"class": FRESH_KINDS.index(kind), "strength": strength}


def test_copies_of_an_original_do_not_depend_on_the_others(folder: Path) -> None:
    def made(given: planted.Options) -> dict[str, bytes]:
        records = planted.records(folder, given)
        return {r.key: r.payload() for r in records if callable(r.payload)}

    few, many = made(options(originals=2)), made(options(originals=10))
    assert few.items() <= many.items()
    other = made(options(originals=2, seed=7))
    changed = {key.split("|")[1] for key in few if few[key] != other[key]}
    assert changed == {"crop", "noise"}  # the only kinds that draw


def test_prepared_as_any_dataset(folder: Path, tmp_path: Path) -> None:
    values = {"of": "folder", "originals": 10}
    spec = DatasetSpec(source="planted", image_size=16, options=values)
    for workers in (1, 3):
        prepare(spec=spec, raw=folder, out=tmp_path / f"out{workers}", workers=workers)
    store = ImageStore.open(tmp_path / "out1")
    assert len(store) == 8 * COPIES
    assert store.manifest["skipped"] == {"original_unreadable": 2 * COPIES}
    assert store.class_names == list(KINDS)
    assert store.label("strength")[:4] == pytest.approx([95, 75, 50, 30])
    other = ImageStore.open(tmp_path / "out3")
    assert store.manifest["images_sha256"] == other.manifest["images_sha256"]


def test_options_of_the_wrapped_source_are_used(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.png").write_bytes(picture(3))
    wrapped = {"images": "photos", "crop": [0, 0, 20, 16]}
    given = options(options=wrapped)
    (record,) = [r for r in planted.records(tmp_path, given) if "mirror" in r.key]
    assert decode(record.payload()).shape == (16, 20, 3)  # the bright quarter alone
    (need,) = missing(tmp_path / "nowhere", "planted", given)
    assert need.path == tmp_path / "nowhere/photos"
    too_large = options(options={"images": "photos", "crop": [0, 0, 200, 16]})
    assert {r.skip for r in planted.records(tmp_path, too_large)} == {"original_unreadable"}


def test_pixels_and_left_out_records_of_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    given = [
        Record(key="left out", skip="no_label"),
        Record(key="grey", payload=grey),
        Record(key="late", payload=lambda: picture(2)),
    ]
    source = SimpleNamespace(count=lambda raw, o: 3, records=lambda raw, o: iter(given))
    monkeypatch.setattr(planted, "load_source", lambda name: source)
    records = list(planted.records(Path(), options(originals=2)))
    assert originals(records) == ["left out", "grey"]
    mirrored = decode(records[-1].payload())
    assert np.abs(mirrored[:, ::-1].mean(axis=2) - grey).max() < 6


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"of": "foldr"}, "no source 'foldr' in data_prep; did you mean 'folder'"),
        ({"of": "planted"}, "`of` must name another source than this one"),
        ({"of": "folder", "options": {"image": "x"}}, "options.image'; did you mean 'images'"),
        ({}, "'options.of' is missing"),
    ],
)
def test_wrong_options_are_named(values: dict, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        validated(planted.Options, values, where="run.yaml", key="options")
    assert message in str(caught.value)
    assert "run.yaml" in str(caught.value)
