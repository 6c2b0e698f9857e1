"""Memorisation: planted copies must be found, new pictures of the same kind must not be."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from planted_blobs import IMAGES, noisy, pictures
from recorded_again import record_again
from scipy import stats
from scipy.ndimage import gaussian_filter
from untrained_model import write_model

from experiments.contract import Inputs, run_measure
from experiments.memorisation import study as module
from experiments.memorisation.figure import figure
from experiments.memorisation.measure import measure
from experiments.memorisation.options import Options
from experiments.memorisation.rank_tests import copying_z, nearer_probability, ranks
from repro.claims.card import read_card
from repro.claims.measurement import Measurement, read_measurements
from repro.claims.verdict import Verdict
from repro.figures.style import Style
from repro.networks.build import build_generator
from repro.networks.model_folder import (
    GENERATOR_FILES,
    CheckpointError,
    save_network,
)
from repro.specs.network import NetworkSpec

OPTIONS = Options(samples=200, shown=12, real=300)
NO_COPIES = ("no_copies_in_pixels", "no_copies_in_features")
CLAIMS = (*NO_COPIES, "not_nearer_than_real")  # those that need no held-out images


@pytest.fixture
def plant(
    model: Path, make_dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Measurement]]:
    """Measures a generator that returns `samples`, trained on `images`."""

    def run(
        samples: np.ndarray, images: np.ndarray, options: Options = OPTIONS
    ) -> dict[str, Measurement]:
        monkeypatch.setattr(module, "draw", lambda G, z, labels: samples[: len(z)])
        inputs = Inputs({"bedrooms.model": model, "bedrooms.data": make_dataset(images)})
        return {m.name: m for m in measure(inputs, options, 7, tmp_path)}

    return run


def test_new_pictures_of_the_same_kind_are_no_copies(plant, verdict) -> None:
    found = plant(pictures(200, 1), pictures(IMAGES, 0))
    assert [verdict(found, claim) for claim in CLAIMS] == [Verdict.REPRODUCED] * 3
    for space in ("pixels", "features"):
        one = found[f"nearer_probability_{space}"]
        assert one.low < 0.5 < one.high  # leave-one-out gives what held-out pictures show
        assert abs(found[f"copying_z_{space}"].value) < 2.5
        assert found[f"median_ratio_{space}"].value == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_noisy_copies_are_found_and_shown_first(
    plant, verdict, tmp_path: Path, share: float
) -> None:
    images = pictures(IMAGES, 0)
    count = int(share * 200)
    samples = pictures(200, 1)
    copied = np.random.default_rng(2).permutation(200)[:count]
    originals = np.random.default_rng(3).permutation(IMAGES)[:count]
    samples[copied] = noisy(images[originals], 4)
    found = plant(samples, images)
    assert [verdict(found, claim) for claim in NO_COPIES] == [Verdict.NOT] * 2
    for space in ("pixels", "features"):
        measured = found[f"suspicious_share_{space}"]
        assert measured.low < share <= measured.high + 0.01
    if share == 1:
        assert verdict(found, "not_nearer_than_real") == Verdict.NOT
        assert found["copying_z_features"].value < -10
    pairs = np.load(tmp_path / "pairs.npz")
    first = int((copied < 12).sum())  # copies among the twelve shown
    originals_of = dict(zip(copied, originals, strict=True))
    shown = {samples[i].tobytes(): images[originals_of[i]] for i in copied if i < 12}
    for k in range(first):
        for space in ("pixels", "features"):
            np.testing.assert_array_equal(pairs[space][k], shown[pairs["samples"][k].tobytes()])


def test_rows_that_were_not_trained_on_are_not_searched(plant, model: Path) -> None:
    images = pictures(IMAGES, 0)
    np.save(model / "training_rows.npy", np.arange(0, IMAGES, 2))
    found = plant(noisy(images[1::2][:200], 1), images)
    assert found["suspicious_share_pixels"].value < 0.05
    assert plant(noisy(images[::2][:200], 1), images)["suspicious_share_pixels"].value == 1


def test_blurred_new_pictures_are_nearer_but_no_copies(plant, verdict) -> None:
    """Without matching the blur the rank test would take them for copies."""
    source = np.random.default_rng(0)
    textured = np.clip(pictures(IMAGES + 200, 0) + source.normal(0, 40, (800, 16, 16, 3)), 0, 255)
    fresh = gaussian_filter(textured[IMAGES:], (0, 1.2, 1.2, 0)).astype(np.uint8)
    found = plant(fresh, textured[:IMAGES].astype(np.uint8))
    assert found["matching_blur"].value == pytest.approx(1.2, abs=0.1)
    assert found["nearer_probability_pixels"].low > 0.9
    matched = found["nearer_probability_pixels_blur_matched"]
    assert matched.value == pytest.approx(0.5, abs=0.1)
    # features of this D find too few copies of such a texture, shifted by a pixel, to decide theirs
    wanted = [Verdict.REPRODUCED, Verdict.CONTROL_PASSES, Verdict.REPRODUCED]
    assert [verdict(found, claim) for claim in CLAIMS] == wanted
    assert found["suspicious_share_features_blur_matched"].high < 0.05


@pytest.mark.slow
def test_the_blur_is_that_of_all_classes(plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a dataset sorted by class, the first half smooth and the second rough."""
    monkeypatch.setattr(module, "BLURRED_BY", 60)
    source = np.random.default_rng(0)
    noise = source.normal(0, 1, (IMAGES + 200, 16, 16, 3))
    noise *= np.where(np.arange(IMAGES + 200) % 2, 60, 10)[:, None, None, None]
    textured = np.clip(pictures(IMAGES + 200, 0) + noise, 0, 255)
    fresh = gaussian_filter(textured[IMAGES:], (0, 1.2, 1.2, 0)).astype(np.uint8)
    own = textured[:IMAGES].astype(np.uint8)
    found = plant(fresh, np.concatenate([own[::2], own[1::2]]))
    assert found["matching_blur"].value == pytest.approx(1.2, abs=0.4)


