"""What the autoencoder's hash is compared with: equality of pixels, and perceptual hashes.

Where in the flow: `experiments/dedup` runs these on the same images as the hash of §4.1.1. They are
no part of the paper. aHash: which cells of a small grey picture are brighter than its mean; dHash:
which are brighter than their left neighbour; pHash: signs of the lowest cosine frequencies. All at
distance 0, since the paper's duplicates are equal codes. It has nothing to run alone.
"""

from collections.abc import Callable

import imagehash
import numpy as np
from PIL import Image

HASHES: dict[str, Callable[..., imagehash.ImageHash]] = {
    "ahash": imagehash.average_hash,
    "dhash": imagehash.dhash,
    "phash": imagehash.phash,
}
BASELINES = ("pixels", *HASHES)


def first_equal(images: np.ndarray, method: str, *, side: int = 8) -> np.ndarray:
    """For each of images (N, H, W, C) uint8 the first row held equal to it: (N,) int64.

    method: one of BASELINES; "pixels" wants every pixel equal. side: of the perceptual hashes;
    8 gives 64 bits. Raises ValueError naming the methods there are.
    """
    if method not in BASELINES:
        raise ValueError(f"no baseline '{method}'; there are {', '.join(BASELINES)}")
    seen: dict[bytes, int] = {}
    codes = (_code(image, method, side) for image in images)
    return np.array([seen.setdefault(code, row) for row, code in enumerate(codes)], np.int64)


def _code(image: np.ndarray, method: str, side: int) -> bytes:
    if method == "pixels":
        return image.tobytes()
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    return np.packbits(HASHES[method](picture, hash_size=side).hash).tobytes()
