"""Minimiser of the primal L2-SVM objective, all classes at once.

Where in the flow: repro.classification.svm wraps it in scikit-learn's interface.

For every class separately (rows of W), with targets y in {-1, +1} and f = X w + b:

    P(w, b) = 0.5 |w|^2 + 0.5 b^2 + C sum_i max(0, 1 - y_i f_i)^2

L-BFGS with an exact line search, its first inverse Hessian from a sample of the rows
(repro.classification.svm_preconditioner); Newton's method where the sample is all of them. P is
piecewise quadratic along a line and the scores on the line are one matrix product, so the exact
step costs no further pass over X: an iteration is two passes, one with X and one with its
transpose.

Stopping: alpha_i = 2 C max(0, 1 - y_i f_i) is dual feasible for any w, and so is every positive
multiple of it. The best dual value so far bounds the minimum from below and costs no pass; the
returned gap is an upper bound of P - min P.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from repro.classification.svm_design import Design
from repro.classification.svm_preconditioner import Preconditioner, Sample
from repro.progress import tracked

REFRESH = 25  # iterations between recomputations of the scores, which are otherwise updated
STALLED = 1e-9  # relative decrease of the objective over REFRESH iterations: no progress
MEMORY = 20  # pairs of L-BFGS
EVERY = 4  # iterations between two preconditioners of a sample
ROUNDS = 40  # at most, of the exact step


@dataclass(frozen=True)
class Solution:
    """Weights (k, d + 1) float64, the last column the bias; per class: objective and gap."""

    W: Tensor
    objective: Tensor  # (k,)
    gap: Tensor  # (k,) an upper bound of objective - minimum
    iterations: int


@dataclass(frozen=True)
class _Point:
    """Results of one pass over X for given weights."""

    objective: Tensor
    gradient: Tensor
    dual: Tensor  # (k,) best value along the ray of the dual variables of this point


def minimise(
    design: Design,
    targets: Tensor,
    *,
    C: float,
    start: Tensor,
    tol: float,
    max_iter: int,
    sample: Sample | None = None,
) -> Solution:
    """Minimise P from `start` (k, d + 1) until gap <= tol * objective for every class.

    targets: (n, k) float64 in {-1, +1}. sample: of the design's rows, for the preconditioner. It
    stops unconverged after max_iter iterations, or when the objective no longer falls (the rounding
    of X's type is reached); the returned gap shows it.
    """
    W, slack = _scaled(design, targets, start, C=C)
    preconditioner = Preconditioner(sample) if sample is not None else None
    # with all rows in the sample the steps are Newton's, and older steps would only worsen them
    newton = sample is not None and sample.whole
    memory, every = (0, 1) if newton else (MEMORY, EVERY)
    history: list[tuple[Tensor, Tensor]] = []  # (step, change of gradient), newest last
    previous: tuple[Tensor, Tensor] | None = None  # (step, gradient) of the last iteration
    bound = torch.full_like(targets[0], -torch.inf)  # (k,) of the minimum
    last_checked = torch.inf
    turns = tracked(range(max_iter + 1), f"fit of the SVM at C = {C:g}", unit="iterations at most")
    for iteration in turns:
        point = _at(design, targets, W, slack, C=C)
        bound = torch.maximum(bound, point.dual)
        gap = _gap(point, bound)
        if bool((gap <= tol * point.objective).all()) or iteration == max_iter:
            break
        if iteration % REFRESH == 0 and iteration:
            total = float(point.objective.sum())
            if last_checked - total <= STALLED * total:
                break
            last_checked = total
        if previous is not None and memory:
            history = [*history, (previous[0], point.gradient - previous[1])][-memory:]
        if preconditioner is not None and iteration % every == 0:
            preconditioner.refresh(slack, C=C)
        direction = -_inverse_hessian(history, point.gradient, preconditioner)
        step, slack = _stepped(design, targets, W, slack, direction, C=C)
        previous = (step, point.gradient)
        W = W + step
        if (iteration + 1) % REFRESH == 0:
            slack = 1 - targets * design.scores(W)
    return Solution(W=W, objective=point.objective, gap=gap, iterations=iteration)


def _scaled(design: Design, targets: Tensor, start: Tensor, *, C: float) -> tuple[Tensor, Tensor]:
    """The best multiple of the start per class, and its 1 - y f: for a start from another C."""
    if not bool(start.any()):
        return start, torch.ones_like(targets)
    change = targets * design.scores(start)
    slack = 1 - change
    length = _exact_step(slack, change, start, start, C=C)
    return start * (1 + length)[:, None], slack - length * change


def _stepped(
    design: Design, targets: Tensor, W: Tensor, slack: Tensor, direction: Tensor, *, C: float
) -> tuple[Tensor, Tensor]:
    """The exact step from W along the direction, (k, d + 1), and 1 - y f after it, (n, k)."""
    change = targets * design.scores(direction)  # of y f per unit of step
    length = _exact_step(slack, change, W, direction, C=C)
    return length[:, None] * direction, slack - length * change


def _gap(point: _Point, bound: Tensor) -> Tensor:
    """Upper bound (k,) of the distance from the minimum, which is at least `bound`."""
    # the two agree at the minimum; near it the first has the smaller rounding error
    return torch.minimum(
        0.5 * point.gradient.square().sum(1), (point.objective - bound).clamp(min=0)
    )


def _at(design: Design, targets: Tensor, W: Tensor, slack: Tensor, *, C: float) -> _Point:
    """One pass: objective, gradient, and the dual value of the best multiple of alpha.

    With v = sum_i y_i alpha_i (x_i, 1) the dual of t alpha is
    t sum(alpha) - t^2 (|v|^2 + |alpha|^2 / 2C) / 2.
    """
    violation = slack.clamp(min=0)
    squares = violation.square().sum(0)
    v = 2 * C * design.combine(targets * violation)
    linear = 2 * C * violation.sum(0)
    quadratic = v.square().sum(1) + 2 * C * squares
    dual = 0.5 * linear.square() / quadratic.clamp(min=1e-300)
    return _Point(0.5 * W.square().sum(1) + C * squares, W - v, dual)


def _inverse_hessian(
    history: list[tuple[Tensor, Tensor]], gradient: Tensor, preconditioner: Preconditioner | None
) -> Tensor:
    """L-BFGS two-loop recursion with an independent history for each class (row)."""
    result = gradient.clone()
    inner = [(s * y).sum(1) for s, y in history]
    # a class that has stopped moving has s = y = 0: its pairs are skipped
    inverse = [torch.where(sy > 0, 1 / sy.clamp(min=1e-300), 0.0) for sy in inner]
    weights: list[Tensor] = []
    for (s, y), rho in zip(reversed(history), reversed(inverse), strict=True):
        weights.append(rho * (s * result).sum(1))
        result -= weights[-1][:, None] * y
    if preconditioner is not None:
        result = preconditioner.apply(result)
    if history:
        y = history[-1][1]
        squares = (y * (preconditioner.apply(y) if preconditioner is not None else y)).sum(1)
        usable = (inner[-1] > 0) & (squares > 0)
        result *= torch.where(usable, inner[-1] / squares.clamp(min=1e-300), 1.0)[:, None]
    for (s, y), rho, weight in zip(history, inverse, reversed(weights), strict=True):
        result += (weight - rho * (y * result).sum(1))[:, None] * s
    return result


def _exact_step(slack: Tensor, change: Tensor, W: Tensor, direction: Tensor, *, C: float) -> Tensor:
    """Step lengths (k,) that minimise P(W + t direction): the root of its derivative in t.

    The derivative is continuous, increasing and piecewise linear: we use Newton's method, with
    bisection whenever it would leave the bracket.
    """
    slope = (W * direction).sum(1)
    curvature = direction.square().sum(1)
    t, low = torch.zeros_like(slope), torch.zeros_like(slope)
    high = torch.full_like(slope, torch.inf)
    for _ in range(ROUNDS):
        left = slack - t * change  # 1 - y f at the step t
        active = (left > 0) * change
        first = slope + t * curvature - 2 * C * (left * active).sum(0)
        second = (curvature + 2 * C * active.square().sum(0)).clamp(min=1e-300)
        low, high = torch.where(first < 0, t, low), torch.where(first > 0, t, high)
        proposed = t - first / second
        outside = (proposed < low) | (proposed > high)
        proposed = torch.where(outside & high.isfinite(), (low + high) / 2, proposed)
        if bool(((proposed - t).abs() <= 1e-9 * proposed.abs()).all()):
            return proposed
        t = proposed
    return t
