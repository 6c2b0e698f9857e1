"""JPEG bytes of the synthetic pictures: equal pictures always give equal bytes."""

import cv2
import numpy as np


def to_jpeg(picture: np.ndarray, *, quality: int) -> bytes:
    """Encode (H, W, 3) uint8 RGB as JPEG."""
    bgr = np.ascontiguousarray(picture[..., ::-1])
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} could not be encoded as JPEG")
    return bytes(data.tobytes())


def from_jpeg(data: bytes) -> np.ndarray:
    """Decode JPEG bytes of our own making to (H, W, 3) uint8 RGB."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{len(data)} bytes are not a JPEG that OpenCV can decode")
    return picture[..., ::-1]
