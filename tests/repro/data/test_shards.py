"""repro/data/shards.py: what a shard is called, and that shards are all rows in order."""

import argparse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.data.shards import Shard, in_order
from repro.errors import UnusableError


@given(st.integers(0, 1000), st.integers(1, 40))
def test_shards_together_are_all_rows(total: int, of: int) -> None:
    parts = [Shard(number, of).of_these(range(total)) for number in range(1, of + 1)]
    assert [row for part in parts for row in part] == list(range(total))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_both_spellings_are_read() -> None:
    assert Shard.parse("3/8") == Shard.parse("3-of-8") == Shard(3, 8)
    assert str(Shard(3, 8)) == "3/8"


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/3/5"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"found '{text}', expected a shard"):
        Shard.parse(text)


def test_parts_are_sorted_by_number_not_by_name() -> None:
    parts = [(Shard(number, 12), Path(str(number))) for number in (1, 10, 11, 12, *range(2, 10))]
    assert in_order(parts) == [Path(str(number)) for number in range(1, 13)]


@pytest.mark.parametrize(
    ("shards", "message"),
    [
        ([(1, 2), (1, 2)], "x and x are both part 1/2"),
        ([(1, 3), (3, 3)], "found parts 1/3, 3/3, expected 1/3, 2/3, 3/3"),
        ([(1, 2), (2, 3)], "found parts 1/2, 2/3"),
    ],
)
def test_parts_twice_or_missing_are_refused(shards: list[tuple[int, int]], message: str) -> None:
    with pytest.raises(UnusableError, match=message):
        in_order((Shard(*shard), Path("x")) for shard in shards)
