"""Images removed against the bit threshold and against the Hamming radius (§4.1.1).

Part of measure.py. The paper thresholds the ReLU's activations and removes on equality; it gives no
number for the threshold. This module tries other thresholds and radii on the trained network: how
many images would be removed, how many of them wrongly, and how many planted copies would be found.
The rules by which the pipeline keeps flat pictures and large groups are not applied. Alone:
`radius_study(codes, truth, radii=[0, 8])`.
"""

import numpy as np
import torch

from experiments.dedup.copies import CodesByMethod, Copies
from repro.dedup.autoencoder import ENCODING_BATCH, Autoencoder, HashInputs
from repro.dedup.binary_codes import first_with_same_code, pack
from repro.dedup.hamming_search import first_within, hamming
from repro.dedup.truth import Truth, false_removals


def threshold_study(
    images: np.ndarray,
    copies: Copies,
    truth: Truth | None,
    *,
    n: int,
    encoder: Autoencoder,
    thresholds: list[float],
) -> dict[str, np.ndarray]:
    """For T thresholds, the first n of images (N, H, W, C), and the copies.

    removed (T,): images with the code of an earlier one; wrong (T,): how many of them are wrong by
    the truth of the n images (NaN without one); recall (T,): share of the copies with their
    original's code. Thresholds are in standard deviations of all units over the n images before
    the ReLU.
    """
    rows = np.union1d(np.arange(n), copies.original)
    of_images = activations(encoder, images[rows])
    of_copies = activations(encoder, copies.images)
    place = np.searchsorted(rows, copies.original)
    deviation = float(of_images[:n].std(dtype=np.float64))
    table = []
    for threshold in thresholds:
        codes = pack(of_images > threshold * deviation)
        equal = hamming(pack(of_copies > threshold * deviation), codes[place]) == 0
        counts = _removed(first_with_same_code(codes[:n]), truth)
        table.append((*counts, float(equal.mean())))
    return {**_columns(table), "thresholds": np.array(thresholds, float)}


def radius_study(
    codes: CodesByMethod, truth: Truth | None, *, radii: list[int]
) -> dict[str, np.ndarray]:
    """removed, wrong and recall as in `threshold_study`, (R,) for R radii, threshold 0."""
    distances = codes.distances()["autoencoder"]
    table = []
    for radius in radii:
        counts = _removed(first_within(codes.images["autoencoder"], radius=radius), truth)
        table.append((*counts, float((distances <= radius).mean())))
    return {**_columns(table), "radii": np.array(radii)}


def _columns(table: list[tuple[float, float, float]]) -> dict[str, np.ndarray]:
    return dict(zip(("removed", "wrong", "recall"), np.array(table, float).T, strict=True))


def _removed(first: np.ndarray, truth: Truth | None) -> tuple[float, float]:
    """How many images equal an earlier row, first (n,), and how many of these are wrong."""
    keep = first == np.arange(len(first))
    wrong = false_removals(keep, first, truth).successes if truth is not None else np.nan
    return float((~keep).sum()), float(wrong)


def activations(encoder: Autoencoder, images: np.ndarray) -> np.ndarray:
    """(n, 128) float32: the code's units before the ReLU."""
    inputs = HashInputs(images)
    parts = []
    with torch.no_grad():
        for start in range(0, len(inputs), ENCODING_BATCH):
            pictures = inputs.rows(start, start + ENCODING_BATCH)
            parts.append(encoder.encoder(encoder.inputs(pictures)).numpy())
    return np.concatenate(parts)
