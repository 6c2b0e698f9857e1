"""Planted copies, the controls of memorisation: a search that is blind to them decides nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from planted_blobs import IMAGES, noisy, pictures
from scipy.ndimage import gaussian_filter

from experiments.contract import Inputs
from experiments.memorisation import study as module
from experiments.memorisation.copies import SHIFT, TONE, planted_copies
from experiments.memorisation.measure import measure
from experiments.memorisation.options import Options
from repro.claims.measurement import Measurement
from repro.claims.verdict import Verdict
from repro.data.store import ImageStore
from repro.networks.model_folder import ModelFolder
from repro.quality.kernel_distance import sharpness

OPTIONS = Options(samples=200, shown=12, real=300)
CLAIMS = (
    "no_copies_in_pixels",
    "no_copies_in_features",
    "not_nearer_than_real",
    "not_nearer_than_held_out",
)
SPACES = ("pixels", "features")


@pytest.fixture
def store(make_dataset) -> ImageStore:
    return ImageStore.open(make_dataset(pictures(40, 0)))


@pytest.fixture
def plant(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[np.ndarray], dict[str, Measurement]]:
    """Measures a generator that returns `samples`."""

    def run(samples: np.ndarray) -> dict[str, Measurement]:
        monkeypatch.setattr(module, "draw", lambda G, z, labels: samples[: len(z)])
        return {m.name: m for m in measure(Inputs(folders), OPTIONS, 7, tmp_path)}

    return run


def variants(image: np.ndarray) -> dict[tuple[bool, int, int], np.ndarray]:
    """An image (H, W, C) and its mirror image, shifted in all allowed ways, by (side, down, right).

    By padding and cutting, which is not how the copies are made.
    """
    made = {}
    height, width, _ = image.shape
    around = ((SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0))
    for side in (False, True):
        padded = np.pad(image[:, ::-1] if side else image, around, mode="edge").astype(int)
        for down in range(-SHIFT, SHIFT + 1):
            for right in range(-SHIFT, SHIFT + 1):
                top, left = SHIFT - down, SHIFT - right
                cut = padded[top : top + height, left : left + width]
                made[side, down, right] = cut
    return made


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_copy_is_one_of_the_rows_but_for_a_shift_and_a_tone(
    store: ImageStore, mirrored: bool
) -> None:
    rows = np.arange(0, 40, 2)
    copies = planted_copies(store, rows, count=150, sigma=0, mirrored=mirrored, seed=3)
    assert copies.shape == (150, 16, 16, 3)
    assert copies.dtype == np.uint8
    every = {(row, *how): x for row in range(40) for how, x in variants(store.images[row]).items()}
    apart = {how: np.abs(copies - x).max(axis=(1, 2, 3)) for how, x in every.items()}
    best = [min(every, key=lambda how: apart[how][i]) for i in range(150)]
    largest = np.array([apart[how][i] for i, how in enumerate(best)])
    assert largest.max() <= 2 * TONE
    assert largest.mean() > TONE / 2  # hardly any is left as it was
    found_rows, sides, *shifts = map(set, zip(*best, strict=True))
    assert found_rows <= set(rows.tolist())
    assert len(found_rows) > 15
    assert sides == ({False, True} if mirrored else {False})
    assert shifts == [set(range(-SHIFT, SHIFT + 1))] * 2


def test_copies_follow_from_the_seed_and_are_softened(store: ImageStore) -> None:
    rows = np.arange(40)
    sharp, again, other = (
        planted_copies(store, rows, count=30, sigma=0, mirrored=True, seed=seed)
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(sharp, again)
    assert (sharp != other).mean() > 0.5
    soft = planted_copies(store, rows, count=30, sigma=1.5, mirrored=True, seed=3)
    assert soft.dtype == np.uint8
    wanted = gaussian_filter(sharp.astype(float), (0, 1.5, 1.5, 0), mode="nearest")
    assert np.abs(soft - wanted).max() <= 1


@pytest.mark.parametrize("flip", [0.0, 0.5])
def test_copies_are_as_sharp_as_samples_and_mirrored_where_training_is(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, flip: float
) -> None:
    path = folders["bedrooms.model"] / "spec.json"
    content = json.loads(path.read_text())
    content["spec"]["training"]["augmentation"]["flip"] = flip
    path.write_text(json.dumps(content))
    samples = gaussian_filter(pictures(200, 1).astype(float), (0, 1.2, 1.2, 0)).astype(np.uint8)
    monkeypatch.setattr(module, "draw", lambda G, z, labels: samples)
    found = module.study(
        ModelFolder.open(folders["bedrooms.model"]),
        ImageStore.open(folders["bedrooms.data"]),
        None,
        samples=200,
        real=300,
        near_identical=0.5,
        feature_width=4096,
        seed=7,
    )
    assert (found.queries.own["copies"] == -1).all()  # each may find the image that it copies
    of_copies = np.median(sharpness(found.queries.images["copies"]))
    assert of_copies == pytest.approx(np.median(sharpness(samples)), rel=0.1)
    mirrored = found.found["pixels"]["copies"].mirrored[:, 0].mean()
    assert 0.35 < mirrored < 0.65 if flip else mirrored == 0


@pytest.mark.parametrize("kind", ["new", "far", "copied"])
def test_where_the_search_finds_planted_copies_the_claims_are_decided(
    plant: Callable[[np.ndarray], dict[str, Measurement]], verdict, tmp_path: Path, kind: str
) -> None:
    """New pictures of the same kind, noise that is far from all, or copies; the last fail."""
    samples = {
        "new": pictures(200, 1),
        "far": np.random.default_rng(5).integers(0, 256, (200, 16, 16, 3), np.uint8),
        "copied": noisy(pictures(IMAGES, 0)[:200], 4),
    }[kind]
    found = plant(samples)
    wanted = Verdict.NOT if kind == "copied" else Verdict.REPRODUCED
    assert [verdict(found, claim) for claim in CLAIMS] == [wanted] * 4
    assert found["copies_found_pixels"].low > 0.95
    assert found["copies_found_features"].low > 0.6  # initial weights, 16x16: a pixel is much
    distances = np.load(tmp_path / "distances.npz")
    for space in SPACES:
        shown, copies = (distances.get(f"{space}_{one}") for one in ("blurred", "copies"))
        real = distances[f"{space}_real"] if shown is None else shown
        ordered = np.sort(real[~distances["partner"]])
        limit = ordered[int(np.ceil(0.01 * len(ordered))) - 1]  # nearer than one real in a hundred
        caught = found[f"copies_found_{space}"]
        assert caught.value == pytest.approx((copies < limit).mean())
        one = found[f"suspicious_share_{space}_blur_matched_planted"]
        ends = np.array([one.value, one.low, one.high])
        np.testing.assert_allclose(10 * ends, [caught.value, caught.low, caught.high])
        assert found[f"nearer_probability_{space}_blur_matched_copied"].low > 0.9


@pytest.mark.parametrize("blind", ["noise", "constant", "flat samples"])
@pytest.mark.slow
def test_where_the_search_is_blind_nothing_is_decided(
    plant: Callable[[np.ndarray], dict[str, Measurement]],
    verdict,
    monkeypatch: pytest.MonkeyPatch,
    blind: str,
) -> None:
    """Descriptions that hold nothing of the picture; samples so flat that copies become so too."""
    source = np.random.default_rng(1)
    samples = pictures(200, 1)
    if blind == "flat samples":
        samples[:] = source.integers(0, 256, (200, 1, 1, 3))
    else:

        def describe(images: np.ndarray) -> np.ndarray:
            drawn = source.normal(size=(len(images), 16)).astype(np.float32)
            return drawn if blind == "noise" else np.ones_like(drawn)

        monkeypatch.setattr(module, "pixel_description", describe)
        monkeypatch.setattr(module, "feature_description", lambda *_, **__: describe)
    found = plant(samples)
    for space in SPACES:
        assert found[f"suspicious_share_{space}_blur_matched"].high < 0.05  # the rule holds
        assert found[f"copies_found_{space}"].high < 0.1
    assert [verdict(found, claim) for claim in CLAIMS] == [Verdict.CONTROL_PASSES] * 4


def test_where_only_one_space_finds_copies_only_its_claim_is_decided(
    plant: Callable[[np.ndarray], dict[str, Measurement]], verdict
) -> None:
    """Much softened, copies are known by their pixels; by features of this D they are not."""
    soft = gaussian_filter(pictures(200, 1).astype(float), (0, 3, 3, 0)).astype(np.uint8)
    found = plant(soft)
    assert found["copies_found_pixels"].value > 0.5 > found["copies_found_features"].value
    assert verdict(found, "no_copies_in_pixels") == Verdict.REPRODUCED
    assert verdict(found, "no_copies_in_features") == Verdict.CONTROL_PASSES
