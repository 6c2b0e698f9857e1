"""Watch a training through the lines of its log; report what goes wrong and when it began.

Where in the flow: repro.train.log passes it every line as it is written, and the earlier lines
again after a restart. It only observes: its reports are a function of the lines in their order, it
draws no random numbers and touches no network. The troubles (repro.specs.training.Trouble):

  saturated_discriminator  D separates real from generated with near certainty, for long
  collapse                 the generated pictures repeat one or a few pictures
  oscillation              D swings between sure and unsure instead of settling

NaN is not among them: it ends the training (repro.train.trainer). The thresholds below were set on
trainings that went well and others that we made fail; experiments/LOG.md has their figures.

    monitor = Monitor()
    for line in lines:
        print(monitor.see(line))
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist

# Lines fewer than this many minibatches apart are averaged into one window, so that the rules do
# not depend on training.log_every.
WINDOW = 20

# D(x) and 1 - D(G(z)). A wide D reads 0.95 to 0.97 for its first 200 minibatches and is healthy.
SURE = 0.98
SURE_MINIBATCHES = 300  # length of a window
SURE_WINDOWS = 5  # and at least this number of windows

# Diversity of a sheet relative to that of real images. Healthy trainings start at 0.02 to 0.35
# (grey mush), pass 0.25 within 1,200 minibatches and stay above; collapsed ones stay below 0.2.
FEW = 0.25
FEW_SHEETS = 2  # in a row
# Sheets count once one has been as diverse as this, or from this minibatch on.
VARIED = 0.5
MUSH_MINIBATCHES = 2000

# A swing is a rise or fall of the odds of D(x) or D(G(z)) by this factor; values nearer to 0 or 1
# than EDGE are set to EDGE, because beyond it the odds change much and mean little.
SWING_FACTOR = 4.0
EDGE = 0.01
SWINGS = 4  # within SWING_WINDOWS windows; healthy trainings have two at most
SWING_WINDOWS = 50

PATCHES = 8  # pictures are compared by their means over 8 x 8 patches
CLOSEST_PAIRS = 0.1


@dataclass(frozen=True)
class Finding:
    """A trouble, the minibatch where it began, and the evidence as text."""

    trouble: str
    step: int
    words: str


class Monitor:
    """Sees every line of a log in order; each trouble is reported once.

    A line is a window {"step", "d_real", "d_fake_before", ...} or a sheet {"step", "diversity"};
    keys that are absent or not finite are skipped.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._windows = _Windows()
        self._rules = (_Saturation(), _Oscillation("d_fake_before"), _Oscillation("d_real"))
        self._collapse = _Collapse()

    def see(self, line: dict[str, Any]) -> list[Finding]:
        """Troubles that this line confirms."""
        share = _finite(line, "diversity")
        found = [] if share is None else [self._collapse.see(int(line["step"]), share)]
        window = self._windows.see(line)
        if window is not None:
            found += [rule.see(window) for rule in self._rules]
        return self._new(found)

    def _new(self, found: Iterable[Finding | None]) -> list[Finding]:
        new: list[Finding] = []
        for finding in found:
            known = {one.trouble for one in self.findings}
            if finding is not None and finding.trouble not in known:
                self.findings.append(finding)
                new.append(finding)
        return new


def diversity(images: np.ndarray) -> float:
    """How much images (N, H, W, C) uint8 differ from each other: grey levels, 0 = all alike.

    It is the root mean square difference between two images' means over 8 x 8 patches, averaged
    over the closest tenth of all pairs. The mean over all pairs would hardly fall: two pictures
    repeated over and over have half the mean distance of real images. With k equally frequent modes
    one pair in k shares a mode, so up to 10 modes, or one picture in a third of the places, give
    about 0 here. Unlike the nearest-neighbour distance, a quantile of pairs does not depend on N:
    64 images give 1 % more than 256. Fewer than two images give 0.
    """
    if len(images) < 2:
        return 0.0
    means = _patch_means(images)  # (N, 8 * 8 * C)
    distances = np.sort(pdist(means)) / math.sqrt(means.shape[1])  # (N (N - 1) / 2,)
    closest = max(1, round(len(distances) * CLOSEST_PAIRS))
    return float(distances[:closest].mean())


def _patch_means(images: np.ndarray) -> np.ndarray:
    """Means over 8 x 8 patches of nearly equal size (N, 8 * 8 * C) float64."""
    sums = images.astype(np.float64)
    for axis in (1, 2):
        size = sums.shape[axis]
        edges = np.arange(min(PATCHES, size) + 1) * size // min(PATCHES, size)
        shape = (1, -1, 1, 1) if axis == 1 else (1, 1, -1, 1)
        sums = np.add.reduceat(sums, edges[:-1], axis=axis) / np.diff(edges).reshape(shape)
    return sums.reshape(len(images), -1)


