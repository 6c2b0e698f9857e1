"""Exact nearest neighbours of a few thousand queries among any number of references, streamed.

Where in the flow: experiments/mnist_neighbours classifies digits by the nearest of up to ten
million samples (paper §8.1), memorisation finds the training image nearest to each sample,
face_arithmetic the real face nearest to each sum.

    found = Nearest(queries, k=3)
    for block, first in blocks:
        found.see(block, first)
    found.distances, found.indices      # (Q, 3) each

One matrix product in float32 scores a block, ||r||^2 - 2 q.r. It loses digits, so every pair that
could be among the nearest within a proven bound of the rounding error is recomputed directly, in
float64. For uint8 the result is exact; for float32 it is that of the differences in float64. Alone:
`nearest_rows(queries, references, k=1)` on two arrays.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

UNIT = 2.0**-24  # relative rounding error of float32
QUERY_ROWS = 2048  # of one tile of the product
BLOCK_ROWS = 4096
BLOCK_NUMBERS = 2**24  # a block of wide rows is cut to about this many numbers (64 MiB)
LARGEST = 1e15  # value; sums of squares stay in the range of float32
MANY = 8  # with more candidates per query, the bound is tightened within the tile
DIRECT_NUMBERS = 2**20  # numbers in one piece of the direct computation


class Nearest:
    """The k nearest references of each query among all blocks seen, Euclidean.

    queries: (Q, F), or (Q, ...), which is flattened; uint8 or float32, like all blocks. exclude:
    (Q,) the index that each query must not find (leave-one-out), -1 for none. device: where the
    products are computed; the rest is NumPy.

    squared (Q, k) float64 and indices (Q, k) int64: nearest first, equal distances by the lowest
    index; inf and -1 where fewer than k have been seen. Memory does not grow with the references:
    the queries as float32, one block of them (64 MiB) and one tile of scores (32 MiB).

    Many references within the rounding error of each other (for instance thousands of equal ones)
    stay correct, but each is computed directly, which is slow.
    """

    def __init__(
        self,
        queries: np.ndarray,
        k: int = 1,
        *,
        exclude: np.ndarray | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        if k < 1:
            raise ValueError(f"Nearest: k must be at least 1, found {k}")
        if queries.dtype not in (np.uint8, np.float32) or queries.ndim < 2 or len(queries) == 0:
            raise ValueError(
                "Nearest: expected queries (Q, F), Q > 0, of uint8 or float32, found "
                f"{queries.dtype} {queries.shape}"
            )
        self.queries = queries.reshape(len(queries), -1)
        _refuse_huge(self.queries, what="queries")
        self.k, self.device = k, torch.device(device)
        self.exclude = np.full(len(queries), -1) if exclude is None else np.asarray(exclude)
        if self.exclude.shape != (len(queries),):
            raise ValueError(f"Nearest: exclude is {self.exclude.shape}, not ({len(queries)},)")
        self.squared = np.full((len(queries), k), np.inf)
        self.indices = np.full((len(queries), k), -1, np.int64)
        self.seen = 0  # rows of all blocks so far
        width = self.queries.shape[1]
        # Rounding of a sum of F products is below F * UNIT of their absolute sum in any order
        # (Higham 2002, §3.1). For both norms, the product and the centring together it is below 3
        # (F + 16) UNIT (||q||^2 + ||r||^2); 4 leaves room for second-order terms.
        self._slack = 4 * (width + 16) * UNIT
        # Distances to the mean query, not to 0, bound the error; for uint8 the mean is rounded.
        mean = self.queries.mean(axis=0, dtype=np.float64)
        self._centre = (mean.round() if queries.dtype == np.uint8 else mean).astype(np.float32)
        self._tiles = [
            (slice(start, start + QUERY_ROWS), *self._centred(part))
            for start in range(0, len(queries), QUERY_ROWS)
            for part in [self.queries[start : start + QUERY_ROWS]]
        ]
        self.block_rows = min(BLOCK_ROWS, max(256, BLOCK_NUMBERS // width))
        self._scores = torch.empty(0, device=self.device)

    @property
    def distances(self) -> np.ndarray:
        """Euclidean distances (Q, k) float64, in the units of the queries."""
        return np.sqrt(self.squared)

    def see(self, block: np.ndarray, first_index: int | None = None) -> None:
        """Add references (N, F); their indices are first_index .. first_index + N - 1.

        Without first_index they follow the rows seen so far. Each index may be given only once.
        Blocks of thousands of rows are fastest. Raises ValueError for another type or width, and
        for values that are not finite, before it adds anything of the block.
        """
        first = self.seen if first_index is None else first_index
        if len(block) == 0:
            return
        block = block.reshape(len(block), -1)
        width = self.queries.shape[1]
        if block.dtype != self.queries.dtype or block.shape[1] != width:
            raise ValueError(
                f"Nearest: expected references ({self.queries.dtype}, {width} wide) like the "
                f"queries, found {block.dtype}, {block.shape[1]} wide"
            )
        _refuse_huge(block, what="references")
        for start in range(0, len(block), self.block_rows):
            part = np.asarray(block[start : start + self.block_rows])
            references, norms = self._centred(part)
            for rows, queries, query_norms in self._tiles:
                scores = self._score(queries, references, norms)
                query, reference = self._candidates(scores, rows, query_norms, norms, first + start)
                squared = _squared(self.queries[rows], part, query, reference)
                self._merge(query + rows.start, squared, reference + first + start)
        self.seen += len(block)

    def state(self) -> dict[str, np.ndarray]:
        """The state after the blocks so far, as arrays; `restore` takes it."""
        return {
            "squared": self.squared.copy(),
            "indices": self.indices.copy(),
            "seen": np.array(self.seen),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from a `state` of the same queries. Raises ValueError for another shape."""
        if state["squared"].shape != self.squared.shape:
            raise ValueError(
                f"Nearest: the state is of {state['squared'].shape} (queries, k), these are "
                f"{self.squared.shape}"
            )
        self.squared, self.indices = state["squared"].copy(), state["indices"].copy()
        self.seen = int(state["seen"])

    def _centred(self, rows: np.ndarray) -> tuple[Tensor, np.ndarray]:
        """Rows minus the centre on the device, and their squared norms (N,) float64."""
        values = torch.from_numpy(np.subtract(rows, self._centre, dtype=np.float32))
        values = values.to(self.device)
        return values, (values * values).sum(dim=1).cpu().numpy().astype(np.float64)

    def _score(self, queries: Tensor, references: Tensor, norms: np.ndarray) -> Tensor:
        """(q, n) lower bound of the squared distance, minus (1 - slack) ||q||^2."""
        shape = (len(queries), len(references))
        if self._scores.numel() < shape[0] * shape[1]:
            self._scores = torch.empty(shape[0] * shape[1], device=self.device)
        out = self._scores[: shape[0] * shape[1]].view(shape)
        floor = torch.from_numpy(((1 - self._slack) * norms).astype(np.float32)).to(self.device)
        precision = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")  # the bound assumes true float32 products
        try:
            return torch.addmm(floor, queries, references.T, alpha=-2, out=out)
        finally:
            torch.set_float32_matmul_precision(precision)

    def _candidates(
        self,
        scores: Tensor,
        rows: slice,
        query_norms: np.ndarray,
        norms: np.ndarray,
        first: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (query, reference) of a tile that may belong to the k nearest, (P,) each."""
        own = self.exclude[rows] - first
        inside = np.flatnonzero((own >= 0) & (own < len(norms)))
        scores[torch.from_numpy(inside), torch.from_numpy(own[inside])] = torch.inf

        limit = self.squared[rows, -1] - (1 - self._slack) * query_norms
        tightened = bool(np.isinf(limit).any())
        if tightened:
            limit = np.minimum(limit, self._limit_within(scores, query_norms, norms))
        chosen = scores <= self._as_column(limit)
        places = _places(chosen)
        if not tightened and len(places) > MANY * self.k * len(limit):
            limit = np.minimum(limit, self._limit_within(scores, query_norms, norms))
            places = _places(scores <= self._as_column(limit))
        query, reference = np.divmod(places, scores.shape[1])
        kept = reference != own[query]
        return query[kept], reference[kept]

    def _limit_within(
        self, scores: Tensor, query_norms: np.ndarray, norms: np.ndarray
    ) -> np.ndarray:
        """(q,) upper bounds of the scores of the k nearest in this tile; inf where it has fewer."""
        if scores.shape[1] < self.k:
            return np.full(len(scores), np.inf)
        lowest, columns = (x.cpu().numpy() for x in scores.topk(self.k, dim=1, largest=False))
        error = 2 * self._slack * (query_norms[:, None] + norms[columns])
        return (lowest + error).max(axis=1)

    def _as_column(self, limit: np.ndarray) -> Tensor:
        """(q,) float64 -> (q, 1) float32, rounded up."""
        rounded = np.nextafter(limit.astype(np.float32), np.float32(np.inf))
        return torch.from_numpy(rounded).to(self.device)[:, None]

    def _merge(self, query: np.ndarray, squared: np.ndarray, indices: np.ndarray) -> None:
        """Merge candidates (P,) into the k nearest of their queries."""
        if len(query) == 0:
            return
        touched, place = np.unique(query, return_inverse=True)
        places = np.concatenate([place, np.repeat(np.arange(len(touched)), self.k)])
        squared = np.concatenate([squared, self.squared[touched].ravel()])
        indices = np.concatenate([indices, self.indices[touched].ravel()])
        order = np.lexsort((indices, squared, places))
        starts = np.searchsorted(places[order], np.arange(len(touched)))
        best = order[starts[:, None] + np.arange(self.k)]
        self.squared[touched], self.indices[touched] = squared[best], indices[best]


def nearest_rows(
    queries: np.ndarray,
    references: np.ndarray,
    *,
    k: int = 1,
    exclude: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Distances (Q, k) float64 and indices (Q, k) int64 of the nearest references.

    references: (N, ...) array or memory map, read block by block. See `Nearest`.
    """
    found = Nearest(queries, k, exclude=exclude)
    for start in range(0, len(references), found.block_rows):
        found.see(references[start : start + found.block_rows])
    return found.distances, found.indices


def _places(chosen: Tensor) -> np.ndarray:
    """Flat indices of the true elements, ascending."""
    if chosen.is_cuda:
        return chosen.flatten().nonzero()[:, 0].cpu().numpy()
    return np.flatnonzero(chosen.numpy())  # a tenth of the time of nonzero on the CPU (measured)


def _refuse_huge(rows: np.ndarray, *, what: str) -> None:
    """Raise ValueError for values that are not finite, or whose squares could overflow."""
    if rows.dtype != np.uint8 and not (rows.min() > -LARGEST and rows.max() < LARGEST):
        raise ValueError(f"Nearest: {what} hold NaN, infinity or values beyond {LARGEST:g}")


def _squared(
    queries: np.ndarray, references: np.ndarray, query: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    """Squared distances (P,) float64 of the pairs, from their differences in float64."""
    squared = np.empty(len(query))
    step = max(1, DIRECT_NUMBERS // queries.shape[1])
    for start in range(0, len(query), step):
        part = slice(start, start + step)
        difference = np.subtract(queries[query[part]], references[reference[part]], dtype=float)
        squared[part] = np.square(difference, out=difference).sum(axis=1)
    return squared
