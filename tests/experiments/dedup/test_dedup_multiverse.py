"""Recall under other radii and thresholds: what must be found, and where everything is equal."""

import numpy as np
import pytest

from experiments.dedup.multiverse import hash_universes
from experiments.dedup.options import HashChoices
from repro.claims.multiverse import Universes
from repro.dedup.autoencoder import Autoencoder, HashInputs, encode
from repro.dedup.binary_codes import first_with_same_code
from repro.dedup.hamming_search import TooManyPairsError, hamming
from repro.dedup.options import Options as HashOptions
from repro.dedup.truth import Truth

N, COPIES = 12, 4
RADII = [0, 2, 127]


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Noise; rows 8..11 are copies of rows 0..3: one equal, the others ever less alike."""
    source = np.random.default_rng(0)
    made = source.integers(0, 256, (N, 32, 32, 3), np.uint8)
    for copy, noise in enumerate((0, 2, 40, 120)):
        changed = made[copy] + source.integers(-noise, noise + 1, made[0].shape)
        made[8 + copy] = changed.clip(0, 255)
    return made


@pytest.fixture(scope="module")
def truth() -> Truth:
    original = np.full(N, -1)
    original[8:] = np.arange(COPIES)
    return Truth(np.arange(N) % 8, np.array(["original"] * 8 + ["noise"] * 4), original)


def measured(images: np.ndarray, truth: Truth, **given: HashChoices) -> dict[str, Universes]:
    return hash_universes(
        images,
        truth,
        hashes={"autoencoder": Autoencoder(seed=3), "untrained": Autoencoder(seed=4)},
        pixels=first_with_same_code(images.reshape(N, -1)),
        given=given,
        settings=HashOptions(),
        seed=1,
    )


@pytest.mark.slow
def test_recall_by_hand_at_every_radius(images: np.ndarray, truth: Truth) -> None:
    """Counted from the codes; at radius 127 all images are equal, for an untrained hash as well."""
    choices = HashChoices(radius=RADII, threshold=[0.0, 0.3])
    found = measured(images, truth, recall=choices, recall_by_training=choices)
    recall = found["recall"]
    assert recall.default == {"radius": 0, "threshold": 0}
    at_zero = [one for one in recall.others if one.choices["threshold"] == 0]
    assert [one.choices["radius"] for one in at_zero] == [2, 127]
    assert len(recall.others) == 5
    codes = encode(Autoencoder(seed=3), HashInputs(images))[0]
    distances = hamming(codes[8:], codes[:COPIES])
    assert distances[0] == 0
    near = (distances <= 2).mean()
    assert 1 / COPIES <= near < 1
    assert [one.measurement.value for one in at_zero] == [near, 1]
    assert all(one.measurement.n == COPIES for one in at_zero)
    control = at_zero[-1].control
    assert control is not None
    assert control.value == 1
    assert recall.others[0].measurement.protocol.endswith(
        "distance 0, units active above 0.3 standard deviations"
    )
    assert all("original, distance at most" in one.measurement.protocol for one in at_zero)
    gains = [one.measurement for one in found["recall_by_training"].others]
    assert gains[-1].value == 0  # at radius 127 both hashes find everything
    assert all(one.control is None for one in found["recall_by_training"].others)


def test_too_many_equal_images_have_no_value(
    images: np.ndarray, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, radius: int) -> np.ndarray:
        raise TooManyPairsError("too many")

    monkeypatch.setattr("repro.dedup.removal.first_within", refuse)
    found = measured(images, truth, semantic=HashChoices(radius=[0, 4], threshold=[0, 1]))
    values = {
        (one.choices["radius"], one.choices["threshold"]): one.measurement
        for one in found["semantic"].others
    }
    assert values[0, 1].value is not None
    assert values[4, 0].value is None
    assert values[4, 0].no_value_because == "too many images count as equal"
