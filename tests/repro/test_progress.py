"""Lines of progress: when they come, what they say, and that they can be read again."""

import io
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.progress import Progress, Reading, Reporter, format_duration, read, tracked, working

SLOW = """
import time
from repro import progress
progress.EVERY = 0.2
with progress.working("making results/x"):
    for _ in progress.tracked(range(8), "a planted loop", unit="turns"):
        time.sleep(0.4)
"""


class FakeTime:
    """A reporter whose clock and heartbeat the test drives."""

    def __init__(self) -> None:
        self.now, self.out = 1000.0, io.StringIO()
        self.reporter = Reporter(self.out, lambda: self.now)

    def passes(self, seconds: float) -> None:
        """Second by second, as the thread beats."""
        for _ in range(round(seconds)):
            self.now += 1
            self.reporter.print_if_due()

    def lines(self) -> list[str]:
        """What was printed, without the time of day."""
        found = self.out.getvalue().splitlines()
        assert all(re.match(r"\[\d\d:\d\d:\d\d\] ", line) for line in found)
        return [line[11:] for line in found]


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def test_a_slow_loop_says_every_twenty_seconds_where_it_is(time: FakeTime) -> None:
    with Progress("training", unit="minibatches", total=100, reporter=time.reporter) as progress:
        for turn in range(100):
            time.passes(1)
            progress.note(f"loss {turn / 100:.2f}")
            progress.update()
    # at 20 s, 40 s, ...: the turn of that second is not yet counted
    assert time.lines() == [
        "training: 19 of 100 minibatches (19 %), 1.1 s each, 85 s left, loss 0.18",
        "training: 39 of 100 minibatches (39 %), 1.0 s each, 63 s left, loss 0.38",
        "training: 59 of 100 minibatches (59 %), 1.0 s each, 42 s left, loss 0.58",
        "training: 79 of 100 minibatches (79 %), 1.0 s each, 21 s left, loss 0.78",
        "training: 99 of 100 minibatches (99 %), 1.0 s each, 1 s left, loss 0.98",
        "training: 100 of 100 minibatches (100 %) done in 2 min, loss 0.99",
    ]


def test_a_single_turn_of_minutes_does_not_silence_it(time: FakeTime) -> None:
    for _ in tracked(["only"], "fits", unit="fits", reporter=time.reporter):
        time.passes(61)
    assert time.lines() == [
        *3 * ["fits: 0 of 1 fits (0 %)"],
        "fits: 1 of 1 fits (100 %) done in 61 s",
    ]


def test_what_ends_within_twenty_seconds_says_nothing(time: FakeTime) -> None:
    for _ in range(50):  # a second each: no one of them is slow, though all of them are
        with Progress("quick", unit="turns", total=3, reporter=time.reporter) as progress:
            time.passes(1)
            progress.update(3)
    assert time.lines() == []


def test_turns_of_an_earlier_process_do_not_count_into_the_rate(time: FakeTime) -> None:
    with Progress("on", unit="images", total=1000, initial=900, reporter=time.reporter) as progress:
        progress.update(40)
        time.passes(20)
    assert time.lines()[0] == "on: 940 of 1,000 images (94 %), 2.0/s, 30 s left"


def test_loops_within_loops_stand_in_one_line_the_outermost_first(time: FakeTime) -> None:
    with working("making it", reporter=time.reporter):
        for _ in tracked(range(2), "trials", unit="trials", reporter=time.reporter):
            for _ in tracked(range(3), "training", unit="passes", reporter=time.reporter):
                time.passes(7)
    assert time.lines() == [
        "trials: 0 of 2 trials (0 %); training: 2 of 3 passes (66 %), 10.0 s each, 10 s left",
        "training: 3 of 3 passes (100 %) done in 21 s",
        "trials: 1 of 2 trials (50 %), 40.0 s each, 40 s left; training: 2 of 3 passes (66 %), "
        "9.5 s each, 10 s left",
        "training: 3 of 3 passes (100 %) done in 21 s",
        "trials: 2 of 2 trials (100 %) done in 42 s",
    ]


def test_work_without_turns_is_named_where_nothing_counts(time: FakeTime) -> None:
    with working("making results/x", reporter=time.reporter):
        time.passes(45)
    assert time.lines() == [
        "making results/x: at work for 20 s",
        "making results/x: at work for 40 s",
    ]


def fails(time: FakeTime) -> None:
    with Progress("x", unit="y", total=9, reporter=time.reporter):
        time.passes(20)
        raise KeyError


def test_a_loop_that_is_left_early_does_not_say_that_it_is_done(time: FakeTime) -> None:
    with pytest.raises(KeyError):
        fails(time)
    for _ in tracked(range(9), "a", unit="b", reporter=time.reporter):
        time.passes(20)
        break
    assert time.lines() == ["x: 0 of 9 y (0 %)", "a: 0 of 9 b (0 %)"]
    time.passes(60)  # and none of them is at work any longer
    assert len(time.lines()) == 2


def test_one_of_several_processes_alone_speaks(time: FakeTime) -> None:
    with Progress("x", unit="y", total=2, shown=False, reporter=time.reporter) as progress:
        time.passes(100)
        progress.update()
    assert time.lines() == []


@given(
    done=st.integers(0, 10**7),
    more=st.integers(0, 10**7),
    seconds=st.integers(1, 10**6),
    what=st.sampled_from(["training of faces", "hashing", "Ёлка"]),
)
def test_a_line_can_be_read_again(done: int, more: int, seconds: int, what: str) -> None:
    time = FakeTime()
    with Progress(what, unit="images", total=done + more, reporter=time.reporter) as progress:
        progress.note("loss of D 0.91")
        progress.update(done)
        time.now += 20 + seconds
        time.reporter.print_if_due()
    first = time.out.getvalue().splitlines()[0]
    found = read(first)
    assert found is not None
    assert (found.done, found.total) == (done, done + more)
    assert found.text == first[11:]
    if done == 0:
        assert found.left is None
    else:
        exact = more / (done / (20 + seconds))
        assert found.left == pytest.approx(exact, rel=0.02, abs=31)


def test_other_lines_are_not_read() -> None:
    for line in ("", "3 of 9", "[12:00:00] saved", "error: x: 3 of 4 y (75 %)", "[9] x: 1 of 2 "):
        assert read(line) is None
    assert read("[12:41:07] a: 1 of 2 b (50 %)\n") == Reading(1, 2, None, "a: 1 of 2 b (50 %)")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (99.4, "99 s"),
        (100, "2 min"),
        (3599, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_lengths_of_time(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


@pytest.mark.slow
def test_the_thread_of_its_own_prints_while_a_loop_sleeps(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SLOW], cwd=repository, capture_output=True, text=True, check=True
    )
    said = done.stderr.splitlines()
    assert done.stdout == ""
    assert len(said) >= 3
    assert re.search(r"\] a planted loop: [0-7] of 8 turns \(\d+ %\), \d+\.\d", said[1])
    assert re.search(r"\] a planted loop: 8 of 8 turns \(100 %\) done in 3 s$", said[-1])


@pytest.mark.slow
def test_a_terminal_has_a_bar_instead_of_lines(repository: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    subprocess.run([sys.executable, "-c", SLOW], cwd=repository, stderr=theirs, check=True)
    os.close(theirs)
    said = b""
    while True:
        try:
            said += os.read(ours, 65536)
        except OSError:  # Linux: nobody has the other end any longer
            break
    os.close(ours)
    assert b"a planted loop: 100%|" in said
    assert b"8/8" in said
    assert b" of 8 turns" not in said
