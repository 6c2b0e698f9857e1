"""A camera in a room, polygons in three dimensions, and the light that falls on them.

Used by the generated bedrooms. World: x to the right, y up, z away from the viewer, in metres.
Polygons are collected in painter's order (far to near) and projected, lit and filled in one go.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from data_prep.generated.drawing.layer import Colour, Layer

NEAR = 0.08  # metres: anything closer to the camera is cut off


@dataclass(frozen=True)
class Camera:
    """A pinhole camera looking along +z, turned by `yaw` to the right and `pitch` downwards."""

    position: np.ndarray  # (3,) metres
    yaw: float  # radians
    pitch: float  # radians
    focal: float  # pixels
    height: int
    width: int

    @cached_property
    def axes(self) -> np.ndarray:
        """(3, 3): the camera's right, down and forward directions in the world, as rows."""
        sin_yaw, cos_yaw = np.sin(self.yaw), np.cos(self.yaw)
        sin_pitch, cos_pitch = np.sin(self.pitch), np.cos(self.pitch)
        right = [cos_yaw, 0.0, -sin_yaw]
        forward = [sin_yaw * cos_pitch, -sin_pitch, cos_yaw * cos_pitch]
        down = [-sin_yaw * sin_pitch, -cos_pitch, -cos_yaw * sin_pitch]
        return np.array([right, down, forward])

    def coarser(self, factor: int) -> "Camera":
        """The same view with 1 / `factor` of the pixels per side."""
        return replace(
            self,
            focal=self.focal / factor,
            height=self.height // factor,
            width=self.width // factor,
        )

    def seen(self, points: np.ndarray) -> np.ndarray:
        """World points (N, 3) -> camera coordinates (N, 3): right, down, forward."""
        return (points - self.position) @ self.axes.T

    def to_pixels(self, seen: np.ndarray) -> np.ndarray:
        """Camera coordinates (N, 3) -> pixels (N, 2), x to the right and y down."""
        centre = np.array([self.width, self.height]) / 2.0
        return seen[:, :2] / seen[:, 2:] * self.focal + centre

    def project(self, points: np.ndarray) -> np.ndarray:
        """A world polygon (N, 3) -> its visible part in pixels (M, 2); M = 0: behind the camera."""
        return self.to_pixels(clip_near(self.seen(points)))

    def rays(self) -> np.ndarray:
        """(height, width, 3): direction in the world through the middle of each pixel."""
        x, y = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        x, y = (x - self.width / 2.0) / self.focal, (y - self.height / 2.0) / self.focal
        return np.stack([x, y, np.ones_like(x)], axis=-1) @ self.axes


def clip_near(seen: np.ndarray) -> np.ndarray:
    """Cut a polygon in camera coordinates (N, 3) at the near plane (Sutherland-Hodgman)."""
    inside = seen[:, 2] > NEAR
    if inside.all():
        return seen
    kept = []
    for i in range(len(seen)):
        here, after = seen[i], seen[(i + 1) % len(seen)]
        if inside[i]:
            kept.append(here)
        if inside[i] != inside[(i + 1) % len(seen)]:
            kept.append(here + (NEAR - here[2]) / (after[2] - here[2]) * (after - here))
    return np.array(kept).reshape(-1, 3)


