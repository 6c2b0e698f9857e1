"""Distance of generated images from real ones, and sharpness, without weights from elsewhere.

Where in the flow: the distance is measured by experiments/bedroom_samples (Figs 2 and 3: are late
samples nearer to the real images than early ones?) and ablations, sharpness by latent_walk (does
the middle of a walk ghost?), memorisation, face_arithmetic and turn_vector (are the results as
sharp as plain samples?), both by `dcgan bench small_sets`.

The kernel distance uses KID's kernel (Binkowski et al. 2018, arXiv 1801.01401) on the features of
discriminators with initial, untrained weights (repro.quality.feature_spaces). Its values are NOT
KID, whose features come from an Inception network, and are comparable only within one protocol.

Alone: `polynomial_mmd(x, y)` on any two feature arrays; `sharpness(images)`.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from repro.data.images import to_tensor
from repro.networks.dcgan import Discriminator

POOLED = 4  # each layer's map is averaged to at most 4x4 before flattening


def sharpness(images: np.ndarray) -> np.ndarray:
    """Mean gradient magnitude of each image, grey levels per pixel: uint8 (N, H, W, C) -> (N,).

    It uses forward differences of the mean over the colours. Averaging two unrelated images
    (ghosting) lowers it.
    """
    grey = images.astype(np.float32).mean(axis=3)
    down = grey[:, 1:, :-1] - grey[:, :-1, :-1]
    right = grey[:, :-1, 1:] - grey[:, :-1, :-1]
    return np.hypot(down, right).mean(axis=(1, 2), dtype=np.float64)


def convolution_features(
    network: Discriminator, images: np.ndarray, *, batch: int = 128
) -> np.ndarray:
    """Maps of all convolution layers, averaged to 4x4, flattened and joined: (N, F) float32.

    images (N, H, W, C) uint8; network: a discriminator in eval mode with frozen statistics.
    """
    device = next(network.parameters()).device
    rows = []
    with torch.no_grad():
        for start in range(0, len(images), batch):
            maps = network.features(to_tensor(images[start : start + batch]).to(device))
            pooled = [F.adaptive_avg_pool2d(m, min(POOLED, m.shape[2])).flatten(1) for m in maps]
            rows.append(torch.cat(pooled, dim=1).cpu().numpy())
    return np.concatenate(rows)


def polynomial_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy with the kernel (x.y/F + 1)^3.

    x (N, F), y (M, F), N and M at least 2. The expectation is 0 when both come from one
    distribution, so a single value may be negative. Sums are in float64.
    """
    if min(len(x), len(y)) < 2:
        raise ValueError(f"polynomial_mmd: at least 2 rows each, found {len(x)} and {len(y)}")
    return _mmd(*_mean_products(x, y))


def joined_mmd(x: Sequence[np.ndarray], y: Sequence[np.ndarray]) -> tuple[float, np.ndarray]:
    """`polynomial_mmd` in W spaces of equal F joined, and without each of them in turn (W,).

    x, y: (N, F) and (M, F) in each of the spaces, W at least 2.
    """
    products = [_mean_products(own, others) for own, others in zip(x, y, strict=True)]
    xx, yy, xy = (np.stack(kind) for kind in zip(*products, strict=True))
    kept = [np.arange(len(xx)) != out for out in range(len(xx))]
    without = [_mmd(*(kind[rest].mean(axis=0) for kind in (xx, yy, xy))) for rest in kept]
    return _mmd(*(kind.mean(axis=0) for kind in (xx, yy, xy))), np.array(without)


def _mean_products(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x.x/F, y.y/F and x.y/F of all pairs of rows, float64."""
    xx, yy, xy = ((a @ b.T).astype(np.float64) / a.shape[1] for a, b in ((x, x), (y, y), (x, y)))
    return xx, yy, xy


def _mmd(xx: np.ndarray, yy: np.ndarray, xy: np.ndarray) -> float:
    """The discrepancy from mean products of rows, (N, N), (M, M) and (N, M)."""
    within_x, within_y, between = ((products + 1) ** 3 for products in (xx, yy, xy))
    n, m = between.shape
    return float(
        (within_x.sum() - within_x.trace()) / (n * (n - 1))
        + (within_y.sum() - within_y.trace()) / (m * (m - 1))
        - 2 * between.mean()
    )


def block_distances(x: np.ndarray, y: np.ndarray, *, blocks: int) -> np.ndarray:
    """`polynomial_mmd` of each of `blocks` disjoint pairs of blocks: (blocks,), independent values.

    Block k of x is compared with block k of y, rows in order. No image is used twice, so an
    interval over the blocks is valid.
    """
    size = min(len(x), len(y)) // blocks
    if size < 2:
        raise ValueError(
            f"block_distances: {len(x)} and {len(y)} rows are too few for {blocks} blocks of at "
            "least 2; ask for fewer blocks or more images"
        )
    starts = range(0, blocks * size, size)
    return np.array([polynomial_mmd(x[s : s + size], y[s : s + size]) for s in starts])
