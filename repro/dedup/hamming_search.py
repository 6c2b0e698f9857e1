"""Find codes within a Hamming radius of each other, near-linearly and exactly: beyond the paper.

Where in the flow: `repro.dedup.removal` uses it for a radius above 0; the paper's rule is equality
(repro/dedup/binary_codes.py).
Two codes that differ in at most r of their bits agree on all bits of at least one of a family of
masks: of m parts, one part differs in at most t = r // m bits; and 2^(t+1) - 1 masks of half a
part's bits are enough for one of them to avoid any t bits (Pagh, "Locality-sensitive hashing
without false negatives", SODA 2016; with t = 0 it is the multi-index hashing of Norouzi et al.
2012). Each mask costs one sort. The bits of learnt codes are correlated, so many codes agree on a
few bits by chance: m is chosen by trying each value on a sample.
"""

from collections.abc import Iterator

import numpy as np

from repro.dedup.binary_codes import first_with_same_code, view_as_uint64
from repro.errors import ExpectedError, UnusableError
from repro.rng import generator

SAMPLE = 16_384  # codes on which the number of parts is chosen
ROUND = 4_000_000  # candidate pairs compared at a time: about 200 MB
SORT_COST = 4  # cost of sorting one code, in comparisons of two codes
MOST_MASKS = 4095


class TooManyPairsError(ExpectedError, ValueError):
    """Too many codes are within the radius for it to tell near-duplicates from chance."""