def test_near_identical_training_images_do_not_hide_copies(plant) -> None:
    """A third of the images have a twin; against all of them a copy would not be unusual."""
    images = pictures(IMAGES, 0)
    images[400:500] = noisy(images[:100], 5)
    found = plant(noisy(images[100:300], 6), images)
    assert found["near_identical_real"].value == pytest.approx(1 / 3, abs=0.08)
    assert found["suspicious_share_pixels"].value == 1
    assert found["suspicious_share_pixels_with_partners"].value < 0.5


@pytest.mark.slow
def test_mirrored_copies_count_where_training_mirrored(plant, model: Path) -> None:
    images = pictures(IMAGES, 0)
    samples = noisy(images[:200, :, ::-1], 1)
    assert plant(samples, images)["suspicious_share_pixels"].value < 0.05
    content = json.loads((model / "spec.json").read_text())
    content["spec"]["training"]["augmentation"]["flip"] = 0.5
    (model / "spec.json").write_text(json.dumps(content))
    found = plant(samples, images)
    assert found["suspicious_share_pixels"].value == 1
    assert found["suspicious_share_features"].value > 0.9


@pytest.mark.slow
def test_projected_features_still_find_copies(plant) -> None:
    images = pictures(IMAGES, 0)
    options = OPTIONS.model_copy(update={"feature_width": 32})
    assert plant(noisy(images[:200], 1), images, options)["suspicious_share_features"].value > 0.9
    assert plant(pictures(200, 1), images, options)["suspicious_share_features"].value < 0.05


def test_ranks_by_hand() -> None:
    assert ranks(np.array([0.0, 2, 5]), np.array([1.0, 2, 3, 4])).tolist() == [0, 0.375, 1]


