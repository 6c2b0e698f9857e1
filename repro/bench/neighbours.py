"""Exact nearest neighbours over a stream of references, next to the matrix product it contains.

Ours is `repro.quality.neighbours.Nearest`, k = 1, as in an experiment on MNIST: 10,000 test digits
search for the nearest of generated ones that come block after block. The reference is a plain
float32 product of the same shape, torch.mm of queries and transposed block into an existing output;
it searches nothing, so `ratio` is the remaining share of the product's speed, below 1. Its tiles
have 4,096 references: on one core, where we chose this, any tile of 1,024 to 10,000 references,
queries whole or cut, came within a few per cent of the fastest. On a GPU the reference's block is
there before the clock starts; ours is copied within its time, as a search must do.

A stream has two phases. At its first block nothing has been seen, so the smallest of each tile is
computed; later the distances found so far leave few candidates. Ours sees `--references` untimed,
then the same number in each repeat, always new ones, and ours and the product alternate block by
block: that is the steady state, which `ours`, `reference` and `ratio` describe. `first_block` has
the same numbers for new searches, including their construction and the first block they see. Rates
are medians over the repeats; making the digits is not timed.

`peak_mb` is read before the product runs for the first time, because its output is larger than all
memory of ours; `data_peak_mb` covers PyTorch, the queries and a block, before any search.

Runs alone: python -m repro bench neighbours [--queries 10000] [--references 40000] [--device cuda]
"""

import argparse
import math
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from repro.artefacts.provenance import peak_memory_mb
from repro.command_line import add_device, at_least_one
from repro.devices import chosen_device, describe_device, wait_for
from repro.quality.neighbours import Nearest
from repro.rng import generator

TARGET = 0.6  # of the product's speed
TILE = 4096  # references of one product
PROTOTYPES = 500
DIMENSIONS = 30  # of the smooth fields
ALIKE = 0.8  # correlation of a digit's field with its prototype's
QUANTILE_80 = 0.8416  # of a standard normal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--queries", type=at_least_one, default=10_000, help="digits that search")
    parser.add_argument(
        "--references", type=at_least_one, default=40_000, help="digits seen in a repeat"
    )
    parser.add_argument("--block", type=at_least_one, default=10_000, help="references per block")
    parser.add_argument("--width", type=at_least_one, default=784, help="pixels of a digit")
    add_device(parser)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """The record, in references per second."""
    torch.set_num_threads(given.threads)
    device = chosen_device(given.device)
    found = _measured(given, device)
    record = _compared(found.steady)
    tflop = 2 * given.queries * given.width / 1e12  # of one reference
    return {
        **record,
        "reference_is": f"torch.mm, float32, {TILE} references per product",
        "target": TARGET,
        "unit": "references/s",
        "n": given.references,
        "device": describe_device(device),
        "queries": given.queries,
        "block": given.block,
        "width": given.width,
        "tflop_per_s": round(record["ours"] * tflop, 4),
        "product_tflop_per_s": round(record["reference"] * tflop, 4),
        "first_block": _compared(found.first_block),
        "peak_mb": found.peak_mb,
        "data_peak_mb": found.data_peak_mb,
        "runs": {
            side: [round(float(rates[place]), 1) for rates in found.steady]
            for place, side in enumerate(("ours", "reference"))
        },
    }


class _Measured(NamedTuple):
    """Each repeat's references per second of (ours, product), in both phases, and peaks in MB."""

    first_block: list[np.ndarray]
    steady: list[np.ndarray]
    peak_mb: int
    data_peak_mb: int


