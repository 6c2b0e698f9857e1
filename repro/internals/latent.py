"""Moves in the latent space: walks, sums of concepts, and the exemplars they are made of.

Where in the flow: experiments/latent_walk (Fig 4, paper §6.1), face_arithmetic (Fig 7, §6.3.2) and
turn_vector (Fig 8). All functions accept latent vectors or pixel arrays, so that the same walk and
the same sum can be made in pixel space, the paper's own control.

Alone: `walk(points, steps=10)` gives the frames of Fig 4 before the generator.
"""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from repro.rng import torch_generator

Interpolation = Literal["linear", "spherical"]


def interpolate(
    start: Tensor, end: Tensor, t: Tensor, *, interpolation: Interpolation = "linear"
) -> Tensor:
    """Points between start and end (K, ...) at t (T,) in [0, 1]: (K, T, ...).

    "linear" is the default reading of §6.1, which says only interpolation (the figure cannot
    distinguish the two); "spherical" keeps the norm between the norms of the two ends (vectors (K,
    dim) only).
    """
    weights = t.reshape(1, -1, *(1,) * (start.dim() - 1))
    first, last = start.unsqueeze(1), end.unsqueeze(1)
    if interpolation == "linear":
        return first + weights * (last - first)
    cosine = torch.nn.functional.cosine_similarity(first, last, dim=-1).clamp(-1 + 1e-6, 1 - 1e-6)
    angle = torch.acos(cosine).unsqueeze(-1)
    return (torch.sin((1 - weights) * angle) * first + torch.sin(weights * angle) * last) / (
        torch.sin(angle)
    )


def walk(points: Tensor, *, steps: int = 10, interpolation: Interpolation = "linear") -> Tensor:
    """One path through points (K+1, ...): (K, steps, ...), row k from point k towards k+1.

    t = 0, 1/steps, ..., 1 - 1/steps: every row starts on a random point and ends one step before
    the next row's first, as measured on Fig 4 (a kink at the first tile of each row).
    """
    t = torch.arange(steps, dtype=points.dtype) / steps
    return interpolate(points[:-1], points[1:], t, interpolation=interpolation)


def step_lengths(frames: np.ndarray) -> np.ndarray:
    """Pixel L2 distance between consecutive frames: uint8 (K, T, H, W, C) -> float64 (K, T-1)."""
    flat = frames.reshape(*frames.shape[:2], -1).astype(np.float32)
    return np.linalg.norm(np.diff(flat, axis=1), axis=2).astype(np.float64)


def largest_step_share(lengths: np.ndarray) -> np.ndarray:
    """Largest step as a share of its path, (K, T) -> (K,): 1/T for even steps, 1 for a single jump.

    NaN for a constant path: a collapsed generator has no smooth transitions.
    """
    total = lengths.sum(axis=1)
    nothing = np.full(len(lengths), np.nan)
    return np.divide(lengths.max(axis=1), total, out=nothing, where=total > 0)


def concept_sum(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """mean(a) - mean(b) + mean(c) over the exemplar axis: each (..., exemplars, d) -> (..., d).

    §6.3.2: sums of single exemplars were unstable; the mean of three per concept is stable.
    """
    return a.mean(dim=-2) - b.mean(dim=-2) + c.mean(dim=-2)


def random_directions(like: Tensor, *, seed: int, purpose: str) -> Tensor:
    """Vectors (N, dim) with the norms of `like`, in uniformly drawn directions."""
    drawn = torch.randn(like.shape, generator=torch_generator(seed, purpose), dtype=like.dtype)
    return drawn / drawn.norm(dim=1, keepdim=True) * like.norm(dim=1, keepdim=True)


def around(centre: Tensor, *, count: int, scale: float, seed: int, purpose: str) -> Tensor:
    """Neighbours of one vector (dim,): centre + U(-scale, scale), (count, dim).

    Fig 7's grid: eight of them with scale 0.25 around the result.
    """
    drawn = torch.rand(count, len(centre), generator=torch_generator(seed, purpose))
    return centre + scale * (2 * drawn - 1)


def concept_confidence(probabilities: np.ndarray, wanted: dict[int, int]) -> np.ndarray:
    """Probability that all wanted attributes hold, assuming independence: (N, A) -> (N,).

    wanted: column -> 1 (present) or 0 (absent). An empty `wanted` gives 1 for every sample.
    """
    confidence = np.ones(len(probabilities))
    for column, value in wanted.items():
        confidence *= probabilities[:, column] if value else 1 - probabilities[:, column]
    return confidence


def most_confident(confidence: np.ndarray, count: int) -> np.ndarray:
    """Rows of the `count` largest confidences, best first; ties keep row order."""
    return np.argsort(-confidence, kind="stable")[:count]


def concept_difference(start: Tensor, end: Tensor) -> Tensor:
    """mean(end) - mean(start) over the exemplar axis: each (..., exemplars, d) -> (..., d).

    This is §6.3.2's "turn" vector: four faces that look right minus four that look left (Fig 8).
    """
    return end.mean(dim=-2) - start.mean(dim=-2)


def along(points: Tensor, direction: Tensor, *, steps: int, reach: float) -> Tensor:
    """points + t * direction at `steps` even t from -reach to reach: (K, d) -> (K, steps, d).

    direction: (d,) for all points, or (K, d). With an odd `steps` the middle is the point itself
    (Fig 8: 11 columns, the sixth ruled off).
    """
    places = torch.arange(steps, dtype=points.dtype) - (steps - 1) / 2  # 0 in the middle, exactly
    t = (places * (2 * reach / (steps - 1))).reshape(1, -1, 1)
    each = direction if direction.dim() == 2 else direction.expand_as(points)
    return points.unsqueeze(1) + t * each.unsqueeze(1)