@dataclass(frozen=True)
class Light:
    """Ambient light, windows (one-sided sources) and lamps (sources all round)."""

    ambient: np.ndarray  # (3,) about 1
    places: np.ndarray  # (L, 3) metres
    colours: np.ndarray  # (L, 3) strength x colour, square metres
    facing: np.ndarray  # (L, 3) direction a window shines in; zeros for a lamp

    def falling_on(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Light (..., 3) on surfaces at `points` (..., 3) with unit `normals` (..., 3)."""
        upward = 0.93 + 0.10 * normals[..., 1:2] - 0.05 * normals[..., 0:1]
        total = self.ambient * upward
        for place, colour, facing in zip(self.places, self.colours, self.facing, strict=True):
            way = place - points
            squared = np.sum(way * way, axis=-1, keepdims=True) + 0.12
            way = way / np.sqrt(squared)
            onto = np.clip(np.sum(way * normals, axis=-1, keepdims=True) * 0.8 + 0.2, 0, None)
            out_of = np.ones_like(onto)
            if facing.any():
                out_of = np.clip(-np.sum(way * facing, axis=-1, keepdims=True), 0, None)
            total = total + colour * onto * out_of / squared
        return total


@dataclass
class Painter:
    """Polygons in painter's order; `paint` lights, projects and fills them.

    thing: the owner of the polygons added from now on.
    """

    camera: Camera
    thing: str = ""
    polygons: list[np.ndarray] = field(default_factory=list)
    normals: list[np.ndarray] = field(default_factory=list)
    colours: list[Colour] = field(default_factory=list)
    glows: list[bool] = field(default_factory=list)
    things: list[str] = field(default_factory=list)

    def add(
        self, points: np.ndarray, normal: np.ndarray, colour: Colour, *, glows: bool = False
    ) -> None:
        """A flat polygon (N, 3), seen only from the side its `normal` points to.

        One that `glows` keeps its colour whatever the light.
        """
        if float((self.camera.position - points[0]) @ normal) <= 0.0:
            return
        self.polygons.append(points)
        self.normals.append(normal)
        self.colours.append(colour)
        self.glows.append(glows)
        self.things.append(self.thing)

    def quad(
        self,
        corner: np.ndarray,
        along: np.ndarray,
        up: np.ndarray,
        normal: np.ndarray,
        colour: Colour,
        *,
        glows: bool = False,
    ) -> None:
        """The parallelogram at `corner` with the edges `along` and `up`."""
        if float((self.camera.position - corner) @ normal) > 0.0:
            points = np.array([corner, corner + along, corner + along + up, corner + up])
            self.add(points, normal, colour, glows=glows)

    def box(
        self,
        corner: np.ndarray,
        edges: tuple[np.ndarray, np.ndarray, np.ndarray],
        colour: Colour,
        *,
        pieces: tuple[int, int] = (1, 1),
    ) -> None:
        """A box without its underside; the third edge points up.

        The top is cut into `pieces` along the first two edges, so that light varies over it.
        """
        a, b, c = edges
        self._sides(corner, (a, b, c), colour)
        n, m = pieces
        up = c / np.sqrt(c @ c)
        for i in range(n):
            for j in range(m):
                self.quad(corner + c + a * i / n + b * j / m, a / n, b / m, up, colour)

    def _sides(
        self,
        corner: np.ndarray,
        edges: tuple[np.ndarray, np.ndarray, np.ndarray],
        colour: Colour,
    ) -> None:
        a, b, c = edges
        for along, across in ((a, b), (b, a)):
            outward = across / np.sqrt(across @ across)
            self.quad(corner, along, c, -outward, colour)
            self.quad(corner + across, along, c, outward, colour)

    def paint(self, layer: Layer, light: Light | None) -> None:
        """Fill all polygons on `layer`, in the order they were added."""
        if not self.polygons:
            return
        brightness = np.ones((len(self.polygons), 3))
        if light is not None:
            centres = np.array([p[0] + p[len(p) // 2] for p in self.polygons]) / 2.0
            brightness = light.falling_on(centres, np.array(self.normals))
            brightness[np.array(self.glows)] = 1.0
        colours = np.clip(np.array(self.colours) * brightness, 0.0, 255.0).tolist()
        ends = np.cumsum([len(p) for p in self.polygons])
        seen = self.camera.seen(np.concatenate(self.polygons))
        close = np.minimum.reduceat(seen[:, 2], np.concatenate([[0], ends[:-1]])) <= NEAR
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels = layer.fixed(np.nan_to_num(self.camera.to_pixels(seen)))
        start = 0
        for stop, clipped, colour in zip(ends.tolist(), close.tolist(), colours, strict=True):
            if not clipped:
                layer.fill(pixels[start:stop], colour)
            elif len(visible := clip_near(seen[start:stop])):
                layer.polygon(self.camera.to_pixels(visible), colour)
            start = stop
