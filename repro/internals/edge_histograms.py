"""Similarity of the shapes in patches of images, regardless of colours, contrast and light.

Where in the flow: experiments/filters asks whether the strongest responses of a channel are to the
same kind of thing. A patch is described by the directions of its edges in 4x4 cells (like
histograms of oriented gradients, Dalal and Triggs 2005); this tolerates shifts of a few pixels and
depends neither on brightness nor on the network that chose the patch.

Alone: `shapes(edges(images), field, images=..., rows=..., columns=...)`, then
`repro.internals.guided_backprop.likeness`.
"""

from typing import NamedTuple

import numpy as np

from repro.internals.guided_backprop import visible_field
from repro.networks.layer_shapes import ReceptiveField

DIRECTIONS = 8  # of edges, over half a turn
CELLS = 4  # per side


class Edges(NamedTuple):
    """Strength and direction of the edge through each pixel of images (N, H, W, C)."""

    strength: np.ndarray  # (N, H, W) float32, grey levels per pixel
    direction: np.ndarray  # (N, H, W) uint8, 0 .. DIRECTIONS - 1


def edges(images: np.ndarray) -> Edges:
    """Central differences of the mean over the colours of images (N, H, W, C) uint8.

    The direction is the gradient's without its sign: light on dark equals dark on light. The
    outermost pixels have none, so that a picture's frame is no edge.
    """
    grey = images.astype(np.float32).mean(axis=3)
    down, right = np.zeros_like(grey), np.zeros_like(grey)
    down[:, 1:-1, 1:-1] = (grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]) / 2
    right[:, 1:-1, 1:-1] = (grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]) / 2
    half_turns = np.arctan2(down, right) / np.pi  # -1 .. 1; bins are centred on the axes
    direction = np.rint(half_turns * DIRECTIONS).astype(np.int64) % DIRECTIONS
    return Edges(np.hypot(down, right), direction.astype(np.uint8))


def shapes(
    found: Edges, field: ReceptiveField, *, images: np.ndarray, rows: np.ndarray,
    columns: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Edges inside the receptive fields of units (n,), by cell and direction: (n, 128) of length 1.

    images, rows, columns (n,): identify the fields. Cells divide the whole field; the part of it
    outside the image has no edges. A patch without any edge is 0 everywhere.
    """
    height, width = found.strength.shape[1:]
    made = np.zeros((len(images), CELLS * CELLS * DIRECTIONS))
    for place, (image, row, column) in enumerate(zip(images, rows, columns, strict=True)):
        seen = visible_field(field, row=row, column=column, height=height, width=width)
        down = _cells(seen[0], field.offset + row * field.stride, field.size)
        right = _cells(seen[1], field.offset + column * field.stride, field.size)
        bins = (down[:, None] * CELLS + right) * DIRECTIONS + found.direction[image][seen]
        strength = found.strength[image][seen]
        made[place] = np.bincount(bins.ravel(), strength.ravel(), minlength=made.shape[1])
    lengths = np.linalg.norm(made, axis=1, keepdims=True)
    return np.divide(made, lengths, out=np.zeros_like(made), where=lengths > 0)


def _cells(seen: slice, first: int, size: int) -> np.ndarray:
    """The cell, 0 .. CELLS - 1, of each pixel of a slice of a field that begins at `first`."""
    return (np.arange(seen.start, seen.stop) - first) * CELLS // size
