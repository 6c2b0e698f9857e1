"""Planted faults of the generated bedrooms: near-duplicates and unreadable records.

The strengths are those of repeated pictures in a scraped collection: saved again, resized, trimmed,
brightened or softened.
"""

import cv2
import numpy as np

from data_prep.generated.drawing.jpeg import from_jpeg, to_jpeg

KINDS = ("recompress", "rescale", "crop", "brightness", "blur")
BROKEN_KINDS = ("truncated", "empty", "html", "noise")


def near_copy(
    original: bytes, boxes: np.ndarray, *, kind: str, rng: np.random.Generator
) -> tuple[bytes, np.ndarray]:
    """A near-duplicate of a JPEG, and its window boxes (N, 4) in [0, 1] moved along.

    Raises ValueError for a kind that is not in `KINDS`.
    """
    picture = from_jpeg(original)
    height, width = picture.shape[:2]
    quality = 90
    if kind == "recompress":
        quality = int(rng.integers(35, 70))
    elif kind == "rescale":
        factor = rng.choice([rng.uniform(0.7, 0.9), rng.uniform(1.15, 1.7)])
        size = round(width * factor), round(height * factor)
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        picture = cv2.resize(picture, size, interpolation=method)
    elif kind == "crop":
        left, right = (int(width * share) for share in rng.uniform(0.01, 0.04, 2))
        top, bottom = (int(height * share) for share in rng.uniform(0.01, 0.04, 2))
        picture = picture[top : height - bottom, left : width - right]
        boxes = _moved(boxes, left / width, top / height, right / width, bottom / height)
    elif kind == "brightness":
        gain = rng.choice([rng.uniform(0.8, 0.92), rng.uniform(1.07, 1.2)])
        picture = np.clip(picture * gain + rng.uniform(-8, 8), 0, 255).astype(np.uint8)
    elif kind == "blur":
        picture = cv2.GaussianBlur(np.ascontiguousarray(picture), (0, 0), rng.uniform(0.7, 1.4))
    else:
        raise ValueError(f"kind of near-duplicate is {kind!r}; must be one of {', '.join(KINDS)}")
    return to_jpeg(picture, quality=quality), boxes


def _moved(boxes: np.ndarray, left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """Boxes after these shares of the picture have been cut off; boxes cut away are dropped."""
    corner = np.array([left, top, left, top])
    size = np.array([1 - left - right, 1 - top - bottom] * 2)
    moved = np.clip((boxes - corner) / size, 0.0, 1.0)
    return moved[(moved[:, 2] > moved[:, 0]) & (moved[:, 3] > moved[:, 1])]


def broken_record(original: bytes, *, kind: str, rng: np.random.Generator) -> bytes:
    """Bytes in place of an image, which no reader can decode.

    Raises ValueError for a kind that is not in `BROKEN_KINDS`.
    """
    if kind == "truncated":
        return original[: int(len(original) * rng.uniform(0.3, 0.6))]
    if kind == "empty":
        return b""
    if kind == "html":
        return b"<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>\n"
    if kind == "noise":
        return rng.integers(0, 256, 3000, dtype=np.uint8).tobytes()
    raise ValueError(f"kind of broken record is {kind!r}; one of {', '.join(BROKEN_KINDS)}")
