"""One photo's pixels -> boxes of its faces: OpenCV's frontal Haar cascade (paper §4.2).

Where in the flow: photo_folder.py calls it for every photo of a folder.

The paper names neither settings nor an error rate. The defaults prefer clean crops to complete
coverage, since photos are not scarce. Measured on 300 press photos and 247 bedrooms without people:
with 8 neighbours the main face is found in 294 photos and a "face" in 3 bedrooms, with 6 in 298 and
7, with 4 in 298 and 19. Scale step 1.05 with 16 neighbours gives 296 and 4 in twice the time; 1.2
with 5 gives 293 and 4 in six tenths of it, but its boxes vary more in size (2.9 % against 1.8 %,
standard deviation from step 1.02). The press photos were themselves collected with a detector of
this kind: in other photos fewer faces will be found.

Alone: `FaceDetector(find_cascade(), **DetectorOptions().model_dump()).boxes(grey)`.
"""

import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from pydantic import Field

from repro.data.raw_images import SourceError
from repro.specs.validation import Strict

CASCADE = "haarcascade_frontalface_default.xml"
WINDOW = 24  # pixels: the cascade's own window; it finds nothing smaller
SAME_FACE = 0.5  # two boxes that share more than this part of the smaller one show the same face


class DetectorOptions(Strict):
    scale_step: float = Field(
        1.1, gt=1, le=2, description="factor between one size of face that is tried and the next"
    )
    minimum_neighbours: int = Field(
        8, ge=1, description="windows that must agree with a detection (OpenCV's minNeighbors)"
    )
    minimum_size: int = Field(
        40,
        ge=1,
        description="pixels of the photo, side of the smallest detection; the source `faces` widens"
        " 44 pixels to 64",
    )
    search_side: int = Field(
        1024,
        ge=64,
        description="photos whose longer side is above it are scaled down to it for the search, "
        "which finds no face below 24 pixels of the reduced photo",
    )


class Box(NamedTuple):
    """A detection in pixels of the upright photo; `neighbours`: windows that agree with it."""

    left: int
    top: int
    width: int
    height: int
    neighbours: int


class FaceDetector:
    """The cascade of an XML file with its settings (DetectorOptions); for one thread at a time.

    Raises SourceError where OpenCV has no cascades or the file is not one.
    """

    def __init__(
        self,
        cascade: Path,
        *,
        scale_step: float,
        minimum_neighbours: int,
        minimum_size: int,
        search_side: int,
    ) -> None:
        self._classifier = _load(cascade)
        self._scale_step = scale_step
        self._minimum_neighbours = minimum_neighbours
        self._minimum_size = minimum_size
        self._search_side = search_side

    def boxes(self, grey: np.ndarray) -> list[Box]:
        """Faces of a photo, (H, W) uint8, from left to right."""
        height, width = grey.shape
        shrink = max(1.0, max(height, width) / self._search_side)
        if shrink > 1:
            reduced = (max(1, round(width / shrink)), max(1, round(height / shrink)))
            grey = cv2.resize(grey, reduced, interpolation=cv2.INTER_AREA)
        smallest = max(WINDOW, math.ceil(self._minimum_size / shrink))
        found, windows = self._classifier.detectMultiScale2(
            grey,
            scaleFactor=self._scale_step,
            minNeighbors=self._minimum_neighbours,
            minSize=(smallest, smallest),
        )
        boxes = []
        for (left, top, side, _), agreeing in zip(found, windows, strict=True):
            # both edges are rounded, so that the box stays inside the photo
            x, y = min(round(left * shrink), width), min(round(top * shrink), height)
            grown = min(round(side * shrink), width - x, height - y)
            boxes.append(Box(x, y, grown, grown, int(agreeing) - 1))
        return sorted(merged(boxes))


def merged(boxes: Iterable[Box]) -> list[Box]:
    """One box per face: among boxes that overlap by more than SAME_FACE the best supported stays.

    Best supported: most neighbours, then the larger, then the leftmost and topmost. Overlap is the
    shared area over the smaller box's, so that a mouth found inside a face is merged with it.
    """
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda b: (-b.neighbours, -b.width * b.height, b)):
        if all(_overlap(box, other) <= SAME_FACE for other in kept):
            kept.append(box)
    return kept


def _overlap(one: Box, other: Box) -> float:
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    smaller = min(one.width * one.height, other.width * other.height)
    return max(across, 0) * max(down, 0) / smaller


def find_cascade() -> Path:
    """The XML file of OpenCV's frontal cascade, in its package or (conda) its share folder.

    Raises SourceError where OpenCV lacks it.
    """
    places = [Path(sys.prefix) / "share/opencv4/haarcascades"]
    if hasattr(cv2, "data"):
        places.insert(0, Path(cv2.data.haarcascades))
    for place in places:
        if (place / CASCADE).is_file():
            return place / CASCADE
    raise SourceError(
        f"OpenCV {cv2.__version__} comes without {CASCADE}; looked in "
        f"{', '.join(map(str, places))}. Install opencv-python-headless 4 (OpenCV 5 has no Haar "
        "cascades), or name the file with --cascade"
    )


def _load(cascade: Path) -> Any:
    if not hasattr(cv2, "CascadeClassifier"):
        raise SourceError(
            f"OpenCV {cv2.__version__} has no CascadeClassifier, which left it with version 5; "
            "install opencv-python-headless 4"
        )
    try:
        classifier = cv2.CascadeClassifier(str(cascade))
    except (cv2.error, SystemError) as error:  # the second: bytes that are not text
        raise SourceError(f"{cascade}: not a cascade: {error}") from None
    if classifier.empty():
        raise SourceError(f"{cascade}: not a cascade that OpenCV {cv2.__version__} can read")
    return classifier
