"""Perceptual hashes with which the autoencoder's is compared, and equality of pixels.

Where in the flow: `experiments/dedup` scores them on the same images as the hash of §4.1.1, and
`python -m repro dedup --method` uses them for removal. They are not part of the paper. aHash: which
cells of a small grey picture are brighter than its mean; dHash: which are brighter than their left
neighbour; pHash: signs of the lowest cosine frequencies; wHash: Haar wavelets against their median.
"pixels" is a checksum: equal where all pixels are.
"""

import hashlib
from collections.abc import Callable

import imagehash
import numpy as np
from PIL import Image

HASHES: dict[str, Callable[..., imagehash.ImageHash]] = {
    "ahash": imagehash.average_hash,
    "dhash": imagehash.dhash,
    "phash": imagehash.phash,
    "whash": imagehash.whash,
}
METHODS = ("pixels", *HASHES)
CHECKSUM_BYTES = 16
SIDE = 8  # of the perceptual hashes, whose bits are SIDE * SIDE


def perceptual_code(image: np.ndarray, method: str) -> np.ndarray:
    """Code (B,) uint8 of one image (H, W, C) uint8, C = 1 or 3.

    method: one of METHODS. Perceptual hashes have 64 bits. Codes of "pixels" (16 bytes) are only
    equal or not; their Hamming distance is meaningless. Raises ValueError that lists the methods.
    """
    if method not in METHODS:
        raise ValueError(f"no hash '{method}'; there are {', '.join(METHODS)}")
    if method == "pixels":
        digest = hashlib.blake2b(image.tobytes(), digest_size=CHECKSUM_BYTES).digest()
        return np.frombuffer(digest, np.uint8)
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    return np.packbits(HASHES[method](picture, hash_size=SIDE).hash)


def perceptual_codes(images: np.ndarray, method: str) -> np.ndarray:
    """Codes (N, B) uint8 of images (N, H, W, C) uint8; see `perceptual_code`."""
    width = CHECKSUM_BYTES if method == "pixels" else SIDE * SIDE // 8
    codes = np.empty((len(images), width), np.uint8)
    for row, image in enumerate(images):
        codes[row] = perceptual_code(image, method)
    return codes