def _finite(line: dict[str, Any], key: str) -> float | None:
    value = line.get(key)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


@dataclass(frozen=True)
class _Window:
    """Means over minibatches start + 1 .. step; `values` has only keys found in its lines."""

    start: int
    step: int
    values: dict[str, float]


@dataclass
class _Windows:
    """Joins lines into windows of at least WINDOW minibatches."""

    start: int = 0
    seen: dict[str, list[float]] = field(default_factory=dict)

    def see(self, line: dict[str, Any]) -> _Window | None:
        """The window that this line ends, or None."""
        if "diversity" in line:
            return None
        for key in ("d_real", "d_fake_before"):
            value = _finite(line, key)
            if value is not None:
                self.seen.setdefault(key, []).append(value)
        step = int(line["step"])
        if step - self.start < WINDOW:
            return None
        values = {key: sum(seen) / len(seen) for key, seen in self.seen.items()}
        window = _Window(self.start, step, values)
        self.start, self.seen = step, {}
        return window


@dataclass
class _Saturation:
    """D is sure of real and of generated images in every window for a long time."""

    run: list[_Window] = field(default_factory=list)

    def see(self, window: _Window) -> Finding | None:
        if not {"d_real", "d_fake_before"} <= window.values.keys():
            return None
        real, fake = window.values["d_real"], window.values["d_fake_before"]
        if real < SURE or fake > 1 - SURE:
            self.run = []
            return None
        self.run.append(window)
        first = self.run[0]
        if window.step - first.start < SURE_MINIBATCHES or len(self.run) < SURE_WINDOWS:
            return None
        words = (
            f"D(x) at least {SURE:g} and D(G(z)) at most {1 - SURE:.2g} in {len(self.run)} windows "
            f"in a row, minibatches {first.step} to {window.step}; in the last D(x) {real:.3f}, "
            f"D(G(z)) {fake:.3f}"
        )
        return Finding("saturated_discriminator", first.step, words)


@dataclass
class _Collapse:
    """Sheet after sheet, the samples are much less diverse than real images."""

    varied: bool = False
    run: list[tuple[int, float]] = field(default_factory=list)

    def see(self, step: int, share: float) -> Finding | None:
        self.varied = self.varied or share >= VARIED
        counts = self.varied or step >= MUSH_MINIBATCHES
        self.run = [*self.run, (step, share)] if counts and share < FEW else []
        if len(self.run) < FEW_SHEETS:
            return None
        sheets = ", ".join(f"{share:.2f} (minibatch {step})" for step, share in self.run)
        words = (
            f"diversity of the sample sheets, as a share of that of real images, below {FEW:g} "
            f"{FEW_SHEETS} times in a row: {sheets}"
        )
        return Finding("collapse", self.run[0][0], words)


@dataclass(frozen=True)
class _OddsPoint:
    """The log odds in a window: the number of the window and its last minibatch."""

    window: int
    step: int
    value: float


@dataclass
class _Oscillation:
    """The odds of D(x) or D(G(z)) (`key`) repeatedly rise and fall by a large factor."""

    key: str
    number: int = 0
    low: _OddsPoint | None = None
    high: _OddsPoint | None = None
    direction: int = 0
    swings: list[tuple[_OddsPoint, _OddsPoint]] = field(default_factory=list)

    def see(self, window: _Window) -> Finding | None:
        self.number += 1
        if self.key not in window.values or not self._swung(window):
            return None
        self.swings = [x for x in self.swings if self.number - x[1].window < SWING_WINDOWS]
        if len(self.swings) < SWINGS:
            return None
        ends = [_probability(point.value) for swing in self.swings for point in swing]
        name = {"d_real": "D(x)", "d_fake_before": "D(G(z))"}[self.key]
        first = self.swings[0][0].step
        words = (
            f"the odds of {name} rose or fell {SWING_FACTOR:g}-fold or more {len(self.swings)} "
            f"times in minibatches {first} to {window.step}, {name} between {min(ends):.3f} and "
            f"{max(ends):.3f}"
        )
        return Finding("oscillation", first, words)

    def _swung(self, window: _Window) -> bool:
        """Whether a swing is complete; `swings` then holds its turning point and this one."""
        p = min(max(window.values[self.key], EDGE), 1 - EDGE)
        now = _OddsPoint(self.number, window.step, math.log(p / (1 - p)))
        if self.low is None or now.value < self.low.value:
            self.low = now
        if self.high is None or now.value > self.high.value:
            self.high = now
        fell = self.direction >= 0 and self.high.value - now.value >= math.log(SWING_FACTOR)
        rose = self.direction <= 0 and now.value - self.low.value >= math.log(SWING_FACTOR)
        if not (fell or rose):
            return False
        self.swings.append((self.high if fell else self.low, now))
        self.direction = -1 if fell else 1
        self.low = self.high = now
        return True


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
