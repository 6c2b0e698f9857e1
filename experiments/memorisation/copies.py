"""Planted copies: training images changed a little, which the search must find.

Part of study.py, which looks them up like samples; the numbers of the claims for them are the
controls (results.py). What counts as a slight change was fixed before any was looked up. Alone:
`planted_copies(store, rows, count=512, sigma=0.0, mirrored=False, seed=42)`.
"""

import numpy as np

from experiments.memorisation.search import blurred
from repro.data.store import ImageStore
from repro.rng import generator

SHIFT = 1  # pixels, at most, down and across; README.md says what is found of larger shifts
TONE = 4.0  # grey levels: the most by which brightness changes, and contrast at black and at white
MIDDLE = 127.5  # grey level that a change of contrast leaves as it is


def planted_copies(
    store: ImageStore, rows: np.ndarray, *, count: int, sigma: float, mirrored: bool, seed: int
) -> np.ndarray:
    """Copies (count, H, W, C) uint8 of random images among `rows` (N,), each changed at random.

    In this order: mirrored or not (only where `mirrored`: training mirrored as well), shifted by up
    to SHIFT pixels, brightness and contrast changed by up to TONE grey levels each, blurred by
    sigma, in pixels, which gives them the samples' sharpness; 0 leaves them sharp.
    """
    source = generator(seed, "memorisation, planted copies")
    images = np.asarray(store.images[rows[source.integers(0, len(rows), count)]])
    shifts = source.integers(-SHIFT, SHIFT + 1, (2, count))
    tones = source.uniform(-TONE, TONE, (2, count))
    turned = source.integers(0, 2, count) == 1 if mirrored else np.zeros(count, bool)
    made = _toned(_moved(images, shifts, turned), tones)
    return blurred(made, sigma) if sigma > 0 else made


def _moved(images: np.ndarray, shifts: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """Images (n, H, W, C) shifted down and right by (2, n) pixels, after mirroring those `turned`.

    The edge is repeated where the shift leaves pixels without a source.
    """
    n, height, width, _ = images.shape
    down = (np.arange(height) - shifts[0][:, None]).clip(0, height - 1)  # (n, H)
    across = (np.arange(width) - shifts[1][:, None]).clip(0, width - 1)  # (n, W)
    across = np.where(turned[:, None], width - 1 - across, across)
    return images[np.arange(n)[:, None, None], down[:, :, None], across[:, None, :]]


def _toned(images: np.ndarray, tones: np.ndarray) -> np.ndarray:
    """Images (n, H, W, C) uint8 with brightness and contrast changed by tones (2, n), grey levels.

    Contrast is stretched about MIDDLE, so that black and white move by tones[1].
    """
    brighter, stretched = tones[:, :, None, None, None]
    made = images + brighter + stretched * (images / MIDDLE - 1)
    return np.rint(made).clip(0, 255).astype(np.uint8)
