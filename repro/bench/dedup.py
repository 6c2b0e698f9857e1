"""Three million codes grouped by equality, and searched within a Hamming radius.

The codes are correlated like those of a trained autoencoder (signs of projections of 60 numbers of
falling variance: about 33 effective bits), with copies planted at distances 0 to 12. Each case runs
in its own process, so that its processor seconds and its peak memory are its own. Equality is
compared with numpy.unique over rows; the radius search with comparing every code with every other,
timed on a part of the rows and scaled to all, and with itself on a quarter of the codes: a search
of linear cost takes four times as long for all.

Runs alone: python -m repro bench dedup [--images 3033042] [--copies 275000] [--radius 8]
"""

import argparse
import multiprocessing
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from repro.artefacts.provenance import peak_memory_mb
from repro.command_line import at_least_one, natural
from repro.dedup.binary_codes import effective_bits, first_with_same_code, view_as_uint64
from repro.dedup.hamming_search import pairs_within
from repro.rng import generator

DIMENSIONS = 60  # of the points whose projections give the bits
FARTHEST = 12  # bits between a planted copy and its original
COMPARED_ROWS = 200  # rows compared with all others by brute force

Case = Callable[[np.ndarray, np.ndarray, argparse.Namespace], dict[str, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--images", type=at_least_one, default=3_033_042, help="codes (LSUN bedrooms)"
    )
    parser.add_argument(
        "--copies", type=at_least_one, default=275_000, help="of them, planted copies"
    )
    parser.add_argument("--radius", type=natural, default=8, help="Hamming distance")


def run(given: argparse.Namespace) -> dict[str, Any]:
    cases: dict[str, Case] = {"equal codes": _equality, "radius": _radius}
    return {
        "n": given.images,
        "unit": "seconds",
        "device": "cpu",
        "cases": [{"case": name, **_in_own_process(case, given)} for name, case in cases.items()],
    }


def planted_codes(*, images: int, copies: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes (N, 16) uint8, and for the last `copies` of them (row of the original, distance)."""
    draw = generator(0, "bench dedup")
    scale = np.arange(1, DIMENSIONS + 1, dtype=np.float32) ** -0.5
    directions = draw.standard_normal((DIMENSIONS, 128), dtype=np.float32) * scale[:, None]
    codes = np.empty((images, 16), np.uint8)
    for start in range(0, images, 100_000):
        part = codes[start : start + 100_000]
        points = draw.standard_normal((len(part), DIMENSIONS), dtype=np.float32)
        part[:] = np.packbits(points @ directions > 0, axis=1)
    originals = draw.integers(0, images - copies, copies)
    distances = draw.integers(0, FARTHEST + 1, copies)
    for copy in range(copies):
        bits = np.unpackbits(codes[originals[copy]])
        bits[draw.choice(128, distances[copy], replace=False)] ^= 1
        codes[images - copies + copy] = np.packbits(bits)
    return codes, np.stack([originals, distances], axis=1)


def _in_own_process(case: Case, given: argparse.Namespace) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (case, given))


def _measured(case: Case, given: argparse.Namespace) -> dict[str, Any]:
    codes, copies = planted_codes(images=given.images, copies=given.copies)
    before = peak_memory_mb()
    result = case(codes, copies, given)
    bits = round(effective_bits(codes), 1)
    return {**result, "effective_bits": bits, "codes_peak_mb": before}


def _equality(codes: np.ndarray, copies: np.ndarray, given: argparse.Namespace) -> dict[str, Any]:
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(given.repeats):
        ours.append(_seconds(lambda: first_with_same_code(codes)))
        peak = peak_memory_mb()  # before the reference has run for the first time
        if not theirs:
            ours_peak = peak
        theirs.append(_seconds(lambda: np.unique(codes, axis=0, return_inverse=True)))
    found = first_with_same_code(codes)[-len(copies) :] == copies[:, 0]
    return {
        "ours": round(median(ours), 3),
        "reference": round(median(theirs), 3),
        "ratio": round(median(theirs) / median(ours), 1),
        "reference_is": "numpy.unique over rows",
        "peak_mb": ours_peak,
        "found_of_equal_copies": float(found[copies[:, 1] == 0].mean()),
    }


def _radius(codes: np.ndarray, copies: np.ndarray, given: argparse.Namespace) -> dict[str, Any]:
    n, radius = len(codes), given.radius
    ours = median(
        _seconds(lambda: pairs_within(codes, radius=radius)) for _ in range(given.repeats)
    )
    peak = peak_memory_mb()
    quarter = median(
        _seconds(lambda: pairs_within(codes[: n // 4], radius=radius)) for _ in range(given.repeats)
    )
    pairs = pairs_within(codes, radius=radius)
    wanted = copies[:, 1] <= radius
    keys = copies[wanted, 0] * n + np.flatnonzero(wanted) + n - len(copies)
    brute = _seconds(lambda: _compared_with_all(codes, rows=COMPARED_ROWS, radius=radius))
    reference = brute / COMPARED_ROWS * n / 2
    return {
        "ours": round(ours, 3),
        "reference": round(reference, 1),
        "ratio": round(reference / ours, 1),
        "reference_is": f"all pairs, scaled from {COMPARED_ROWS} rows",
        "peak_mb": peak,
        "radius": radius,
        "pairs": len(pairs),
        "found_of_planted": float(np.isin(keys, pairs[:, 0] * n + pairs[:, 1]).mean()),
        "quarter_of_the_codes": round(quarter, 3),
    }


def _compared_with_all(codes: np.ndarray, *, rows: int, radius: int) -> int:
    """Number of codes within the radius of the first `rows` codes, comparing each with all."""
    high, low = view_as_uint64(codes).T.copy()  # (N,) each
    within = 0
    for row in range(rows):
        differing = np.bitwise_count(high ^ high[row])
        differing += np.bitwise_count(low ^ low[row])
        within += int((differing <= radius).sum())
    return within


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
