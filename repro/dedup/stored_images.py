"""What is known of images as they are stored, and which of several copies is to be kept.

Where in the flow: `repro.dedup.thumbnails` measures it while it reads, `repro.dedup.folder` asks
which image of a group stays, and `repro.dedup.group_table` lists it.

Alone: `stored.best_first("newest")` gives the rows in the order in which they are preferred.
"""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Self

import cv2
import numpy as np

from repro.data.images import decode
from repro.data.store import ImageStore
from repro.errors import UnusableError

KEEPS = {
    "largest": "the most pixels, of such the largest file",
    "first": "the first name",
    "newest": "the file changed last",
    "sharpest": "the finest detail at one common size",
}
LABELS = {
    "width": "u4",
    "height": "u4",
    "bytes": "u8",
    "modified": "u8",
    "sharpness": "f4",
    "several": "u1",
}
SHARPNESS_SIDE = 512  # pixels of the shorter side at which all pictures are compared
LONGEST_SIDE = 4096  # pixels: a strip would grow to gigabytes
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class StoredImages:
    """N images as they are stored; (N,) each.

    width, height: pixels, upright. bytes: of the file. modified: nanoseconds since 1970, 0 where
    unknown. sharpness: of `sharpness_of`, 0 where it was not measured. several: 1 where the file
    holds several pictures (an animation, a burst, pages), of which only the first was compared.
    """

    width: np.ndarray
    height: np.ndarray
    bytes: np.ndarray
    modified: np.ndarray
    sharpness: np.ndarray
    several: np.ndarray

    @classmethod
    def of(cls, store: ImageStore) -> Self:
        """Of the images whose pictures `repro.dedup.thumbnails.read_thumbnails` has written."""
        return cls(**{name: store.label(name) for name in LABELS})

    def followed_by(self, other: "StoredImages") -> "StoredImages":
        """These images, then the others."""
        names = [field.name for field in fields(self)]
        return StoredImages(
            **{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in names}
        )

    def best_first(self, keep: str = "largest") -> np.ndarray:
        """Rows (N,) int64, those to be kept rather than others first; keep: one of KEEPS.

        Where two are equally good, the larger one comes first, then the first name. Raises
        ValueError for another `keep`.
        """
        if keep not in KEEPS:
            raise UnusableError(f"keep is '{keep}'; there are {', '.join(KEEPS)}")
        rows = np.arange(len(self.width))
        if keep == "first":
            return rows
        pixels = self.width.astype(np.int64) * self.height
        larger = [-self.bytes.astype(np.int64), -pixels]  # the last key counts first
        if keep == "newest":
            larger.append(-self.modified.astype(np.int64))
        if keep == "sharpest":
            larger.append(-self.sharpness)
        return np.lexsort([rows, *larger])

    def date(self, row: int) -> str:
        """When the file of a row was changed, UTC: "2026-05-04T10:11:12Z"; "" where unknown."""
        seconds = int(self.modified[row]) // 10**9
        try:
            when = EPOCH + timedelta(seconds=seconds)
        except OverflowError:  # a year after 9999
            return ""
        return f"{when:%Y-%m-%dT%H:%M:%SZ}" if seconds else ""


def sharpness_of(data: bytes) -> float:
    """Fine detail of a picture: standard deviation of the Laplacian of its luma, in grey levels.

    Measured at a shorter side of 512 pixels, or less where the longer one would exceed 4,096: a
    smaller picture is enlarged first, so that a thumbnail is less sharp than its original. Noise
    counts as detail. Raises UnreadableImage.
    """
    luma = decode(data, channels=1, at_least=SHARPNESS_SIDE)[:, :, 0]
    factor = min(SHARPNESS_SIDE / min(luma.shape), LONGEST_SIDE / max(luma.shape))
    size = [max(1, round(side * factor)) for side in luma.shape[::-1]]
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(luma, size, interpolation=how)
    return float(cv2.Laplacian(scaled, cv2.CV_32F).std())
