"""Find the maps of a layer of G that draw a boxed thing, and draw with G without these maps.

Where in the flow: experiments/forgetting_windows (Fig 6, paper §6.3.1). Boxes on samples become
cells of a layer; a logistic regression on the activations at single positions separates cells
inside boxes from others; the maps with positive weight are set to zero everywhere.

Layer 0 is the projection of z, layer k the output of G's k-th transposed convolution after its
activation; at the paper's size layer 1 is 512x8x8. Boxes are (N, 4) x0, y0, x1, y1 in [0, 1] of the
picture.

Alone: `maps = hidden_maps(G, z, layer=1)`, then `drawn_from(G, maps, layer=1, dropped=mask)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from repro.data.images import to_uint8
from repro.networks.dcgan import Generator
from repro.rng import generator, shuffled

MOST_ITERATIONS = 5000  # of the regression; a few hundred are enough in practice


def hidden_layers(G: Generator) -> int:
    """Number of layers whose maps can be dropped: the projection and all others but the output."""
    return len(G.layers)


@torch.no_grad()
def hidden_maps(G: Generator, z: Tensor, *, layer: int, batch: int = 128) -> Tensor:
    """Activations (N, maps, side, side) float32 of a layer for z (N, z_dim); G is frozen.

    Raises ValueError for a layer that G does not have, or for its output.
    """
    if not 0 <= layer < hidden_layers(G):
        raise ValueError(f"layer {layer}: this G has the hidden layers 0 to {hidden_layers(G) - 1}")
    parts = []
    for start in range(0, len(z), batch):
        maps = G.first_maps(z[start : start + batch])
        for block in G.layers[:layer]:
            maps = block(maps)
        parts.append(maps)
    return torch.cat(parts)


@torch.no_grad()
def drawn_from(
    G: Generator,
    maps: Tensor,
    *,
    layer: int,
    dropped: np.ndarray | None = None,
    batch: int = 128,
) -> np.ndarray:
    """Pictures (N, H, W, C) uint8 from a layer's activations, some of its maps zero everywhere.

    maps: from `hidden_maps`; dropped (maps,) bool. All later layers run unchanged, with the frozen
    batch statistics of the whole network (paper §6.3.1 does not mention them). With nothing dropped
    the result equals the pictures of G itself.
    """
    kept = torch.ones(maps.shape[1]) if dropped is None else torch.from_numpy(~dropped).float()
    parts = []
    for start in range(0, len(maps), batch):
        x = maps[start : start + batch]
        x = x if dropped is None else x * kept[:, None, None]
        images = G.from_maps(x.contiguous(memory_format=torch.channels_last), layer=layer)
        parts.append(to_uint8(images, low=G.pixel_low))
    return np.concatenate(parts)


def box_cover(boxes: np.ndarray, side: int) -> np.ndarray:
    """Share of each of side x side cells that is in a box, float64 (side, side).

    Where several boxes overlap a cell, the one that covers most counts.
    """
    edges = np.arange(side + 1) / side
    cover = np.zeros((side, side))
    for x0, y0, x1, y1 in boxes:
        across, down = (
            np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0, None) * side
            for start, end in ((x0, x1), (y0, y1))
        )
        cover = np.maximum(cover, np.outer(down, across))
    return cover


def cells_of_boxes(boxes: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Cells inside boxes, and cells that no box touches: two bool arrays (side, side).

    A cell is inside a box if its centre is; a box smaller than a cell, without any centre, gives
    the cell that contains the box's own centre. Cells at a box's edge are neither. The paper does
    not say how its boxes became positions.
    """
    centres = (np.arange(side) + 0.5) / side
    inside = np.zeros((side, side), bool)
    for x0, y0, x1, y1 in boxes:
        held = np.outer((centres >= y0) & (centres < y1), (centres >= x0) & (centres < x1))
        if not held.any():
            row, column = (min(int((a + b) / 2 * side), side - 1) for a, b in ((y0, y1), (x0, x1)))
            held[row, column] = True
        inside |= held
    return inside, ~inside & (box_cover(boxes, side) < 1e-9)


