"""The experiment on hand-made codes: every number is known beforehand.

Recall on its own is tested in test_dedup_recall.py. Longer than 300 lines: all tests measure the
same codes made by hand.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from experiments.contract import Inputs, run_measure
from experiments.dedup.charts import WRONG, extra_copies, groups_sheet, settings_chart
from experiments.dedup.copies import read_copies
from experiments.dedup.figure import figure
from experiments.dedup.measure import measure
from experiments.dedup.options import Options
from experiments.dedup.untrained import removed_by
from repro.artefacts.step_folder import step_folder
from repro.artefacts.whole_file import write_json
from repro.claims.card import read_card
from repro.claims.measurement import read_measurements
from repro.data.store import ImageStore
from repro.data.store_writer import StoreError, StoreWriter
from repro.dedup.autoencoder import Autoencoder
from repro.dedup.options import Options as HashOptions
from repro.figures.style import Style
from repro.specs.validation import SpecError

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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_chart_of_settings_names_both_sets_of_copies(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    found = measured(folders, tmp_path / "m", Options(radii=[0, 40]))
    settings, study, truth = (
        dict(np.load(tmp_path / "m" / f"{name}.npz")) for name in ("settings", "study", "truth")
    )
    drawn = settings_chart(settings, study, truth).axes[3]  # by radius, copies found
    extra, own = drawn.get_lines()
    assert extra.get_label() == "found: extra copies of 2 kinds"  # no fresh ones
    assert extra.get_ydata()[0] == found["copies_recall_autoencoder"].value
    assert own.get_label() == "found: copies in the dataset"
    assert own.get_xdata().tolist() == [0]  # 40 bits were not counted
    assert own.get_ydata()[0] == found["recall_autoencoder"].value
    study["kinds"] = np.array(["grey", "rotate", "rotate"])
    assert extra_copies(study) == "extra copies of 2 new kinds"
    assert len(settings_chart(settings, study, {}).axes[3].get_lines()) == 1


@pytest.mark.slow
def test_a_natural_duplicate_is_no_error(folders: dict[str, Path], tmp_path: Path) -> None:
    found = measured(folders, tmp_path / "m", Options(same=[("key00005", "key00004")]))
    assert found["false_positive_rate"].value == 0
    assert found["pair_precision"].value == 1
    assert found["false_pairs_autoencoder"].value == 0
    assert found["recall_autoencoder"].value == pytest.approx(3 / 4)


@pytest.mark.slow
def test_protocols_state_the_radius_of_the_run(folders: dict[str, Path], tmp_path: Path) -> None:
    """Codes of the hash count as equal within it; those of the other methods at distance 0."""
    record = folders["bedrooms.dedup"] / "provenance.json"
    content = json.loads(record.read_text())
    record.write_text(json.dumps(content | {"spec": {"radius": 4}}))
    found = measured(folders, tmp_path / "m")
    numbers = ("removed_share", "recall", "false_pairs")
    hashed = [f"{name}_{own}" for own in ("autoencoder", "untrained") for name in numbers]
    hashed += ["false_positive_rate", "pair_precision", "removed_beyond_pixels"]
    hashed += ["recall_gain_over_pixels", "recall_gain_over_untrained"]
    for name in ("images_removed", "removed_share", "removed_share_of_all_untrained", *hashed):
        assert found[name].protocol.endswith("distance at most 4"), name
    for name in numbers:
        assert found[f"{name}_phash"].protocol.endswith("distance 0"), name


@pytest.mark.slow
def test_fewer_images_compared(folders: dict[str, Path], tmp_path: Path) -> None:
    options = Options(compared=5)  # originals 5 and 6 of the copies are hashed as well
    found = measured(folders, tmp_path / "m", options)
    assert not [name for name in found if name.startswith("recall_")]
    assert (found["removed_share"].n, found["removed_share_pixels"].n) == (N, 5)
    assert found["copies_recall_pixels"].n == 3


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_groups_take_up_only_the_space_of_their_images() -> None:
    shown = np.arange(12)[None] < np.array([7, 2, 4, 12])[:, None]
    images = np.zeros((4, 12, 10, 10, 3), np.uint8)
    images[~shown] = 100  # must not be drawn
    sheet = groups_sheet(images, shown, np.zeros_like(shown))
    lines = [(7 * 11 - 1) + 8 + (2 * 11 - 1), 4 * 11 - 1, 12 * 11 - 1]  # 7 and 2 abreast; 4; 12
    assert sheet.shape == (3 * 10 + 2 * 8, max(lines), 3)
    assert (sheet == 0).all(axis=2).sum() == shown.sum() * 100
    assert set(np.unique(sheet)) == {0, 255}
    for place, width in enumerate(lines):
        line = sheet[place * 18 : place * 18 + 10]
        assert np.flatnonzero((line == 0).any(axis=(0, 2)))[-1] == width - 1


@pytest.mark.slow
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


@pytest.mark.slow
def test_what_training_adds_is_told_from_what_the_untrained_hash_finds(
    folders: dict[str, Path], tmp_path: Path, repository: Path
) -> None:
    """Codes by hand find 3 of 4 copies, the untrained hash the one of equal pixels; then alike."""
    found = measured(folders, tmp_path / "trained")
    values = {
        "recall_untrained": 1 / 4,
        "recall_gain_over_untrained": 2 / 4,
        "recall_gain_over_pixels_untrained": 0,
        "removed_share_of_all_untrained": 1 / N,
        "false_positive_rate_untrained": 0,
        "removed_beyond_pixels_untrained": 0,
    }
    for name, value in values.items():
        assert found[name].value == pytest.approx(value), name
    card = read_card(repository / "experiments/dedup/experiment.yaml")
    assert {claim.control for claim in card.claims if claim.control} <= {
        *found,
        "copies_gain_over_phash_allowed_untrained",  # no distance is allowed here
    }
    images = np.load(folders["bedrooms.data"] / "images.npy")
    network = Autoencoder(seed=1)  # as if training had changed nothing: the run's seed is 1
    made = removed_by(network, images, settings=HashOptions())
    summary = (folders["bedrooms.dedup"] / "summary.json").read_bytes()
    with step_folder(tmp_path / "unchanged", inputs={}) as folder:
        network.save(folder / "autoencoder.safetensors")
        for name, array in {"codes": made.codes, "keep": made.keep, "first": made.first}.items():
            np.save(folder / f"{name}.npy", array)
        (folder / "summary.json").write_bytes(summary)
    alike = measured(folders | {"bedrooms.dedup": tmp_path / "unchanged"}, tmp_path / "alike")
    for name in ("recall_gain_over_untrained", "copies_gain_over_untrained"):
        assert (alike[name].low, alike[name].value, alike[name].high) == (0, 0, 0)


@pytest.mark.slow
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
    assert len(table) == 1 + 2 * 17 + 1 + 4 * 11
    assert table[1].startswith("autoencoder,0,")
    by_kind = (tmp_path / "f_once" / "sec411_recall_by_kind.csv").read_text()
    assert "equal pixels,0,crop,0.02,3,3,1," in by_kind
    assert "equal pixels,0,truth: blur,,0,3,0," in by_kind
