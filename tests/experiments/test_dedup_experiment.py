"""The experiment on codes made by hand: every number is known beforehand."""

import json
from pathlib import Path

import numpy as np
import pytest

from experiments.contract import Inputs, read_measurements, run_measure
from experiments.dedup.figure import WRONG, figure, groups_sheet
from experiments.dedup.measure import Options, measure
from repro.claims import read_card
from repro.figures import Style
from repro.perceptual import first_equal
from repro.provenance import step_folder, write_json
from repro.specs import SpecError
from repro.store import StoreError

N = 12


@pytest.fixture
def folders(make_dataset, tmp_path: Path) -> dict[str, Path]:
    """Rows 8..11 are copies of rows 0..3: by code 0, 1, 2 are found and 3 is not; 5 = 4 wrongly."""
    images = np.random.default_rng(0).integers(0, 256, (N, 32, 32, 3), np.uint8)
    images[8] = images[0]  # the one copy that is equal in its pixels
    codes = np.zeros((N, 16), np.uint8)
    codes[:, 0] = np.arange(N)
    codes[[8, 9, 10, 5], 0] = [0, 1, 2, 4]
    keep = np.ones(N, bool)
    keep[[8, 9, 10, 5]] = False
    with step_folder(tmp_path / "dedup", inputs={}) as folder:
        np.save(folder / "codes.npy", codes)
        np.save(folder / "keep.npy", keep)
        health = {"effective_bits": 12.5}
        summary = {"code_health": health, "oversized_groups": [], "featureless_count": 0}
        write_json(folder / "summary.json", summary)
    raw = tmp_path / "raw"
    raw.mkdir()
    rows = [f"key{i:05d},{i},original" for i in range(8)]
    kinds = ("crop", "blur", "blur", "blur")
    rows += [f"key{8 + i:05d},{i},{kind}" for i, kind in enumerate(kinds)]
    (raw / "duplicates.csv").write_text("\n".join(["key,group,kind", *rows]) + "\n")
    return {
        "bedrooms.data": make_dataset(images),
        "bedrooms.dedup": tmp_path / "dedup",
        "bedrooms.raw": raw,
    }


def measured(folders: dict[str, Path], out: Path, options: Options | None = None):
    run_measure(measure, options or Options(), folders=folders, seed=1, out=out)
    return read_measurements(out)


def test_numbers_by_hand(folders: dict[str, Path], tmp_path: Path) -> None:
    found = measured(folders, tmp_path / "m")
    expected = {
        "images_removed": (4, N),
        "removed_share": (4 / N, N),
        "effective_bits": (12.5, N),
        "false_positive_rate": (1 / 4, 4),
        "pair_precision": (3 / 4, 4),
        "recall_autoencoder": (3 / 4, 4),
        "recall_autoencoder_blur": (2 / 3, 3),
        "recall_autoencoder_crop": (1, 1),
        "recall_pixels": (1 / 4, 4),
        "recall_pixels_blur": (0, 3),
        "false_pairs_autoencoder": (1, 4),
        "removed_share_pixels": (1 / N, N),
        "removed_beyond_pixels": (3 / N, N),
        "recall_gain_over_pixels": (2 / 4, 4),
    }
    for name, (value, n) in expected.items():
        assert (found[name].value, found[name].n) == (pytest.approx(value), n), name
    gain = found["recall_gain_over_pixels"]
    assert gain.low < 0.5 < gain.high


def test_fewer_images_compared(folders: dict[str, Path], tmp_path: Path) -> None:
    found = measured(folders, tmp_path / "m", Options(compared=10))  # rows 10 and 11 are left out
    assert (found["recall_autoencoder"].value, found["recall_autoencoder"].n) == (1.0, 2)
    assert found["removed_share"].n == N


def test_without_truth_only_what_was_removed(
    folders: dict[str, Path], tmp_path: Path, repository: Path
) -> None:
    (folders["bedrooms.raw"] / "duplicates.csv").unlink()
    found = measured(folders, tmp_path / "m")
    assert "removed_beyond_pixels" in found
    assert not [name for name in found if "recall" in name or "precision" in name]
    (tmp_path / "f").mkdir()
    figure(tmp_path / "m", tmp_path / "f", Style())
    card = read_card(repository / "experiments/dedup/experiment.yaml")
    assert {p.name for p in (tmp_path / "f").iterdir()} == set(card.captions)


def test_a_truth_file_asked_for_must_be_there(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"no such file .*other\.csv"):
        measured(folders, tmp_path / "m", Options(truth="other.csv"))


def test_codes_of_another_dataset_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    np.save(folders["bedrooms.dedup"] / "codes.npy", np.zeros((3, 16), np.uint8))
    with pytest.raises(StoreError, match="3 codes and 12 marks for 12 images"):
        measure(Inputs(folders), Options(), 1, tmp_path)


def test_groups_shown_are_those_removed(folders: dict[str, Path], tmp_path: Path) -> None:
    measured(folders, tmp_path / "m")
    arrays = np.load(tmp_path / "m" / "arrays.npz")
    images = np.load(folders["bedrooms.data"] / "images.npy")
    assert arrays["shown"].sum(axis=1).tolist() == [2, 2, 2, 2]
    shown = [(0, 8), (1, 9), (2, 10), (4, 5)]
    for place, rows in enumerate(shown):
        assert np.array_equal(arrays["images"][place, :2], images[list(rows)])
    assert np.argwhere(arrays["wrong"]).tolist() == [[3, 1]]
    sheet = groups_sheet(arrays["images"], arrays["shown"], arrays["wrong"])
    framed = (sheet == WRONG).all(axis=-1)
    assert framed.sum() >= 32 * 32 - 28 * 28
    alone = groups_sheet(arrays["images"][:3], arrays["shown"][:3], arrays["wrong"][:3])
    assert (alone == WRONG).all(axis=-1).sum() < 10


def test_files_claims_and_bytes(folders: dict[str, Path], tmp_path: Path, repository: Path) -> None:
    card = read_card(repository / "experiments/dedup/experiment.yaml")
    hashes = []
    for name in ("once", "again"):
        found = measured(folders, tmp_path / name)
        assert {claim.measurement for claim in card.claims} <= found.keys()
        with step_folder(tmp_path / f"f_{name}", inputs={}) as out:
            figure(tmp_path / name, out, Style(banner="TINY"))
        records = [tmp_path / folder / "provenance.json" for folder in (name, f"f_{name}")]
        hashes.append([json.loads(record.read_text())["outputs"] for record in records])
    assert hashes[0] == hashes[1]
    assert set(hashes[0][1]) == set(card.captions)
    table = (tmp_path / "f_once" / "sec411_dedup.csv").read_text().splitlines()
    assert table[1].startswith("autoencoder (paper),0.333333,0.75,")


def test_perceptual_hashes_forgive_recompression_but_not_another_picture() -> None:
    coarse = np.random.default_rng(3).integers(0, 256, (2, 8, 8, 3), np.uint8)
    one, other = coarse.repeat(8, axis=1).repeat(8, axis=2)
    noisy = one.copy()
    noisy[::7, ::5] ^= 1
    images = np.stack([one, other, noisy, one])
    assert first_equal(images, "pixels").tolist() == [0, 1, 2, 0]
    for method in ("ahash", "phash", "dhash"):
        assert first_equal(images, method).tolist() == [0, 1, 0, 0]
    with pytest.raises(ValueError, match="there are pixels, ahash, dhash, phash"):
        first_equal(images, "whash")