@dataclass(frozen=True)
class Cells:
    """Single positions of a layer with their activations, on which the regression is fitted."""

    features: np.ndarray  # (M, maps) float32
    inside: np.ndarray  # (M,) bool: inside a box
    sample: np.ndarray  # (M,) int64: number of the sample

    @property
    def usable(self) -> bool:
        """Whether both kinds are present, each on at least two samples (one may be held out)."""
        kinds = (self.sample[self.inside], self.sample[~self.inside])
        return all(len(np.unique(samples)) >= 2 for samples in kinds)


def labelled_cells(
    maps: np.ndarray,
    boxes: Sequence[np.ndarray],
    *,
    negatives: float,
    seed: int,
    purpose: str,
) -> Cells:
    """Cells inside boxes, and random cells that no box touches on the samples that have boxes.

    maps (N, maps, side, side); boxes: N arrays (n, 4). negatives: number per positive, fewer where
    there are not enough (paper: "randomly sampled from the same images", no number).
    """
    side = maps.shape[-1]
    inside = np.zeros((len(maps), side, side), bool)
    free = np.zeros_like(inside)
    for number, own in enumerate(boxes):
        if len(own):
            inside[number], free[number] = cells_of_boxes(own, side)
    positive, others = np.argwhere(inside), np.argwhere(free)  # (P, 3), (Q, 3): sample, row, column
    order = generator(seed, purpose).permutation(len(others))
    negative = others[np.sort(order[: round(negatives * len(positive))])]
    places = np.concatenate([positive, negative])
    return Cells(
        features=maps[places[:, 0], :, places[:, 1], places[:, 2]],
        inside=np.arange(len(places)) < len(positive),
        sample=places[:, 0],
    )


def map_weights(cells: Cells, *, C: float) -> np.ndarray:
    """Weight of each map in the logistic regression, (maps,) float64, per unit of activation.

    C: inverse strength of its L2 penalty, which the paper does not state. A constant map has weight
    0. Raises ValueError where one of the two kinds of cells is missing.
    """
    return _fitted(cells, C=C)[0]


def held_out_scores(cells: Cells, *, C: float, folds: int, seed: int, purpose: str) -> np.ndarray:
    """Log-odds (M,) of every cell from a regression fitted without its sample (cross-validation).

    The samples are split into `folds` parts at random. NaN where the rest lacks one of the kinds.
    """
    samples = np.unique(cells.sample)
    order = samples[shuffled(len(samples), seed=seed, purpose=purpose)]
    scores = np.full(len(cells.inside), np.nan)
    for part in np.array_split(order, min(folds, len(order))):
        held = np.isin(cells.sample, part)
        rest = Cells(cells.features[~held], cells.inside[~held], cells.sample[~held])
        if 0 < rest.inside.sum() < len(rest.inside):
            weights, intercept = _fitted(rest, C=C)
            scores[held] = cells.features[held] @ weights + intercept
    return scores


def _fitted(cells: Cells, *, C: float) -> tuple[np.ndarray, float]:
    features = cells.features.astype(np.float64)
    fitted = LogisticRegression(C=C, max_iter=MOST_ITERATIONS).fit(features, cells.inside)
    weights = fitted.coef_[0]
    weights[np.ptp(features, axis=0) == 0] = 0.0
    return weights, float(fitted.intercept_[0])


def highest(weights: np.ndarray, count: int) -> np.ndarray:
    """The `count` maps with the largest weights as a bool mask (maps,); ties by map number."""
    chosen = np.zeros(len(weights), bool)
    chosen[np.argsort(-weights, kind="stable")[:count]] = True
    return chosen


def random_maps(maps: int, count: int, *, seed: int, purpose: str, index: int) -> np.ndarray:
    """`count` random maps of `maps` as a bool mask; a larger count contains the smaller ones."""
    chosen = np.zeros(maps, bool)
    chosen[shuffled(maps, seed=seed, purpose=purpose, index=index)[:count]] = True
    return chosen
