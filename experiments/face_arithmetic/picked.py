"""Fig 7 from exemplars that somebody picked on the page, and how often their sums succeed.

Part of face_arithmetic/measure.py. The page is written by pick_page.py; the file that it hands out
is read by repro.internals.hand_picks.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from experiments.face_arithmetic.judging import Classifiers
from experiments.face_arithmetic.options import Options
from experiments.face_arithmetic.trials import figure_pictures
from repro.claims.constructors import share_over
from repro.claims.measurement import Measurement
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
Block = dict[str, np.ndarray]
NamedBlock = tuple[tuple[str, ...], str, Block]  # names of A to D, who picked or "", pictures


@dataclass(frozen=True)
class Offered:
    """The samples of the page, by their numbers from 0."""

    G: GeneratorNetwork
    z: Tensor  # (N, z_dim)
    pictures: np.ndarray  # (N, H, W, C) uint8
    identity: str

    @classmethod
    def by(cls, model: ModelFolder, G: GeneratorNetwork, count: int, *, seed: int) -> "Offered":
        z = offered_latents(model, count, seed=seed)
        return cls(G, z, draw(G, z), samples_identity(model, seed=seed))

    def read(self, files: list[str]) -> list[Picks]:
        """The picks files. Raises SpecError naming file and key (repro.internals.hand_picks)."""
        return [read_picks(Path(f), identity=self.identity, offered=len(self.z)) for f in files]

    def arrays(self, options: Options) -> Block:
        """What the page needs: thumbnails, identity, and the run's concepts and sums to begin."""
        pictures = self.pictures
        while pictures.shape[1] > THUMBNAIL:
            pictures = halve(pictures)
        concepts = dict.fromkeys(c for t in options.triples for c in t.concepts[:3])
        return {
            "pictures": pictures,
            "identity": np.array(self.identity),
            "concepts": np.array(list(concepts)),
            "sums": np.array([t.name for t in options.triples]),
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
                [offered.z[torch.from_numpy(r)] for r in rows],
                [offered.pictures[r] for r in rows],
                noise=noise,
                seed=seed,
                purpose=f"face arithmetic, picked sum {len(blocks)}",
            )
            blocks.append((names, picks.by, pictures))
    return blocks


def picked_measurements(
    offered: Offered, given: list[Picks], classifiers: Classifiers, options: Options, *, seed: int
) -> list[Measurement]:
    """Success of picked sums whose result the run's triples name, so that it can be judged."""
    wanted = {t.concepts[3]: options.columns(t.wanted) for t in options.triples}
    made = []
    for result, concept in wanted.items():
        mean, single = [], []
        for number, picks in enumerate(given):
            for names in (names for names in picks.sums if names[3] == result):
                rows = offered.exemplars(picks, names[:3])
                purpose = f"face arithmetic, picks {number}, {' '.join(names)}"
                mean.append(_about(offered, rows, options, seed=seed, purpose=purpose))
                single.append(_singles(offered, rows, options, seed=seed, purpose=purpose))
        if not mean:
            continue
        words = "exemplars picked by hand: pictures in which the judge finds every wanted attribute"
        made += [
            share_over(
                f"success_picked: {result}",
                classifiers.finds(draw(offered.G, torch.cat(mean)), concept),
                over="noise about the result of all picked exemplars",
                protocol=f"{words}, of Y and of Y with noise of half-width {options.noise:g}",
            ),
            share_over(
                f"success_picked_one_exemplar: {result}",
                classifiers.finds(draw(offered.G, torch.cat(single)), concept),
                over="choices of one picked exemplar a concept",
                protocol=f"{words}, of sums of single ones",
            ),
        ]
    return made


def _about(
    offered: Offered, rows: list[np.ndarray], options: Options, *, seed: int, purpose: str
) -> Tensor:
    """Y of all exemplars, and Y with noise: (1 + trials, z_dim)."""
    centre = concept_sum(*(offered.z[torch.from_numpy(r)] for r in rows))
    near = around(centre, count=options.trials, scale=options.noise, seed=seed, purpose=purpose)
    return torch.cat([centre[None], near])


def _singles(
    offered: Offered, rows: list[np.ndarray], options: Options, *, seed: int, purpose: str
) -> Tensor:
    """Sums of one exemplar a concept, every choice of them but `trials` at most: (T, z_dim)."""
    choices = np.array(list(itertools.product(*rows)))  # (all choices, 3)
    order = shuffled(len(choices), seed=seed, purpose=f"{purpose}, singles")[: options.trials]
    a, b, c = (offered.z[torch.from_numpy(choices[order, place])] for place in range(3))
    return a - b + c
