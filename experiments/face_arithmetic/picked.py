"""Fig 7 from exemplars picked by hand on the page, and the sums that measure their success.

Part of measure.py. pick_page.py writes the page; repro.internals.hand_picks reads the file that it
downloads.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from experiments.face_arithmetic.trials import Block, NamedBlock, figure_pictures
from experiments.face_arithmetic.triples import Triple
from repro.data.images import halve
from repro.internals.hand_picks import (
    Picks,
    offered_latents,
    picked_rows,
    read_picks,
    samples_identity,
)
from repro.internals.latent import around, concept_sum
from repro.networks.dcgan import GeneratorNetwork
from repro.networks.model_folder import ModelFolder, draw
from repro.rng import shuffled

THUMBNAIL = 64  # pixels: larger samples are halved on the page


@dataclass(frozen=True)
class Offered:
    """The samples on the page, numbered from 0."""

    G: GeneratorNetwork
    z: Tensor  # (N, z_dim)
    pictures: np.ndarray  # (N, H, W, C) uint8
    identity: str

    @classmethod
    def by(cls, model: ModelFolder, G: GeneratorNetwork, count: int, *, seed: int) -> "Offered":
        """The first `count` samples offered by this model."""
        z = offered_latents(model, count, seed=seed)
        return cls(G, z, draw(G, z), samples_identity(model, seed=seed))

    def read(self, files: list[str]) -> list[Picks]:
        """The picks files. Raises SpecError naming file and key (repro.internals.hand_picks)."""
        return [read_picks(Path(f), identity=self.identity, offered=len(self.z)) for f in files]

    def arrays(self, triples: list[Triple]) -> Block:
        """The page's data: thumbnails, identity, and the run's concepts and sums as a start."""
        pictures = self.pictures
        while pictures.shape[1] > THUMBNAIL:
            pictures = halve(pictures)
        concepts = dict.fromkeys(c for t in triples for c in t.concepts[:3])
        return {
            "pictures": pictures,
            "identity": np.array(self.identity),
            "concepts": np.array(list(concepts)),
            "sums": np.array([t.name for t in triples]),
        }

    def exemplars(self, picks: Picks, concepts: tuple[str, ...]) -> list[np.ndarray]:
        """Rows of each concept's pictures."""
        return [picked_rows(picks, concept) for concept in concepts]


def picked_blocks(
    offered: Offered, given: list[Picks], *, noise: float, seed: int
) -> list[NamedBlock]:
    """Names, "picked by ..." and pictures of every sum of the picks files."""
    blocks: list[NamedBlock] = []
    for picks in given:
        for names in picks.sums:
            rows = offered.exemplars(picks, names[:3])
            pictures = figure_pictures(
                offered.G,
                offered.z,
                offered.pictures,
                rows,
                noise=noise,
                seed=seed,
                purpose=f"face arithmetic, picked sum {len(blocks)}",
            )
            blocks.append((names, picks.by, pictures))
    return blocks


@dataclass(frozen=True)
class PickedSums:
    """z of all picked sums with one result."""

    about: Tensor  # (K, z_dim) Y of all exemplars, and Y with noise
    singles: Tensor  # (T, z_dim) sums of one exemplar per concept


def picked_sums(
    offered: Offered, given: list[Picks], result: str, *, noise: float, trials: int, seed: int
) -> PickedSums | None:
    """The sums of the picks files whose result has this name; None where there is none.

    For each, Y and `trials` neighbours with noise, and at most `trials` sums of single exemplars.
    """
    about, singles = [], []
    for number, picks in enumerate(given):
        for names in (names for names in picks.sums if names[3] == result):
            rows = offered.exemplars(picks, names[:3])
            purpose = f"face arithmetic, picks {number}, {' '.join(names)}"
            centre = concept_sum(*(offered.z[torch.from_numpy(r)] for r in rows))
            near = around(centre, count=trials, scale=noise, seed=seed, purpose=purpose)
            about += [centre[None], near]
            singles.append(_singles(offered, rows, most=trials, seed=seed, purpose=purpose))
    return PickedSums(torch.cat(about), torch.cat(singles)) if about else None


def _singles(
    offered: Offered, rows: list[np.ndarray], *, most: int, seed: int, purpose: str
) -> Tensor:
    """Sums of one exemplar per concept, at most `most` of all choices, at random: (T, z_dim)."""
    choices = np.array(list(itertools.product(*rows)))  # (all choices, 3)
    order = shuffled(len(choices), seed=seed, purpose=f"{purpose}, singles")[:most]
    a, b, c = (offered.z[torch.from_numpy(choices[order, place])] for place in range(3))
    return a - b + c
