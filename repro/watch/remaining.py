"""Estimate how long a run will still take, from what is known of its steps and their times so far.

Where in the flow: the steps of repro.watch.board get `expected_seconds` at the start; `remaining`
is shown during the run. The expected time of a step comes from, in this order: an earlier run of it
into the same folder (its benchmark file); results/<run>/plan.json, which `python -m repro plan
CONFIG --out results/<run>/plan.json` measures on this machine; for a training, a guess from its
spec (repro.watch.rough_trainings); a rough number by its rule, which for a measurement is the
demo's and holds for runs of its size alone: elsewhere its time is unknown until it reports it. A
running step that reports its remaining time is believed; for waiting steps the estimate is scaled
by the speed of finished steps of the same rule.
"""

import json
from pathlib import Path
from statistics import median

from repro.runs.benchmarks import seconds_taken
from repro.watch.board import Board, Step
from repro.watch.step_descriptions import DRAW, MEASURE

HOUR = 3600
# seconds by the beginning of a rule's name, for unknown steps
ROUGHLY = {
    "draw_world": 30, "prepare": 4, "dedup": 25, "train_hash": 20, "hash_part": 5,
    "train_model": 120, MEASURE: 40, "report": 15,
}  # fmt: skip
FIGURES = 4.0  # seconds
# A step that has taken longer than this factor and these seconds makes all estimates worthless.
FAR_LONGER, GRACE = 2.0, 30.0
# repro.plan.costs.Stage.kind by rule
KINDS = {
    "draw_world": "draw",
    "prepare_dataset": "prepare",
    "dedup_dataset": "dedup",
    "train_model": "train",
}


def expected_seconds(
    step: Step, *, benchmark: Path | None, planned: dict[str, float], small: bool
) -> float | None:
    """Expected seconds of a step, None where unknown.

    planned: from `read_plan`; small: whether the run is of the demo's size.
    """
    earlier = None if benchmark is None else seconds_taken(benchmark)
    if earlier is not None:
        return earlier
    kind = "measure" if step.rule.startswith(MEASURE) else KINDS.get(step.rule, "")
    name = step.rule.removeprefix(MEASURE) if kind == "measure" else step.name
    if f"{kind} {name}" in planned:
        return planned[f"{kind} {name}"]
    if kind == "measure" and not small:
        return None
    return next((s for start, s in ROUGHLY.items() if step.rule.startswith(start)), FIGURES)


def read_plan(path: Path) -> dict[str, float]:
    """Seconds by "kind name" from a stored plan; {} where there is none or it is damaged."""
    try:
        stages = json.loads(path.read_text(encoding="utf-8"))["stages"]
        return {
            f"{one['kind']} {one['name']}": HOUR * float(one["hours"])
            for one in stages
            if one["hours"] is not None
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def remaining(board: Board) -> float | None:
    """Estimated seconds until all steps are done; None before there is a step.

    None also while a step of unknown length waits, or takes far longer than expected without
    saying how long it still will.
    """
    if not board.total:
        return None
    now, pace = board.clock(), _paces(board)
    running = [_left(step, now, pace) for step in board.steps("running")]
    waiting = [_whole(step, pace) for step in board.steps("waiting")]
    known = [seconds for seconds in running + waiting if seconds is not None]
    if len(known) < len(running) + len(waiting):
        return None
    return max([sum(known) / max(1, board.cores), *known[: len(running)]])


def _left(step: Step, now: float, pace: dict[str, float]) -> float | None:
    reading = step.reading()
    if reading and reading.left is not None:
        return reading.left
    whole, taken = _whole(step, pace), now - step.started
    if whole is None or taken > FAR_LONGER * whole + GRACE:
        return None
    return max(2.0, whole - taken)


def _whole(step: Step, pace: dict[str, float]) -> float | None:
    return None if step.expected is None else step.expected * pace.get(_kind(step), 1.0)


def _kind(step: Step) -> str:
    """Class of steps that are compared with each other."""
    return next((start for start in (MEASURE, DRAW) if step.rule.startswith(start)), step.rule)


def _paces(board: Board) -> dict[str, float]:
    """Actual seconds of finished steps of each kind, relative to the expected ones."""
    found: dict[str, list[float]] = {}
    for step in board.steps("done"):
        if step.expected:
            found.setdefault(_kind(step), []).append((step.ended - step.started) / step.expected)
    now = board.clock()
    for step in board.steps("running"):
        reading = step.reading()
        if reading and reading.left is not None and step.expected:
            whole = now - step.started + reading.left
            found.setdefault(_kind(step), []).append(whole / step.expected)
    return {kind: median(values) for kind, values in found.items()}