def test_rank_test_against_scipy_and_its_definition() -> None:
    source = np.random.default_rng(0)
    for shift in (-1, 0, 2):
        samples = source.integers(0, 9, 40) + float(shift)  # with ties
        real = source.integers(0, 9, 70).astype(float)
        expected = stats.mannwhitneyu(samples, real, method="asymptotic", use_continuity=False)
        z = copying_z(samples, real)
        assert 2 * stats.norm.sf(abs(z)) == pytest.approx(expected.pvalue)
        value, (low, high) = nearer_probability(samples, real)
        pairs = np.sign(real[None] - samples[:, None])
        assert value == pytest.approx((pairs.mean() + 1) / 2)
        assert low < value < high
        assert (z < 0) == (value > 0.5)
    assert copying_z(np.ones(5), np.ones(4)) == 0


def test_interval_of_the_probability_covers() -> None:
    source = np.random.default_rng(1)
    inside = 0
    for _ in range(400):
        _, (low, high) = nearer_probability(source.normal(0, 1, 50), source.normal(0.5, 1, 80))
        inside += low < stats.norm.cdf(0.5 / np.sqrt(2)) < high
    assert 0.92 < inside / 400 < 0.98


def make_fully_connected(model: Path) -> None:
    """Put a generator without convolutions into the model folder; D's weights are not read."""
    network = NetworkSpec(
        kind="fully_connected", image_size=16, z_dim=8, generator_units=(32,),
        discriminator_units=(32,), first_norm="none", biases=True,
    )  # fmt: skip
    save_network(build_generator(network, seed=1).eval(), model / GENERATOR_FILES["final"])
    content = json.loads((model / "spec.json").read_text())
    content["spec"]["network"] = network.model_dump()
    (model / "spec.json").write_text(json.dumps(content))
    record_again(model)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["convolutional", "fully_connected"])
def test_run_is_repeatable_and_files_are_those_of_the_card(
    folders: dict[str, Path], tmp_path: Path, repository: Path, kind: str
) -> None:
    """A discriminator without convolutions leaves the feature space out; and no optional input."""
    if kind == "fully_connected":
        make_fully_connected(folders["bedrooms.model"])
        del folders["bedrooms.validation"]
    else:
        folders["bedrooms.baseline"] = write_model(tmp_path / "baseline", seed=2)
        np.save(folders["bedrooms.baseline"] / "training_rows.npy", np.arange(IMAGES))
    for name in ("once", "again"):
        run_measure(measure, OPTIONS, folders=folders, seed=7, out=tmp_path / name)
        (tmp_path / f"figures {name}").mkdir()
        figure(tmp_path / name, tmp_path / f"figures {name}", Style())
    hashes = [
        json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("once", "again")
    ]
    assert hashes[0] == hashes[1]
    card = read_card(repository / "experiments/memorisation/experiment.yaml")
    wanted = {c.measurement for c in card.claims}
    if kind == "fully_connected":
        wanted = {name for name in wanted if "pixels" in name}
    assert wanted <= read_measurements(tmp_path / "once").keys()
    written = {p.name: p.read_bytes() for p in (tmp_path / "figures once").iterdir()}
    assert written.keys() == set(card.captions)
    for name, content in written.items():
        assert (tmp_path / "figures again" / name).read_bytes() == content


def test_another_dataset_is_refused(model: Path, make_dataset, tmp_path: Path) -> None:
    data = make_dataset(pictures(50, 0))
    inputs = Inputs({"bedrooms.model": model, "bedrooms.data": data})
    with pytest.raises(CheckpointError, match=r"row 599.*give the dataset that it was trained on"):
        measure(inputs, OPTIONS, 7, tmp_path)
    np.save(model / "training_rows.npy", np.arange(2))
    with pytest.raises(CheckpointError, match="2 training images; at least 3"):
        measure(inputs, OPTIONS, 7, tmp_path)
