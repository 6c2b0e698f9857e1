"""Pictures whose class filters reveal but no single pixel does; planted by several tests."""

import numpy as np

# of a Table 1 on such pictures, in seconds
QUICK = {
    "per_class": 12,
    "grid": (1e-3, 1e-2),
    "random_seeds": 2,
    "centroids": 12,
    "patches": 4_000,
    "tol": 1e-3,
}


def stripes(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Class = direction of the stripes (4); their phase and both colours are random."""
    source = np.random.default_rng(seed)
    labels = np.arange(n) % 4
    row, column = np.mgrid[:16, :16]
    along = np.stack([row, column, row + column, row - column])[labels]  # (n, 16, 16)
    phase = source.uniform(0, 2 * np.pi, (n, 1, 1))
    wave = np.sin(along * np.pi / 3 + phase)[..., None] * source.choice([-1, 1], (n, 1, 1, 1))
    images = (
        127.5 + wave * source.uniform(60, 110, (n, 1, 1, 3)) + source.normal(0, 8, (n, 16, 16, 3))
    )
    return images.clip(0, 255).astype(np.uint8), labels.astype(np.int32)
