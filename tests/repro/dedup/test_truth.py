"""Scores against counting by hand and by brute force; intervals against scipy."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from repro.dedup.truth import (
    NOT_JUDGED,
    Share,
    Truth,
    TruthError,
    copies_found,
    count_pairs,
    false_removals,
    joined,
    kinds,
    read_truth,
    recall,
)

TRUTH = """key,group,kind
a,0,original
a2,0,blur
a3,0,crop
b,1,original
b2,1,blur
broken,-1,empty
grey,-3,grey
lonely,7,blur
"""
KEYS = ["b2", "a", "a2", "a3", "b", "grey", "lonely", "stranger"]


@pytest.fixture
def truth(tmp_path: Path) -> Truth:
    (tmp_path / "duplicates.csv").write_text(TRUTH)
    return read_truth(tmp_path / "duplicates.csv", KEYS)


def test_rows_follow_the_keys(truth: Truth) -> None:
    assert truth.group.tolist() == [1, 0, 0, 0, 1, NOT_JUDGED, 7, NOT_JUDGED]
    assert truth.kind.tolist() == ["blur", "original", "blur", "crop", "original", "", "blur", ""]
    assert truth.original.tolist() == [4, -1, 1, 1, -1, -1, -1, -1]
    assert truth.copies.tolist() == [0, 2, 3]  # lonely: its original is not in the dataset
    assert kinds(truth) == ["blur", "crop"]


def test_counts_by_hand(truth: Truth) -> None:
    # b2 is put with a and a2 (wrong), a3 alone, b alone, and grey with stranger (not judged)
    labels = np.array([5, 5, 5, 6, 7, 8, 9, 8])
    pairs = count_pairs(labels, truth)
    assert (pairs.found, pairs.true, pairs.false, pairs.planted) == (3, 1, 2, 4)
    assert copies_found(labels, truth).tolist() == [False, True, False]
    assert recall(labels, truth) == Share(1, 3)
    assert recall(labels, truth, kind="blur") == Share(1, 2)
    assert recall(labels, truth, kind="crop") == Share(0, 1)


def test_false_removals_by_hand(truth: Truth) -> None:
    first = np.array([0, 0, 0, 3, 4, 0, 4, 4])
    keep = np.array([True, False, False, True, True, False, False, False])
    # removed for b2 (group 1): a, a2 (group 0: wrong), grey (not judged); for b: lonely (wrong)
    assert false_removals(keep, first, truth) == Share(3, 3)
    keep[1] = True  # kept for another reason: no removal
    assert false_removals(keep, first, truth) == Share(2, 2)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 2)), max_size=25))
def test_pairs_equal_brute_force(rows: list[tuple[int, int]]) -> None:
    labels, group = (np.array([row[i] for row in rows], np.int64) for i in (0, 1))
    n = len(rows)
    truth = Truth(group=group, kind=np.full(n, ""), original=np.full(n, -1))
    judged = [(i, j) for i, j in combinations(range(n), 2) if group[i] >= 0 and group[j] >= 0]
    found = {pair for pair in judged if labels[pair[0]] == labels[pair[1]]}
    planted = {pair for pair in judged if group[pair[0]] == group[pair[1]]}
    counts = count_pairs(labels, truth)
    assert counts.found == len(found)
    assert counts.true == len(found & planted)
    assert counts.planted == len(planted)


@pytest.mark.parametrize(("successes", "n"), [(0, 270), (3, 270), (266, 449), (9, 9), (1, 2)])
def test_interval_is_wilsons(successes: int, n: int) -> None:
    reference = binomtest(successes, n).proportion_ci(method="wilson")
    assert Share(successes, n).interval == pytest.approx((reference.low, reference.high), abs=1e-9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("key,set,kind\na,0,original\n", "columns .* expected key, group, kind"),
        ("key,group,kind\na,0,original\na,0,blur\n", "line 3: key 'a' is given twice"),
        ("key,group,kind\na,x,original\n", "line 2: group 'x', expected a whole number"),
        ("key,group,kind\na,0,original\nb,0,original\n", "group 0 has two originals"),
        ("key,group,kind\nz,0,original\n", "names none of the 2 images"),
    ],
)
def test_bad_truth_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(TruthError, match=message):
        read_truth(tmp_path / "t.csv", ["a", "b"])


def test_natural_duplicates_join_groups(truth: Truth) -> None:
    one = joined(truth, KEYS, [("a3", "b")])
    assert one.group.tolist() == [0, 0, 0, 0, 0, NOT_JUDGED, 7, NOT_JUDGED]
    assert one.original.tolist() == truth.original.tolist()
    chain = joined(truth, KEYS, [("lonely", "a"), ("b2", "a2")]).group
    assert len({int(chain[row]) for row in (0, 1, 2, 3, 4, 6)}) == 1
    assert truth.group.tolist()[0] == 1  # the truth given is left as it was
    for key in ("grey", "nobody"):
        with pytest.raises(TruthError, match=f"'{key}' cannot be joined"):
            joined(truth, KEYS, [("a", key)])
