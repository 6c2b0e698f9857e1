"""Group equal 128-bit codes, and check whether a code can tell images apart (paper §4.1.1).

Where in the flow: `repro.dedup.autoencoder` computes the codes of a dataset, this module groups
them, and `data_prep.dedup` keeps one image of each group. The paper removes the images whose codes
collide: equality of all 128 bits, no Hamming radius, so one sort does the work.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc

from repro.errors import UnusableError

CODE_BITS = 128
CODE_BYTES = CODE_BITS // 8
PAIRS_SAMPLE = 2000  # codes compared pairwise to estimate the selectivity of the code
LARGEST = 10  # number of group sizes reported


@dataclass(frozen=True)
class CodeHealth:
    """Statistics that tell a working code from a degenerate one, which merges unrelated images.

    effective_bits: two unrelated images collide about as often as two throws of this number of
    fair, independent coins. Individual bits may all be balanced and yet redundant, so entropy_bits,
    the sum over bits, is only an upper bound. chance_pairs: expected number of unrelated pairs
    within the radius, for a dataset of this size; it grows with the square of the size. On photos
    it is too high by a factor of about ten (experiments/LOG.md).
    """

    count: int
    distinct_codes: int
    bits: int  # bits in a code: 128 in the paper
    varying_bits: int  # bits that are not the same for all images
    entropy_bits: float  # sum of the bits' entropies, 0..bits
    effective_bits: float  # 0..bits
    chance_pairs: float
    largest_groups: list[int]  # images in the largest groups of equal codes, largest first


def pack(bits: np.ndarray) -> np.ndarray:
    """Bits (N, 128) bool -> codes (N, 16) uint8; unit 0 is the highest bit of byte 0."""
    if bits.ndim != 2 or bits.shape[1] != CODE_BITS:
        raise ValueError(f"expected bits (N, {CODE_BITS}), found shape {bits.shape}")
    return np.packbits(bits.astype(bool), axis=1)


def view_as_uint64(codes: np.ndarray) -> np.ndarray:
    """Codes (N, B) uint8 as 64-bit words (N, B / 8). Raises ValueError for other codes."""
    if codes.dtype != np.uint8 or codes.ndim != 2 or codes.shape[1] % 8 or codes.shape[1] == 0:
        raise ValueError(f"expected uint8 (N, a multiple of 8), found {codes.dtype} {codes.shape}")
    return np.ascontiguousarray(codes).view(np.uint64)


def first_with_same_code(codes: np.ndarray) -> np.ndarray:
    """For each row of codes (N, B) uint8 the first row with the same code: (N,) int64.

    Rows r with result[r] == r are the first of their group, so this one array encodes all groups.
    One stable sort of 64-bit words: 3 million codes in about a second. B is a multiple of 8. Raises
    ValueError for another shape or type.
    """
    words = view_as_uint64(codes)  # (N, B / 8)
    order = np.lexsort(words.T[::-1])  # stable: equal codes stay in row order
    ordered = words[order]
    starts = np.ones(len(codes), bool)
    starts[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.empty(len(codes), np.int64)
    first[order] = order[starts][np.cumsum(starts) - 1]
    return first


def group_sizes(first: np.ndarray) -> np.ndarray:
    """Number of images that share each row's code, (N,) int64, from `first_with_same_code`."""
    return np.bincount(first, minlength=len(first))[first]


def code_health(codes: np.ndarray, *, radius: int = 0) -> CodeHealth:
    """Health of the codes (N, B) uint8 of a dataset. Raises ValueError when there are none.

    radius: Hamming distance up to which codes count as equal, for `chance_pairs`.
    """
    if len(codes) == 0:
        raise UnusableError("no codes to judge: the dataset is empty")
    sizes = np.unique(first_with_same_code(codes), return_counts=True)[1]
    share = _bit_shares(codes)
    both = np.stack([share, 1 - share])
    entropy = -np.sum(both * np.log2(both, out=np.zeros_like(both), where=both > 0))
    freedom, differing = _independent_bits(codes)
    near = radius / (8 * codes.shape[1]) * freedom  # number of these bits that may differ
    chance = float(betainc(freedom - near, near + 1, 1 - differing)) if freedom else 1.0
    pairs = len(codes) * (len(codes) - 1) / 2
    return CodeHealth(
        count=len(codes),
        distinct_codes=len(sizes),
        bits=8 * codes.shape[1],
        varying_bits=int(((share > 0) & (share < 1)).sum()),
        entropy_bits=round(float(entropy), 3),
        effective_bits=round(_bits(freedom, differing), 3),
        chance_pairs=float(f"{pairs * chance:.3g}"),
        largest_groups=[int(size) for size in np.sort(sizes)[::-1][:LARGEST]],
    )


def effective_bits(codes: np.ndarray) -> float:
    """Number of fair, independent bits that are as selective as codes (N, B) uint8: 0..8 B."""
    return _bits(*_independent_bits(codes))


def _bits(freedom: float, differing: float) -> float:
    return -freedom * float(np.log2(1 - differing))


def _independent_bits(codes: np.ndarray) -> tuple[float, float]:
    """Number of independent bits equivalent to codes (N, B) uint8, and how often each differs.

    The relative Hamming distances of unrelated pairs have mean m and variance v, like m (1 - m) / v
    independent bits that differ with probability m: the degrees of freedom of Daugman (Pattern
    Recognition 36, 2003). Two codes agree by chance in all of them with probability (1 - m) **
    freedom, and the number that differs is binomial. The estimate uses up to 2,000 evenly spaced
    codes; the few duplicates among them are one pair in thousands.
    """
    rows = np.linspace(0, len(codes) - 1, min(len(codes), PAIRS_SAMPLE)).round().astype(np.int64)
    bits = np.unpackbits(codes[rows], axis=1).astype(np.float32)  # (n, 8 B)
    both_on, on = bits @ bits.T, bits.sum(axis=1)
    differing = on[:, None] + on[None, :] - 2 * both_on
    distance = differing[np.triu_indices(len(rows), 1)] / bits.shape[1]
    if distance.size == 0 or not distance.any():
        return 0.0, 0.0
    mean, variance = float(distance.mean(dtype=np.float64)), float(distance.var(dtype=np.float64))
    freedom = mean * (1 - mean) / variance if variance else float(bits.shape[1])
    return min(freedom, bits.shape[1]), min(mean, 0.5)


def _bit_shares(codes: np.ndarray) -> np.ndarray:
    """Share of images in which each bit is on; processes a bounded number of rows at a time."""
    on = np.zeros(8 * codes.shape[1], np.int64)
    for start in range(0, len(codes), 65_536):
        on += np.unpackbits(codes[start : start + 65_536], axis=1).sum(axis=0, dtype=np.int64)
    return on / len(codes)
