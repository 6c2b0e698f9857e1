"""Trials of a random search: drawn settings and the errors found (paper §5.2, Table 2).

The paper's control for its SVHN features is a network of the same architecture, trained on the same
1,000 labels, the best of 64 trials of a random search; it does not state the search space.
`SearchSpace` states ours and may be part of an experiment's options; `draw_trial` makes trial
number `index` a function of the seed; repro.classification.supervised trains it and returns a
`TrialResult`.

Alone: `draw_trial(42, 0)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, field_validator

from repro.rng import generator
from repro.specs.validation import Strict

if TYPE_CHECKING:  # so that a run file is checked without PyTorch
    from torch import Tensor

TRIALS = 64  # paper §5.2
Range = tuple[float, float]


class SearchSpace(Strict):
    """Range of each setting; settings are drawn independently."""

    learning_rate: Range = Field((1e-4, 1e-2), description="Adam's step size, log-uniform")
    l2: Range = Field((1e-6, 1e-2), description="coupled L2 on every parameter, log-uniform")
    without_l2: float = Field(0.25, ge=0, le=1, description="share of trials with no L2 at all")
    dropout: Range = Field((0.0, 0.8), description="share of the head's inputs dropped, uniform")
    batch: tuple[int, ...] = Field((32, 64, 128), min_length=1, description="images per minibatch")
    init_sd: Range = Field((0.01, 0.1), description="weights N(0, sd), log-uniform (paper: 0.02)")
    fan_in: float = Field(
        0.5, ge=0, le=1, description="share of trials with PyTorch's uniform weights instead"
    )

    @field_validator("learning_rate", "l2", "init_sd")
    @classmethod
    def _logarithmic(cls, ends: Range) -> Range:
        if not 0 < ends[0] <= ends[1] < math.inf:
            raise ValueError("expected [low, high] with 0 < low <= high")
        return ends

    @field_validator("dropout")
    @classmethod
    def _share(cls, ends: Range) -> Range:
        if not 0 <= ends[0] <= ends[1] < 1:
            raise ValueError("expected [low, high] with 0 <= low <= high < 1")
        return ends

    @field_validator("batch")
    @classmethod
    def _two_images(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if min(sizes) < 2:
            raise ValueError("batch statistics need at least 2 images per minibatch")
        return sizes


@dataclass(frozen=True)
class Trial:
    """The settings of one trial; `index` also seeds its weights, minibatches and dropout."""

    index: int
    learning_rate: float
    l2: float
    dropout: float
    batch: int
    init: Literal["normal", "fan_in"]
    init_sd: float  # of "normal"


@dataclass(frozen=True, eq=False)
class TrialResult:
    """A trial: its validation errors after some of its passes, and its network at the best one."""

    trial: Trial
    passes: tuple[int, ...]  # numbers of the evaluated passes, from 1
    errors: tuple[float, ...]  # validation errors after them, in [0, 1]
    losses: tuple[float, ...]  # mean cross-entropy of the minibatches of those passes, with dropout
    failed_in: int | None = None  # pass in which the loss stopped being finite
    state: dict[str, Tensor] = field(default_factory=dict)  # on the CPU; empty where it failed

    @property
    def error(self) -> float:
        """Validation error of the best pass; 1 for a failed trial."""
        return 1.0 if self.failed_in is not None else min(self.errors)

    @property
    def best_pass(self) -> int | None:
        """The first pass with the lowest validation error; None where the trial failed."""
        if self.failed_in is not None:
            return None
        return self.passes[self.errors.index(min(self.errors))]


def draw_trial(seed: int, index: int, space: SearchSpace | None = None) -> Trial:
    """Trial number `index` of a search; it does not depend on the number of trials."""
    space = space or SearchSpace()
    source = generator(seed, "random search, settings", index)
    # every setting is drawn whether or not it counts, so that no choice shifts the other draws
    learning_rate = _log_uniform(source, space.learning_rate)
    l2, with_l2 = _log_uniform(source, space.l2), source.random() >= space.without_l2
    dropout = float(source.uniform(*space.dropout))
    batch = space.batch[int(source.integers(len(space.batch)))]
    init_sd, fan_in = _log_uniform(source, space.init_sd), source.random() < space.fan_in
    return Trial(
        index=index,
        learning_rate=learning_rate,
        l2=l2 if with_l2 else 0.0,
        dropout=dropout,
        batch=batch,
        init="fan_in" if fan_in else "normal",
        init_sd=init_sd,
    )


def _log_uniform(source: np.random.Generator, ends: Range) -> float:
    low, high = ends
    value = math.exp(source.uniform(math.log(low), math.log(high)))
    return min(max(value, low), high)  # exp(log(x)) may differ from x by a digit