def hamming(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Differing bits between the rows of codes a and b, both (N, B) uint8: (N,) uint16."""
    differing = view_as_uint64(a) ^ view_as_uint64(b)  # (N, B / 8)
    distance = np.zeros(len(differing), np.uint16)
    for word in range(differing.shape[1]):  # by columns: four times as fast as by rows
        distance += np.bitwise_count(differing[:, word])
    return distance


def first_within(codes: np.ndarray, *, radius: int) -> np.ndarray:
    """For each row of codes (N, B) uint8 the earliest kept row within `radius`: (N,) int64.

    Rows are taken in order: a row near a kept row is removed in favour of the earliest such row,
    any other row is kept. So no chain of small steps joins codes that differ by more than the
    radius. Raises the same errors as `pairs_within`.
    """
    exact = first_with_same_code(codes)
    distinct = np.flatnonzero(exact == np.arange(len(codes)))
    pairs = pairs_within(codes[distinct], radius=radius)
    leader = np.arange(len(distinct))
    for i, j in pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))].tolist():
        if leader[j] == j and leader[i] == i:
            leader[j] = i
    first = np.arange(len(codes))
    first[distinct] = distinct[leader]
    return first[exact]


def pairs_within(codes: np.ndarray, *, radius: int, most: int = 50_000_000) -> np.ndarray:
    """All rows i < j of codes (N, B) uint8 that differ in at most `radius` bits: (P, 2) int64.

    The search is exact; pairs are ordered by i, then j. B is a multiple of 8. Raises
    TooManyPairsError where there are more than `most` pairs, ValueError for a radius that is
    negative or too large to search.
    """
    words = view_as_uint64(codes)  # (N, B / 8)
    n = len(words)
    found = np.empty(0, np.int64)  # i * n + j
    waiting: list[np.ndarray] = []
    for mask in _masks_of_least_cost(words, radius):
        for i, j in _agreeing(words, mask, radius=radius):
            waiting.append(np.minimum(i, j) * n + np.maximum(i, j))
            if sum(map(len, waiting)) > ROUND:
                found, waiting = _merged(found, waiting, most=most, radius=radius), []
    found = _merged(found, waiting, most=most, radius=radius)
    return np.stack(np.divmod(found, max(n, 1)), axis=1)


def covering_masks(*, bits: int, parts: int, radius: int) -> np.ndarray:
    """Masks (M, bits) bool such that at least one of them avoids any `radius` positions.

    Position p of a part has a number a(p) of t + 1 bits; mask v takes the positions where the
    parity of a(p) & v is odd. Any t numbers span at most t dimensions, so some v is orthogonal to
    them all, and its mask contains none of their positions.
    """
    tolerated = radius // parts
    vectors = np.arange(1, 2 ** (tolerated + 1))
    draw = generator(0, "covering masks", parts)
    masks = []
    for part in np.array_split(draw.permutation(bits), parts):
        numbers = draw.permutation(np.resize(vectors, len(part)))  # a(p), none of them 0
        odd = np.bitwise_count(numbers[None, :] & vectors[:, None]) % 2 == 1  # (vectors, part)
        mask = np.zeros((len(vectors), bits), bool)
        mask[:, part] = odd
        masks.append(mask)
    return np.concatenate(masks)


def _masks_of_least_cost(words: np.ndarray, radius: int) -> np.ndarray:
    """Masks (M, W) uint64 for the codes `words` (N, W) that cause the least work."""
    bits = 64 * words.shape[1]
    if not 0 <= radius < bits:
        raise UnusableError(f"radius is {radius}; a Hamming radius is 0 to {bits - 1}")
    sample = words[np.linspace(0, len(words) - 1, min(SAMPLE, len(words))).astype(np.int64)]
    scale = (len(words) / max(len(sample), 1)) ** 2
    best, least = None, np.inf
    for parts in range(1, min(radius + 1, bits) + 1):
        count = parts * (2 ** (radius // parts + 1) - 1)
        if count > MOST_MASKS or count * len(words) * SORT_COST > least:
            continue
        masks = covering_masks(bits=bits, parts=parts, radius=radius)
        packed = view_as_uint64(np.packbits(masks, axis=1))
        tried = packed[:: max(1, len(packed) // 8)]
        pairs = np.mean([_equal_pairs(sample & mask) for mask in tried])
        cost = count * (len(words) * SORT_COST + pairs * scale)
        if cost < least:
            best, least = packed, cost
    if best is None:
        raise UnusableError(
            f"radius {radius} of {bits} bits needs too many masks; choose a smaller one"
        )
    return best


def _keys(masked: np.ndarray) -> np.ndarray:
    """Masked codes (N, W) uint64 -> (N,) uint64, equal where they are (and rarely elsewhere)."""
    key = masked[:, 0].copy()
    for column in range(1, masked.shape[1]):
        key *= np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
        key += masked[:, column]
    return key


def _equal_pairs(masked: np.ndarray) -> int:
    sizes = np.unique(_keys(masked), return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())


def _agreeing(
    words: np.ndarray, mask: np.ndarray, *, radius: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows i, j of words (N, W) that agree under the mask (W,) and are within the radius.

    Candidates are adjacent once the codes are sorted by their masked bits.
    """
    keys = _keys(words & mask)
    order = np.argsort(keys)
    keys = keys[order]
    columns = [words[order, word] for word in range(words.shape[1])]
    ends = np.append(np.flatnonzero(keys[1:] != keys[:-1]) + 1, len(keys))
    behind = np.repeat(ends, np.diff(ends, prepend=0)) - np.arange(len(keys)) - 1
    places = np.flatnonzero(behind)  # rows followed by an equal one
    behind = behind[places]
    total = np.cumsum(behind)
    start = 0
    while start < len(places):
        done = int(total[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(total, done + ROUND, side="right")))
        some = behind[start:stop]
        left = np.repeat(places[start:stop], some)
        right = left + 1 + np.arange(len(left)) - np.repeat(total[start:stop] - some - done, some)
        differing = np.zeros(len(left), np.uint16)
        for column in columns:
            differing += np.bitwise_count(column[left] ^ column[right])
        near = differing <= radius
        yield order[left[near]], order[right[near]]
        start = stop


def _merged(found: np.ndarray, waiting: list[np.ndarray], *, most: int, radius: int) -> np.ndarray:
    merged = np.unique(np.concatenate([found, *waiting]))
    if len(merged) > most:
        raise TooManyPairsError(
            f"more than {most} pairs of codes lie within {radius} bits: at this radius chance "
            "resemblance outnumbers duplicates; choose a smaller one"
        )
    return merged
