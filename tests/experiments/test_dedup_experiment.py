"""The experiment on codes made by hand: every number is known beforehand."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.contract import Inputs, read_measurements, run_measure
from experiments.dedup.copies import FURTHEST, METHODS, Codes, Copies, read_copies
from experiments.dedup.figure import WRONG, figure, groups_sheet
from experiments.dedup.measure import Options, measure
from experiments.dedup.pair_counts import pairs_by_distance
from experiments.dedup.recall_study import (
    copies_measurements,
    largest_allowed,
    over_originals,
    recall_study,
)
from experiments.dedup.settings_study import radius_study, threshold_study
from repro.claims import read_card
from repro.codes import pack
from repro.figures import Style
from repro.hashing import Autoencoder, HashInputs
from repro.planted import Truth
from repro.provenance import step_folder, write_json
from repro.specs import SpecError
from repro.store import ImageStore, StoreError, StoreWriter

N = 12
PERTURBATIONS = (("crop", 0.02), ("crop", 0.1), ("mirror", 1.0))
KINDS = ["crop", "mirror"]


def write_copies(folder: Path, images: np.ndarray, keys: list[str]) -> Path:
    """Of each key one copy of every perturbation: equal pixels, one value changed, mirrored."""
    with (
        step_folder(folder, inputs={}) as building,
        StoreWriter(
            building,
            source="test",
            spec={},
            image_size=images.shape[1],
            channels=3,
            label_fields={"class": "u1", "strength": "f4"},
            class_names=KINDS,
        ) as writer,
    ):
        for image, key in zip(images, keys, strict=True):
            nudged = image.copy()
            nudged[0, 0, 0] ^= 1
            pictures = (image, nudged, image[:, ::-1])
            for copy, (kind, strength) in zip(pictures, PERTURBATIONS, strict=True):
                labels = {"class": KINDS.index(kind), "strength": strength}
                writer.append(copy, f"{key}|{kind}|{strength:g}", labels)
    return folder


@pytest.fixture
def folders(make_dataset, tmp_path: Path) -> dict[str, Path]:
    """Rows 8..11 are copies of rows 0..3: by code 0, 1, 2 are found and 3 is not; 5 = 4 wrongly."""
    images = np.random.default_rng(0).integers(0, 256, (N, 32, 32, 3), np.uint8)
    images[8] = images[0]  # the one copy that is equal in its pixels
    codes = np.zeros((N, 16), np.uint8)
    codes[:, 0] = np.arange(N)
    codes[[8, 9, 10, 5], 0] = [0, 1, 2, 4]
    codes[6:8, 1:] = 255  # far from all
    keep = np.ones(N, bool)
    keep[[8, 9, 10, 5]] = False
    first = np.arange(N)
    first[[8, 9, 10, 5]] = [0, 1, 2, 4]
    with step_folder(tmp_path / "dedup", inputs={}) as folder:
        for name, array in {"codes": codes, "keep": keep, "first": first}.items():
            np.save(folder / f"{name}.npy", array)
        Autoencoder(seed=3).save(folder / "autoencoder.safetensors")
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
        "bedrooms.copies": write_copies(tmp_path / "copies", images[4:7], KEYS[4:7]),
        "bedrooms.dedup": tmp_path / "dedup",
        "bedrooms.raw": raw,
    }


KEYS = [f"key{i:05d}" for i in range(N)]


def measured(folders: dict[str, Path], out: Path, options: Options | None = None):
    run_measure(measure, options or Options(), folders=folders, seed=1, out=out)
    return read_measurements(out)


def test_numbers_by_hand(folders: dict[str, Path], tmp_path: Path) -> None:
    found = measured(folders, tmp_path / "m")
    expected = {
        "images_removed": (4, N),
        "removed_share": (4 / N, N),
        "effective_bits": (12.5, N),
        "kept_for_review": (0, N),
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
        # of three copies an original the first is equal in its pixels
        "copies_recall_pixels": (1 / 3, 3),
        "recall_pixels_allowed": (1 / 4, 4),
    }
    for name, (value, n) in expected.items():
        assert (found[name].value, found[name].n) == (pytest.approx(value), n), name
    gain = found["recall_gain_over_pixels"]
    assert gain.low < 0.5 < gain.high
    assert "recall_autoencoder_allowed" not in found  # one pair in four is wrong at distance 0


def test_a_natural_duplicate_is_no_error(folders: dict[str, Path], tmp_path: Path) -> None:
    found = measured(folders, tmp_path / "m", Options(same=[("key00005", "key00004")]))
    assert found["false_positive_rate"].value == 0
    assert found["pair_precision"].value == 1
    assert found["false_pairs_autoencoder"].value == 0
    assert found["recall_autoencoder"].value == pytest.approx(3 / 4)


def test_fewer_images_compared(folders: dict[str, Path], tmp_path: Path) -> None:
    options = Options(compared=5)  # originals 5 and 6 of the copies are hashed besides
    found = measured(folders, tmp_path / "m", options)
    assert not [name for name in found if name.startswith("recall_")]
    assert (found["removed_share"].n, found["removed_share_pixels"].n) == (N, 5)
    assert found["copies_recall_pixels"].n == 3


def test_without_truth_only_what_needs_none(
    folders: dict[str, Path], tmp_path: Path, repository: Path
) -> None:
    (folders["bedrooms.raw"] / "duplicates.csv").unlink()
    found = measured(folders, tmp_path / "m")
    assert {"removed_beyond_pixels", "copies_recall_phash"} <= found.keys()
    assert not [name for name in found if name.startswith(("recall", "false", "pair"))]
    (tmp_path / "f").mkdir()
    figure(tmp_path / "m", tmp_path / "f", Style())
    card = read_card(repository / "experiments/dedup/experiment.yaml")
    assert {p.name for p in (tmp_path / "f").iterdir()} == {*card.captions, "sec411_label.html"}
    header = (tmp_path / "f/sec411_dedup.csv").read_text().splitlines()[0]
    assert "unjudged_pairs" in header
    assert "false_pairs" not in header
    with pytest.raises(SpecError, match="same: there is no truth file"):
        measured(folders, tmp_path / "m", Options(same=[("key00005", "key00004")]))


def test_a_truth_file_asked_for_must_be_there(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"no such file .*other\.csv"):
        measured(folders, tmp_path / "m", Options(truth="other.csv"))


def test_folders_of_another_dataset_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    copies = folders["bedrooms.copies"]
    keys = (copies / "keys.txt").read_text()
    (copies / "keys.txt").write_text(keys.replace("key", "other"))
    with pytest.raises(StoreError, match="none of its 9 copies has its original"):
        measure(Inputs(folders), Options(), 1, tmp_path)
    np.save(folders["bedrooms.dedup"] / "codes.npy", np.zeros((3, 16), np.uint8))
    with pytest.raises(StoreError, match=r"3 in codes\.npy.* for 12 images"):
        measure(Inputs(folders), Options(), 1, tmp_path)
    (folders["bedrooms.dedup"] / "first.npy").unlink()
    with pytest.raises(StoreError, match=r"no first\.npy; de-duplicate"):
        measure(Inputs(folders), Options(), 1, tmp_path)


def test_copies_without_original_are_left_out_and_counted(folders: dict[str, Path]) -> None:
    folder = folders["bedrooms.copies"]
    keys = (folder / "keys.txt").read_text()
    (folder / "keys.txt").write_text(keys.replace("key00005", "gone"))
    dataset = ImageStore.open(folders["bedrooms.data"])
    copies = read_copies(ImageStore.open(folder), dataset)
    assert copies.without_original == 3
    assert copies.original.tolist() == [4, 4, 4, 6, 6, 6]
    assert copies.perturbation.tolist() == [0, 1, 2, 0, 1, 2]
    pairs = zip(copies.kinds, copies.strengths, strict=True)
    assert [(kind, round(strength, 6)) for kind, strength in pairs] == list(PERTURBATIONS)


def at_distance(code: np.ndarray, bits: int) -> np.ndarray:
    """The code (B,) with its first `bits` bits turned over."""
    flipped = np.unpackbits(code)
    flipped[:bits] ^= 1
    return np.packbits(flipped)


def hand_made(distances: list[list[int]]) -> tuple[Codes, Copies]:
    """Copies at the given distances: per perturbation, per original; the same by every method."""
    perturbations, originals = len(distances), len(distances[0])
    draw = np.random.default_rng(1)
    original = np.tile(np.arange(originals), perturbations)
    copies = Copies(
        images=np.zeros((len(original), 8, 8, 3), np.uint8),
        original=original,
        perturbation=np.repeat(np.arange(perturbations), originals),
        kinds=["crop"] * perturbations,
        strengths=[float(i) for i in range(perturbations)],
        without_original=0,
    )
    wide = {m: 8 if FURTHEST[m] == 10 else 16 for m in METHODS}
    images = {m: draw.integers(0, 256, (originals, wide[m]), np.uint8) for m in METHODS}
    flat = [d for row in distances for d in row]
    made = {
        m: np.stack([at_distance(images[m][o], d) for o, d in zip(original, flat, strict=True)])
        for m in METHODS
    }
    return Codes(images, {m: images[m][original] for m in METHODS}, made), copies


def test_recall_by_distance_and_kind_is_counted_as_planted() -> None:
    codes, copies = hand_made([[0, 3, 3, 11], [0, 0, 20, 40]])
    study = recall_study(codes, copies, None, copy_share=0.1)
    ours = study.found[METHODS.index("autoencoder")]
    assert ours[0, [0, 2, 3, 10, 11, 32]].tolist() == [1, 1, 3, 3, 4, 4]
    assert ours[1, [0, 19, 20, 32]].tolist() == [2, 2, 3, 3]
    phash = study.found[METHODS.index("phash")]
    assert phash[0, [0, 3, 10]].tolist() == [1, 3, 3]
    assert (phash[:, 11:] == -1).all()  # further than it is looked at
    pixels = study.found[METHODS.index("pixels")]
    assert pixels[:, 0].tolist() == [1, 2]
    assert (pixels[:, 1:] == -1).all()
    assert study.recall[METHODS.index("autoencoder"), 0] == pytest.approx(3 / 8)
    assert study.by_original[METHODS.index("autoencoder"), :, 3].tolist() == [1, 1, 0.5, 0]


def test_false_pairs_lower_precision_and_close_the_distances() -> None:
    codes, copies = hand_made([[0, 2, 2, 9]])
    clean = recall_study(codes, copies, None, copy_share=0.5)
    assert clean.distance_allowed("autoencoder") == 32  # random codes lie further apart
    codes.images["autoencoder"][3] = at_distance(codes.images["autoencoder"][0], 2)
    study = recall_study(codes, copies, None, copy_share=0.5)
    row = METHODS.index("autoencoder")
    assert study.false_pairs[row, [1, 2, 32]].tolist() == [0, 1, 1]
    # in the mixture 0.5 * 4 copies, of which at distance 2 three in four are found
    assert study.precision[row, 2] == pytest.approx(1.5 / 2.5)
    assert study.distance_allowed("autoencoder") == 1
    known = Truth(np.array([0, 1, 2, 0]), np.full(4, "original"), np.full(4, -1))
    judged = recall_study(codes, copies, known, copy_share=0.5)
    assert judged.false_pairs[row, 2] == 0  # one original, so no error
    assert judged.true_pairs[row, [1, 2]].tolist() == [0, 1]
    assert (judged.pairs, judged.known_pairs) == (5, 1)
    numbers = {m.name: m for m in copies_measurements(study, copies, seed=0)}
    assert numbers["copies_recall_autoencoder_allowed"].value == pytest.approx(1 / 4)
    assert numbers["copies_gain_over_phash_allowed"].value == pytest.approx(1 / 4 - 1)
    assert numbers["copies_gain_over_phash"].value == 0


def test_largest_distance_allowed() -> None:
    assert largest_allowed(np.array([1, 0.995, 0.98, 1])) == 1
    assert largest_allowed(np.array([np.nan, 1.0, 0.99])) == 2
    assert largest_allowed(np.array([0.9, 1.0])) is None


def test_an_interval_over_originals_does_not_shrink_with_copies_of_the_same() -> None:
    """Copies of one original that are found or missed together count once."""
    together = np.repeat([0.0, 1.0], 50)[None, :, None]  # per original: none or all copies
    low, high = over_originals(together, seed=0)
    assert low[0, 0] == pytest.approx(0.5 - 1.96 * 0.05, abs=0.02)
    assert high[0, 0] == pytest.approx(0.5 + 1.96 * 0.05, abs=0.02)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 2**10 - 1), st.integers(-1, 4)), max_size=30),
    st.integers(0, 8),
)
def test_pairs_by_distance_equal_brute_force(rows: list[tuple[int, int]], furthest: int) -> None:
    codes = np.zeros((len(rows), 8), np.uint8)
    for row, (value, _) in enumerate(rows):
        codes[row, :2] = divmod(value, 256)
    group = np.array([g for _, g in rows], np.int64)
    counts = pairs_by_distance(codes, group, furthest=furthest)
    judged = [(i, j) for i, j in combinations(range(len(rows)), 2) if min(group[i], group[j]) >= 0]
    distance = {(i, j): bin(rows[i][0] ^ rows[j][0]).count("1") for i, j in judged}
    for d in range(furthest + 1):
        near = [(i, j) for i, j in judged if distance[i, j] <= d]
        same = sum(group[i] == group[j] for i, j in near)
        assert counts.same_found[d] == same
        assert counts.different_found[d] == len(near) - same
    assert counts.same == sum(group[i] == group[j] for i, j in judged)
    assert counts.same + counts.different == len(judged)


def test_pairs_in_several_blocks() -> None:
    codes = np.random.default_rng(0).integers(0, 256, (1100, 8), np.uint8)
    codes[1050] = codes[3]
    codes[700] = codes[3]
    counts = pairs_by_distance(codes, np.arange(1100), furthest=64)
    assert counts.different_found[0] == 3
    assert counts.different_found[64] == 1100 * 1099 // 2  # all pairs, each once


def test_threshold_and_radius_by_hand(tmp_path: Path) -> None:
    """Thresholds at 0 must be the hash itself; above the largest activation all codes are equal."""
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    network = Autoencoder(seed=1)
    network.save(tmp_path / "n.safetensors")
    copies = Copies(images[:5].copy(), np.arange(5), np.zeros(5, np.int64), ["crop"], [0.1], 0)
    copies.images[4] = images[9]
    truth = Truth(np.arange(20) // 2, np.full(20, "original"), np.full(20, -1))
    found = threshold_study(
        images, copies, truth, n=20, network=tmp_path / "n.safetensors", thresholds=[0, 1e6]
    )
    assert found["removed"].tolist() == [0, 19]
    assert found["wrong"].tolist() == [0, 18]  # all but the one of the first's own group
    assert found["recall"].tolist() == [0.8, 1]
    assert found["effective_bits"][1] == 0
    codes = pack(network.bits(HashInputs(images).rows(0, 20)))
    by_method = {"autoencoder": codes}
    equal = {"pixels": codes[:5], "autoencoder": codes[[0, 1, 2, 3, 9]]}
    originals = {"pixels": codes[:5], "autoencoder": codes[:5]}
    radii = radius_study(Codes(by_method, originals, equal), truth, radii=[0, 127])
    assert radii["removed"].tolist() == [0, 19]
    assert radii["wrong"].tolist() == [0, 18]
    assert radii["recall"].tolist() == [0.8, 1]


def test_groups_shown_are_those_removed(folders: dict[str, Path], tmp_path: Path) -> None:
    measured(folders, tmp_path / "m")
    arrays = np.load(tmp_path / "m" / "groups.npz")
    images = np.load(folders["bedrooms.data"] / "images.npy")
    assert arrays["shown"].sum(axis=1).tolist() == [2, 2, 2, 2]
    shown = [(0, 8), (1, 9), (2, 10), (4, 5)]
    for place, rows in enumerate(shown):
        assert np.array_equal(arrays["images"][place, :2], images[list(rows)])
    assert np.argwhere(arrays["wrong"]).tolist() == [[3, 1]]
    sheet = groups_sheet(arrays["images"], arrays["shown"], arrays["wrong"])
    assert (sheet.reshape(-1, 3) == WRONG).all(axis=1).sum() == 32 * 32 - 28 * 28


def test_the_sample_to_label_is_of_removed_images(folders: dict[str, Path], tmp_path: Path) -> None:
    measured(folders, tmp_path / "m", Options(collisions=3))
    sample = np.load(tmp_path / "m" / "collisions.npz")
    pairs = list(zip(sample["kept_keys"].tolist(), sample["removed_keys"].tolist(), strict=True))
    removed = {(0, 8), (1, 9), (2, 10), (4, 5)}
    assert len(set(pairs)) == 3
    assert set(pairs) <= {(KEYS[i], KEYS[j]) for i, j in removed}
    assert int(sample["collisions"]) == 4
    images = np.load(folders["bedrooms.data"] / "images.npy")
    for pair, shown in zip(pairs, sample["images"], strict=True):
        assert np.array_equal(shown, images[[KEYS.index(key) for key in pair]])


def test_every_claim_has_its_measurement_and_two_runs_the_same_bytes(
    folders: dict[str, Path], tmp_path: Path, repository: Path
) -> None:
    labels = tmp_path / "anna.csv"
    sure = Options(same=[("key00005", "key00004")])  # so that distances are allowed
    measured(folders, tmp_path / "sample", sure)
    sample = np.load(tmp_path / "sample" / "collisions.npz")
    keys = sample["kept_keys"][0], sample["removed_keys"][0]
    labels.write_text(f"pair,kept_key,removed_key,label\n1,{keys[0]},{keys[1]},same\n")
    options = Options(same=sure.same, labels=[str(labels)])
    card = read_card(repository / "experiments/dedup/experiment.yaml")
    hashes = []
    for name in ("once", "again"):
        found = measured(folders, tmp_path / name, options)
        assert {claim.measurement for claim in card.claims} <= found.keys()
        with step_folder(tmp_path / f"f_{name}", inputs={}) as out:
            figure(tmp_path / name, out, Style(banner="TINY"))
        records = [tmp_path / folder / "provenance.json" for folder in (name, f"f_{name}")]
        hashes.append([json.loads(record.read_text())["outputs"] for record in records])
    assert hashes[0] == hashes[1]
    assert set(hashes[0][1]) == {*card.captions, "sec411_label.html"}
    table = (tmp_path / "f_once" / "sec411_dedup.csv").read_text().splitlines()
    assert len(table) == 1 + 17 + 1 + 4 * 11
    assert table[1].startswith("autoencoder,0,")
    by_kind = (tmp_path / "f_once" / "sec411_recall_by_kind.csv").read_text()
    assert "equal pixels,0,crop,0.02,3,3,1," in by_kind
    assert "equal pixels,0,truth: blur,,0,3,0," in by_kind
