"""A head that turns: where a point of the face is in the picture when the head turns aside.

The coordinates are those of an aligned portrait: the origin is midway between the eyes, x to the
right, y down, z out of the face; the unit is a pixel of the 96-pixel picture. As the eyes stay in
place, turning the head moves the outline and the hair against the direction of view, and nose and
mouth with it.
"""

from dataclasses import dataclass

import numpy as np

from data_prep.generated.drawing.layer import Colour, Points

EYE_DEPTH = 20.0
LARGEST_TURN = 36.0  # degrees at pose = 1


@dataclass(frozen=True)
class Person:
    """Everything that is independent of the pose."""

    man: bool
    smiling: bool
    glasses: bool
    skin: Colour
    hair: Colour
    hair_style: int
    beard: float  # 0 none .. 1 full
    width: float  # of the face, about 1
    jaw: float  # 0 pointed .. 1 square
    iris: Colour
    lips: Colour
    clothes: Colour
    collar: int
    frame: Colour
    round_glasses: bool
    brow: float  # thickness, pixels
    detail: int  # number from which strands and the like are drawn


@dataclass(frozen=True)
class Head:
    """A head turned by `pose` in [-1, 1], from looking to the left to looking to the right."""

    pose: float

    @property
    def angle(self) -> float:
        """Turn to the right in radians."""
        return float(np.deg2rad(self.pose * LARGEST_TURN))

    def at(self, x: float, y: float, z: float) -> tuple[float, float]:
        """A point fixed on the surface of the head."""
        sideways = x * np.cos(self.angle) + (z - EYE_DEPTH) * np.sin(self.angle)
        return float(sideways), y

    def outline(self, x: float, y: float, z: float) -> tuple[float, float]:
        """A point of a silhouette: as the head is round, turning does not narrow it."""
        return float(x + (z - EYE_DEPTH) * np.sin(self.angle)), y

    def surface(self, points: Points) -> np.ndarray:
        """`at` for points (N, 3) -> (N, 2)."""
        return np.array([self.at(*p) for p in np.asarray(points, float)])

    def silhouette(self, points: Points) -> np.ndarray:
        """`outline` for points (N, 3) -> (N, 2)."""
        return np.array([self.outline(*p) for p in np.asarray(points, float)])

    def narrowing(self, x: float, z: float) -> float:
        """How much narrower a feature at (x, z) looks than in the frontal view."""
        azimuth = np.arctan2(x, z)
        return float(np.clip(np.cos(azimuth + self.angle) / np.cos(azimuth), 0.45, 1.1))


def mirrored(right: Points) -> np.ndarray:
    """A closed outline (2 N, 3) from its right half, given from the top to the bottom."""
    half = np.asarray(right, float)
    return np.concatenate([half, half[::-1] * np.array([-1.0, 1.0, 1.0])])