def _measured(given: argparse.Namespace, device: torch.device) -> _Measured:
    digits = Digits(given.width)
    queries = digits.rows(given.queries, purpose="queries")
    sizes = [
        min(given.block, given.references - start)
        for start in range(0, given.references, given.block)
    ]

    def stream(number: int) -> Iterator[np.ndarray]:
        """The references of one repeat, block by block."""
        for place, size in enumerate(sizes, start=number * len(sizes)):
            yield digits.rows(size, purpose="references", index=place)

    warm_up = next(stream(0))
    data_peak = peak_memory_mb()
    search = searched(queries, stream(0), device=device)
    peak = peak_memory_mb()
    product = Product(queries, device=device)
    product.of(warm_up)()

    found = _Measured([], [], peak, data_peak)
    for repeat in range(given.repeats):
        block = digits.rows(sizes[0], purpose="first blocks", index=repeat)
        fresh = partial(searched, queries, [block], device=device)
        seconds = _seconds(fresh, product.of(block), device=device)
        found.first_block.append(sizes[0] / seconds)
        seconds = np.zeros(2)
        for block in stream(repeat + 1):
            seconds += _seconds(partial(search.see, block), product.of(block), device=device)
        found.steady.append(given.references / seconds)
        ours, reference = found.steady[-1]
        print(
            f"run {repeat + 1} of {given.repeats}: ours {ours:,.0f}/s, product {reference:,.0f}/s",
            flush=True,
        )
    return found


class Digits:
    """Synthetic pictures like MNIST's: (N, width) float32 in [0, 1], mostly 0, ink in clusters.

    A digit is a smooth random field, correlated with that of one of 500 prototypes; values above
    its 80 % quantile are ink, so four in five pixels are 0. This gives neighbours like MNIST's,
    which decide how many pairs a search computes directly: the nearest of 30,000 is at 0.46 of the
    mean distance of two digits (MNIST 0.45), and a query has 2.1, 0.8, 0.4 candidates in the first
    three blocks of 10,000 (MNIST 2.3, 0.8, 0.4).
    """

    def __init__(self, width: int) -> None:
        draw = generator(0, "bench neighbours: prototypes")
        side = math.isqrt(width - 1) + 1
        white = draw.standard_normal((DIMENSIONS, side, side), np.float32)
        smooth = gaussian_filter(white, (0, side / 14, side / 14)).reshape(DIMENSIONS, -1)
        self.basis = smooth[:, :width] / np.linalg.norm(smooth[:, :width], axis=0)
        self.prototypes = draw.standard_normal((PROTOTYPES, DIMENSIONS), np.float32)

    def rows(self, count: int, *, purpose: str, index: int = 0) -> np.ndarray:
        """The digits (count, width) of the stream (purpose, index)."""
        draw = generator(0, f"bench neighbours: {purpose}", index)
        own = draw.standard_normal((count, DIMENSIONS), np.float32)
        shared = self.prototypes[draw.integers(0, PROTOTYPES, count)]
        fields = (ALIKE * shared + math.sqrt(1 - ALIKE**2) * own) @ self.basis
        fields -= QUANTILE_80  # each pixel of the fields is standard normal
        return np.clip(fields, 0, 1, out=fields)


class Product:
    """Plain products of the queries (Q, F) with blocks (N, F): scores, overwritten tile by tile."""

    def __init__(self, queries: np.ndarray, *, device: torch.device) -> None:
        self.queries = torch.from_numpy(queries).to(device)
        self.scores = torch.empty(len(queries) * TILE, device=device)

    def of(self, block: np.ndarray) -> Callable[[], None]:
        """The work to be timed; the block is moved to the device before."""
        placed = torch.from_numpy(block).to(self.queries.device)
        return partial(self._multiply, placed)

    def _multiply(self, block: Tensor) -> None:
        for tile in block.split(TILE):
            shape = (len(self.queries), len(tile))
            torch.mm(self.queries, tile.T, out=self.scores[: math.prod(shape)].view(shape))


def searched(queries: np.ndarray, blocks: Iterable[np.ndarray], *, device: torch.device) -> Nearest:
    """A new search that has seen the blocks (N, F), numbered in their order."""
    search = Nearest(queries, device=device)
    for block in blocks:
        search.see(block, search.seen)
    return search


def _compared(rates: list[np.ndarray]) -> dict[str, Any]:
    """Medians over the repeats of (ours, product), in references per second, and their ratio."""
    ours, reference = np.median(rates, axis=0)
    return {
        "ours": round(float(ours), 1),
        "reference": round(float(reference), 1),
        "ratio": round(float(ours / reference), 3),
    }


def _seconds(*ways: Callable[[], Any], device: torch.device) -> np.ndarray:
    """Seconds of each way, in sequence."""
    taken = []
    for way in ways:
        wait_for(device)
        start = time.perf_counter()
        way()
        wait_for(device)
        taken.append(time.perf_counter() - start)
    return np.array(taken)
