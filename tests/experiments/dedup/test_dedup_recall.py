"""Recall, false pairs, thresholds and radii of section 4.1.1 on hand-made codes."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.dedup.copies import FURTHEST, METHODS, CodesByMethod, Copies
from experiments.dedup.pair_counts import pairs_by_distance
from experiments.dedup.recall_study import largest_allowed, over_originals, recall_study
from experiments.dedup.results import copies_measurements
from experiments.dedup.settings_study import radius_study, threshold_study
from repro.dedup.autoencoder import Autoencoder, HashInputs
from repro.dedup.binary_codes import pack
from repro.dedup.truth import Truth


def at_distance(code: np.ndarray, bits: int) -> np.ndarray:
    """The code (B,) with its first `bits` bits turned over."""
    flipped = np.unpackbits(code)
    flipped[:bits] ^= 1
    return np.packbits(flipped)


def hand_made(distances: list[list[int]]) -> tuple[CodesByMethod, Copies]:
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
    return CodesByMethod(images, {m: images[m][original] for m in METHODS}, made), copies


def test_recall_by_distance_and_kind_is_counted_as_planted() -> None:
    codes, copies = hand_made([[0, 3, 3, 11], [0, 0, 20, 40]])
    study = recall_study(codes, copies, None, copy_share=0.1)
    ours = study.found[METHODS.index("autoencoder")]
    assert ours[0, [0, 2, 3, 10, 11, 32]].tolist() == [1, 1, 3, 3, 4, 4]
    assert ours[1, [0, 19, 20, 32]].tolist() == [2, 2, 3, 3]
    phash = study.found[METHODS.index("phash")]
    assert phash[0, [0, 3, 10]].tolist() == [1, 3, 3]
    assert (phash[:, 11:] == -1).all()  # beyond the distances measured
    pixels = study.found[METHODS.index("pixels")]
    assert pixels[:, 0].tolist() == [1, 2]
    assert (pixels[:, 1:] == -1).all()
    assert study.recall[METHODS.index("autoencoder"), 0] == pytest.approx(3 / 8)
    assert study.by_original[METHODS.index("autoencoder"), :, 3].tolist() == [1, 1, 0.5, 0]


@pytest.mark.slow
def test_false_pairs_lower_precision_and_close_the_distances() -> None:
    codes, copies = hand_made([[0, 2, 2, 9]])
    all_differ = Truth(np.arange(4), np.full(4, "original"), np.full(4, -1))
    clean = recall_study(codes, copies, all_differ, copy_share=0.5)
    assert clean.distance_allowed("autoencoder") == 32  # random codes are further apart
    codes.images["autoencoder"][3] = at_distance(codes.images["autoencoder"][0], 2)
    study = recall_study(codes, copies, all_differ, copy_share=0.5)
    row = METHODS.index("autoencoder")
    assert study.false_pairs[row, [1, 2, 32]].tolist() == [0, 1, 1]
    # in the mixture 0.5 * 4 copies, of which at distance 2 three in four are found
    assert study.precision[row, 2] == pytest.approx(1.5 / 2.5)
    assert study.distance_allowed("autoencoder") == 1
    known = Truth(np.array([0, 1, 2, 0]), np.full(4, "original"), np.full(4, -1))
    judged = recall_study(codes, copies, known, copy_share=0.5)
    assert judged.false_pairs[row, 2] == 0  # one original, so no error
    assert judged.true_pairs[row, [1, 2]].tolist() == [0, 1]
    assert judged.pairs == 5
    numbers = {m.name: m for m in copies_measurements(study, copies, seed=0)}
    assert numbers["copies_recall_autoencoder_allowed"].value == pytest.approx(1 / 4)
    assert numbers["copies_gain_over_phash_allowed"].value == pytest.approx(1 / 4 - 1)
    assert numbers["copies_gain_over_phash"].value == 0
    # without a truth file the near pair may be a duplicate by nature
    unjudged = recall_study(codes, copies, None, copy_share=0.5)
    assert unjudged.precision[row, 2] == pytest.approx(1.5 / 2.5)
    assert unjudged.distance_allowed("autoencoder") is None
    numbers = {m.name: m for m in copies_measurements(unjudged, copies, seed=0)}
    assert "copies_recall_autoencoder_allowed" not in numbers
    assert numbers["copies_gain_over_phash_allowed"].value is None
    assert "no truth file" in numbers["copies_gain_over_phash_allowed"].no_value_because
    assert numbers["copies_gain_over_phash"].value == 0


def test_images_that_nobody_judged_are_not_in_the_mixture() -> None:
    """Copies are a share of the judged images, among which alone false pairs are counted."""
    codes, copies = hand_made([[0, 2, 2, 9]])
    row, unjudged = METHODS.index("autoencoder"), 36
    codes.images["autoencoder"][3] = at_distance(codes.images["autoencoder"][0], 2)
    for method, judged in codes.images.items():
        rest = np.random.default_rng(2).integers(0, 256, (unjudged, judged.shape[1]), np.uint8)
        codes.images[method] = np.concatenate([judged, rest])
    group = np.array([0, 1, 2, 3] + [-1] * unjudged)
    known = Truth(group, np.full(40, "original"), np.full(40, -1))
    study = recall_study(codes, copies, known, copy_share=0.5)
    # half of the 4 judged images are copies, of which three in four are found; one false pair
    assert study.precision[row, 2] == pytest.approx(1.5 / 2.5)
    assert study.images == 40


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


def test_threshold_and_radius_by_hand() -> None:
    """Thresholds at 0 must be the hash itself; above the largest activation all codes are equal."""
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    network = Autoencoder(seed=1)
    copies = Copies(images[:5].copy(), np.arange(5), np.zeros(5, np.int64), ["crop"], [0.1], 0)
    copies.images[4] = images[9]
    truth = Truth(np.arange(20) // 2, np.full(20, "original"), np.full(20, -1))
    found = threshold_study(images, copies, truth, n=20, encoder=network, thresholds=[0, 1e6])
    assert found["removed"].tolist() == [0, 19]
    assert found["wrong"].tolist() == [0, 18]  # all but the one of the first's own group
    assert found["recall"].tolist() == [0.8, 1]
    codes = pack(network.bits(HashInputs(images).rows(0, 20)))
    by_method = {"autoencoder": codes}
    equal = {"pixels": codes[:5], "autoencoder": codes[[0, 1, 2, 3, 9]]}
    originals = {"pixels": codes[:5], "autoencoder": codes[:5]}
    radii = radius_study(CodesByMethod(by_method, originals, equal), truth, radii=[0, 127])
    assert radii["removed"].tolist() == [0, 19]
    assert radii["wrong"].tolist() == [0, 18]
    assert radii["recall"].tolist() == [0.8, 1]
