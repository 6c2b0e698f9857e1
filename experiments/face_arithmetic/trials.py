"""The sums of Fig 7: which samples represent a concept, and the pictures that their sums give.

Part of measure.py, which judges these pictures. A concept is a mapping column of the attribute
table -> 1 or 0.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from repro.internals.latent import (
    around,
    concept_confidence,
    concept_sum,
    most_confident,
    random_directions,
)
from repro.networks.dcgan import GeneratorNetwork
from repro.networks.model_folder import draw
from repro.rng import generator

VARIANTS = (
    "three_exemplars", "one_exemplar", "many_exemplars", "pixel_space", "random_direction",
)  # fmt: skip
Block = dict[str, np.ndarray]  # one sum of Fig 7, see figure_pictures
NamedBlock = tuple[tuple[str, ...], str, Block]  # names of A to D, who picked or "", pictures


@dataclass(frozen=True)
class Samples:
    """Samples of G, and the probabilities given by the choosing classifier."""

    G: GeneratorNetwork
    z: Tensor  # (N, z_dim)
    pictures: np.ndarray  # (N, H, W, C) uint8
    probabilities: np.ndarray  # (N, attributes)

    def candidates(self, concept: dict[int, int], count: int) -> np.ndarray:
        """Rows of the `count` samples that show a concept with most confidence, best first."""
        return most_confident(concept_confidence(self.probabilities, concept), count)


def sum_purpose(number: int) -> str:
    """The name of the random draws of a sum."""
    return f"face arithmetic, sum {number}"


def drawn_exemplars(
    candidates: np.ndarray, *, trials: int, exemplars: int, seed: int, purpose: str
) -> np.ndarray:
    """Exemplars of every trial: candidates (K,) -> (trials, exemplars), distinct within a trial.

    A larger number of exemplars leaves the first ones unchanged.
    """
    orders = np.tile(candidates, (trials, 1))
    return generator(seed, purpose).permuted(orders, axis=1)[:, :exemplars]


def random_exemplars(
    candidates: list[np.ndarray], *, trials: int, exemplars: int, seed: int, purpose: str
) -> list[np.ndarray]:
    """The same for the candidates of a, b and c of one sum."""
    return [
        drawn_exemplars(
            rows,
            trials=trials,
            exemplars=exemplars,
            seed=seed,
            purpose=f"{purpose}, exemplars of {place}",
        )
        for place, rows in zip("abc", candidates, strict=True)
    ]


def trial_pictures(
    samples: Samples, rows: list[np.ndarray], *, exemplars: int, seed: int, purpose: str
) -> dict[str, np.ndarray]:
    """Results of a - b + c by every variant: name -> (trials, H, W, C) uint8.

    rows: exemplars of a, b and c, (trials, many) each, many >= exemplars. "many_exemplars" uses
    all, "three_exemplars" the first `exemplars`, "one_exemplar" the first. The controls use the
    first `exemplars`: "random_direction" starts from the mean of c and takes a step as long as
    mean(a) - mean(b) in a random direction; "pixel_space" sums the pictures themselves and clips.
    """
    many = [samples.z[torch.from_numpy(r)] for r in rows]  # (trials, many, z_dim)
    few = [r[:, :exemplars] for r in rows]
    a, b, c = (z[:, :exemplars] for z in many)
    step = a.mean(dim=1) - b.mean(dim=1)
    anywhere = random_directions(step, seed=seed, purpose=f"{purpose}, direction")
    made = {
        "three_exemplars": concept_sum(a, b, c),
        "one_exemplar": concept_sum(a[:, :1], b[:, :1], c[:, :1]),
        "many_exemplars": concept_sum(*many),
        "random_direction": c.mean(dim=1) + anywhere,
    }
    pictures = {name: draw(samples.G, z) for name, z in made.items()}
    pictures["pixel_space"] = pixel_sum(*(samples.pictures[r] for r in few))
    return pictures


def pixel_sum(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """mean(a) - mean(b) + mean(c) of pictures, clipped.

    Each is uint8 (T, exemplars, H, W, C); the numbers of exemplars may differ -> (T, H, W, C).
    """
    flat = [torch.from_numpy(p.reshape(*p.shape[:2], -1).astype(np.float32)) for p in (a, b, c)]
    summed = concept_sum(*flat).round().clamp(0, 255).to(torch.uint8)
    return summed.numpy().reshape(len(a), *a.shape[2:])


def figure_pictures(
    G: GeneratorNetwork,
    z: Tensor,
    pictures: np.ndarray,
    rows: list[np.ndarray],
    *,
    noise: float,
    seed: int,
    purpose: str,
) -> Block:
    """One block of Fig 7 from the exemplars of a, b and c, all uint8.

    z (N, z_dim) and pictures (N, H, W, C) of samples; rows: the exemplars of each concept, whose
    number may differ. Gives exemplars_a, exemplars_b, exemplars_c (exemplars, H, W, C); means
    (3, H, W, C): G at the mean z of each concept; grid (9, H, W, C): G(Y) in the middle and 8
    pictures with U(-noise, noise) added to Y; pixel_means (3, H, W, C) and pixel_result (H, W, C).
    """
    own = [z[torch.from_numpy(one)] for one in rows]
    shown = [pictures[one] for one in rows]
    result = concept_sum(*own)
    near = around(result, count=8, scale=noise, seed=seed, purpose=purpose)
    return {
        **{f"exemplars_{place}": one for place, one in zip("abc", shown, strict=True)},
        "means": draw(G, torch.stack([one.mean(dim=0) for one in own])),
        "grid": draw(G, torch.cat([near[:4], result[None], near[4:]])),
        "pixel_means": np.stack([np.rint(one.mean(axis=0)).astype(np.uint8) for one in shown]),
        "pixel_result": pixel_sum(*(one[None] for one in shown))[0],
    }
