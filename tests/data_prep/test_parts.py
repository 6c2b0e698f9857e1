"""data_prep/parts.py: parts joined are the bytes of one run, and no wrong part is joined."""

import json
import subprocess
from pathlib import Path

import lmdb
import numpy as np
import pytest
from PIL import Image

from data_prep import prepare as module
from data_prep.parts import PART_FILE, modules_of
from data_prep.prepare import join_parts, prepare
from repro.artefacts.provenance import SIDECAR, ChangedFileError, content_hashes
from repro.bench.jpeg_database import encoded
from repro.data.raw_images import SourceError
from repro.data.shards import Shard
from repro.data.store import ImageStore
from repro.data.store_writer import StoreError
from repro.errors import UnusableError
from repro.specs.dataset import DatasetSpec

LABELLED = DatasetSpec(
    source="folder", image_size=8, options={"labels_from_name": r"\d+_(?P<shade>\d+)"}
)
LSUN = DatasetSpec(source="lsun", image_size=8)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """25 small pictures with labels; numbers 8 to 13 are broken: of 7 parts, one is all broken."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(1)
    for number in range(25):
        path = folder / f"{number:02d}_{number**2}.png"
        Image.fromarray(rng.integers(0, 256, (9, 10, 3), dtype=np.uint8)).save(path)
        if 8 <= number <= 13:
            path.write_bytes(path.read_bytes()[:50])
    return folder


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """20 JPEGs without labels, one of them broken, in an LMDB."""
    folder = tmp_path_factory.mktemp("database")
    rng = np.random.default_rng(2)
    environment = lmdb.open(str(folder), map_size=2**24, lock=False)
    with environment, environment.begin(write=True) as transaction:
        for number in range(20):
            data = encoded(rng.integers(0, 256, (16, 20, 3), dtype=np.uint8))
            transaction.put(f"{number:02d}".encode(), data[: 99 if number == 7 else None])
    return folder


def parts_of(spec: DatasetSpec, raw: Path, below: Path, number: int) -> list[Path]:
    parts = [below / f"{n} of {number}" for n in range(1, number + 1)]
    for n, part in enumerate(parts, 1):
        prepare(spec=spec, raw=raw, out=part, shard=Shard(n, number))
    return parts


def without_sidecar(folder: Path) -> dict[str, str]:
    assert (folder / "provenance.json").is_file()
    return content_hashes(folder)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [None, 17, 2])
@pytest.mark.parametrize("which", ["pictures", "database"])
def test_however_many_parts_the_bytes_are_those_of_one_run(tmp_path, request, which, limit):
    raw = request.getfixturevalue(which)
    spec = (LABELLED if which == "pictures" else LSUN).model_copy(update={"limit": limit})
    prepare(spec=spec, raw=raw, out=tmp_path / "whole")
    whole = without_sidecar(tmp_path / "whole")
    assert ("labels.npy" in whole) == (which == "pictures")
    for number in (1, 2, 3, 7):
        parts = parts_of(spec, raw, tmp_path, number)
        out = tmp_path / f"joined {number}"
        join_parts(spec=spec, raw=raw, parts=parts[::-1], out=out)
        assert without_sidecar(out) == whole
    ImageStore.open(out).verify()
    counts = [json.loads((part / "manifest.json").read_text())["count"] for part in parts]
    assert (0 in counts) == (which == "pictures" or limit == 2)  # parts without any picture
    assert sum(counts) == len(ImageStore.open(out))


def test_only_a_wrapped_source_adds_its_module() -> None:
    """A folder may be called like a source; `modules_of` names what decides the bytes."""
    own = DatasetSpec(source="folder", image_size=8, options={"images": "faces"})
    assert modules_of(own) == ["data_prep.prepare", "data_prep.folder"]
    wrapping = DatasetSpec(source="planted", image_size=8, options={"of": "faces"})
    assert modules_of(wrapping)[1:] == ["data_prep.planted", "data_prep.faces"]


def test_a_part_may_hold_no_readable_record_but_all_may_not(tmp_path, pictures):
    for name in ("08_64.png", "09_81.png", "10_100.png"):
        (tmp_path / "raw").mkdir(exist_ok=True)
        (tmp_path / "raw" / name).write_bytes((pictures / name).read_bytes())
    parts = parts_of(LABELLED, tmp_path / "raw", tmp_path, 2)
    with pytest.raises(SourceError, match=r"no readable image.*3 truncated"):
        join_parts(spec=LABELLED, raw=tmp_path / "raw", parts=parts, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def spoilt(part: Path, name: str, change: object) -> None:
    (part / name).write_bytes(change((part / name).read_bytes()))


def recorded_as_it_is(part: Path) -> None:
    record = json.loads((part / SIDECAR).read_text())
    (part / SIDECAR).write_text(json.dumps(record | {"outputs": content_hashes(part)}))


@pytest.mark.parametrize(
    ("which", "damage", "message"),
    [
        ([0, 2], None, r"found parts 1/3, 3/3, expected 1/3, 2/3, 3/3"),
        ([0, 1, 1], None, r"2 of 3 and .*2 of 3 are both part 2/3"),
        ([0, 1], lambda p: (p / PART_FILE).unlink(), f"2 of 3: no {PART_FILE}"),
        ([0, 1, 2], lambda p: spoilt(p, "images.npy", lambda b: b[:-1] + b"?"), "pixels have chan"),
        ([0, 1, 2], lambda p: spoilt(p, "images.npy", lambda b: b[:-9]), "images.npy"),
        ([0, 1, 2], lambda p: spoilt(p, "labels.npy", lambda b: b[:-4]), "labels.npy"),
        (
            [0, 1, 2],
            lambda p: spoilt(p, PART_FILE, lambda b: b.replace(b'"spec": "', b'"spec": "x')),
            "2 of 3: does not match the given spec",
        ),
    ],
)
def test_wrong_parts_are_refused(tmp_path, pictures, which, damage, message):
    parts = parts_of(LABELLED, pictures, tmp_path, 3)
    if damage:
        damage(parts[1])
        recorded_as_it_is(parts[1])  # else the damage would be seen before joining
    with pytest.raises((StoreError, UnusableError), match=message):
        join_parts(
            spec=LABELLED, raw=pictures, parts=[parts[n] for n in which], out=tmp_path / "out"
        )
    assert not (tmp_path / "out").exists()


def test_a_part_with_another_label_than_was_written_is_refused(tmp_path, pictures):
    parts = parts_of(LABELLED, pictures, tmp_path, 2)
    spoilt(parts[1], "labels.npy", lambda b: b[:-1] + bytes([b[-1] ^ 1]))
    with pytest.raises(ChangedFileError, match=r"labels\.npy is not what was written there"):
        join_parts(spec=LABELLED, raw=pictures, parts=parts, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_parts_of_other_raw_data_or_another_spec_are_refused(tmp_path, pictures):
    parts = parts_of(LABELLED, pictures, tmp_path, 2)
    other = LABELLED.model_copy(update={"limit": 20})
    with pytest.raises(StoreError, match="does not match the given spec; make the part again"):
        join_parts(spec=other, raw=pictures, parts=parts, out=tmp_path / "out")
    (tmp_path / "raw").mkdir()
    for path in sorted(pictures.iterdir())[:24]:
        (tmp_path / "raw" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(StoreError, match="does not match the given raw data"):
        join_parts(spec=LABELLED, raw=tmp_path / "raw", parts=parts, out=tmp_path / "out")


@pytest.mark.slow
def test_command_line(tmp_path, pictures, warm):
    spec = tmp_path / "spec.json"
    spec.write_text(LABELLED.model_dump_json())

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [warm, "-m", "data_prep.prepare", "--spec", spec, "--raw", pictures]
        return subprocess.run(
            list(map(str, [*command, *words])),
            capture_output=True,
            text=True,
            cwd=Path(module.__file__).parent.parent,
        )

    parts = [tmp_path / "a part", tmp_path / "b"]
    for number, part in enumerate(parts, 1):
        made = run("--shard", f"{number}-of-2", "--out", part)
        assert made.returncode == 0, made.stderr
    joined = run("--parts", *parts, "--out", tmp_path / "joined")
    assert joined.returncode == 0, joined.stderr
    assert "19 images, skipped {'truncated': 6}" in joined.stdout
    again = run("--parts", parts[0], "--out", tmp_path / "joined")
    assert (
        "joined is complete and was made from the same settings, inputs and code: kept"
        in again.stdout
    )
    refused = run("--parts", parts[0], "--out", tmp_path / "half")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: found parts 1/2, expected 1/2, 2/2")
    assert "expected a shard such as 3/8" in run("--shard", "3/2", "--out", parts[0]).stderr
