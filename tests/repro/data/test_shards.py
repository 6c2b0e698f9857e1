"""repro/data/shards.py: what a shard is called, and that shards are all rows in order."""

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.data.shards import Shard


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
