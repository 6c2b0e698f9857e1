"""The shell of a generated bedroom: walls, ceiling, floor and rug, lit pixel by pixel.

Each pixel's ray is intersected with the box of the room; light, dark corners, the bed's shadow and
patches of sun are computed where it meets the box, at half the resolution.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from data_prep.generated.drawing.furniture import UP, Bed, Wall
from data_prep.generated.drawing.layer import Colour, Layer, hsv, shade
from data_prep.generated.drawing.openings import Window
from data_prep.generated.drawing.perspective import Camera, Light, Painter

FRONT = -2.5  # metres: the wall behind the camera


@dataclass(frozen=True)
class Room:
    """The box: x in [0, width], y in [0, height], z in [FRONT, depth], metres."""

    width: float
    height: float
    depth: float

    def walls(self) -> tuple[Wall, Wall, Wall]:
        """Back, left and right wall; `along` runs so that the camera can see its first metres."""
        x, z = np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
        back = Wall(np.array([0.0, 0.0, self.depth]), x, -z, self.width)
        left = Wall(np.array([0.0, 0.0, self.depth]), -z, x, self.depth)
        right = Wall(np.array([self.width, 0.0, self.depth]), -z, -x, self.depth)
        return back, left, right


def paint_shell(
    room: Room,
    camera: Camera,
    bed: Bed,
    light: Light,
    windows: list[Window],
    rng: np.random.Generator,
) -> np.ndarray:
    """Walls, floor, ceiling and rug with their light: (H, W, 3) in [0, 1]."""
    layer = Layer(height=camera.height, width=camera.width)
    painter = Painter(camera)
    _add_shell(painter, room, rng)
    _add_rug(painter, room, bed, rng)
    painter.paint(layer, None)
    brightness = _shell_light(room, camera.coarser(2), bed, light, windows, rng)
    brightness = cv2.resize(brightness, (camera.width, camera.height))
    return layer.reduced()[..., :3] * brightness


def _shell_light(
    room: Room,
    camera: Camera,
    bed: Bed,
    light: Light,
    windows: list[Window],
    rng: np.random.Generator,
) -> np.ndarray:
    """Light on the shell, float32 (H, W, 3): lamps, dark corners, the bed's shadow, sun."""
    rays = camera.rays()
    low, high = np.array([0.0, 0.0, FRONT]), np.array([room.width, room.height, room.depth])
    with np.errstate(divide="ignore"):
        to_faces = (np.where(rays > 0, high, low) - camera.position) / rays
    axis = np.argmin(to_faces, axis=-1)
    distance = np.take_along_axis(to_faces, axis[..., None], -1)
    points = camera.position + distance * rays  # (H, W, 3) on the shell
    normals = -np.sign(rays) * np.eye(3)[axis]
    brightness = light.falling_on(points, normals)
    for k in range(3):  # corners are darker: less of the room shines on them
        for plane in (low[k], high[k]):
            near = np.exp(-np.abs(points[..., k] - plane) / 0.22) * (axis != k)
            brightness = brightness * (1.0 - 0.22 * near)[..., None]
    shadow = _contact_shadow(camera, bed)
    brightness = brightness * (1.0 - 0.45 * shadow * (axis == 1))[..., None]
    sun = _sunlight(camera, windows, rng)
    brightness = brightness * (1.0 + sun * (axis == 1))[..., None]
    return brightness.astype(np.float32)


def _add_shell(painter: Painter, room: Room, rng: np.random.Generator) -> None:
    hue = rng.choice([rng.uniform(0.05, 0.16), rng.uniform(0, 1)])
    wall_colour = hsv(hue, rng.uniform(0.04, 0.42), rng.uniform(0.62, 0.97))
    accent = wall_colour
    if rng.random() < 0.3:
        accent = hsv(rng.uniform(0, 1), rng.uniform(0.15, 0.55), rng.uniform(0.4, 0.9))
    striped = rng.random() < 0.16
    lower = shade(wall_colour, rng.uniform(0.7, 0.9)) if rng.random() < 0.15 else None
    ceiling = hsv(hue, 0.03, rng.uniform(0.88, 0.98))
    x, z = np.array([room.width, 0, 0]), np.array([0, 0, room.depth - FRONT])
    front = np.array([0.0, 0.0, FRONT])
    painter.quad(front + UP * room.height, x, z, -UP, ceiling)
    for wall, tone, colour in zip(
        room.walls(), (1.0, 0.93, 0.93), (accent, wall_colour, wall_colour), strict=True
    ):
        length = wall.length if tone == 1.0 else room.depth - FRONT
        base = shade(colour, tone)
        _add_band(painter, wall, length, (0.0, room.height), base)
        if striped:
            for start in np.arange(0.0, length, 0.3):
                stripe = wall.at(float(start), 0.0)
                painter.quad(
                    stripe, wall.along * 0.15, UP * room.height, wall.out, shade(base, 0.9)
                )
        if lower is not None:
            _add_band(painter, wall, length, (0.0, 0.95), shade(lower, tone))
        _add_band(painter, wall, length, (0.0, 0.09), (240.0, 238.0, 232.0))
    _add_floor(painter, room, rng)


def _add_band(
    painter: Painter, wall: Wall, length: float, up: tuple[float, float], colour: Colour
) -> None:
    painter.quad(wall.at(0.0, up[0]), wall.along * length, UP * (up[1] - up[0]), wall.out, colour)


def _add_floor(painter: Painter, room: Room, rng: np.random.Generator) -> None:
    carpet = rng.random() < 0.35
    colour = hsv(rng.uniform(0.05, 0.1), rng.uniform(0.25, 0.65), rng.uniform(0.35, 0.85))
    if carpet:
        colour = hsv(rng.uniform(0, 1), rng.uniform(0.03, 0.35), rng.uniform(0.35, 0.8))
    front = np.array([0.0, 0.0, FRONT])
    x, z = np.array([room.width, 0, 0]), np.array([0, 0, room.depth - FRONT])
    painter.quad(front, x, z, UP, colour)
    if carpet:
        return
    boards = int(rng.integers(9, 20))
    across = rng.random() < 0.4
    step, along = (z, x) if across else (x, z)
    tones = rng.uniform(0.86, 1.1, boards)
    for k in range(boards):
        painter.quad(front + step * k / boards, step / boards, along, UP, shade(colour, tones[k]))


def _add_rug(painter: Painter, room: Room, bed: Bed, rng: np.random.Generator) -> None:
    if rng.random() > 0.5:
        return
    colour = hsv(rng.uniform(0, 1), rng.uniform(0.1, 0.65), rng.uniform(0.4, 0.95))
    centre = bed.wall.at(bed.start + bed.width / 2, 0.0, bed.length * rng.uniform(0.8, 1.15))
    half = rng.uniform(0.9, 1.25), rng.uniform(0.6, 0.9)
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    power = rng.choice([1.0, 0.06])
    a = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power * half[0]
    b = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power * half[1]
    for size, tone in ((1.0, 0.85), (0.86, 1.0)):
        points = centre + (a[:, None] * bed.wall.along + b[:, None] * bed.wall.out) * size
        points[:, 0] = np.clip(points[:, 0], 0.02, room.width - 0.02)
        points[:, 2] = np.minimum(points[:, 2], room.depth - 0.02)
        painter.add(points, UP, shade(colour, tone))


def seen_of(camera: Camera, points: np.ndarray) -> np.ndarray:
    """(H, W) float32 in [0, 1]: where a polygon in the room (N, 3) is visible."""
    mask = np.zeros((camera.height, camera.width), np.uint8)
    pixels = camera.project(points) - 0.5  # OpenCV counts from the middle of the first pixel
    if len(pixels):
        fixed = np.rint(np.clip(pixels, -4000, 4000) * 16).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, 4)
    return mask * np.float32(1 / 255.0)


def _contact_shadow(camera: Camera, bed: Bed) -> np.ndarray:
    a, b, out = bed.start - 0.25, bed.start + bed.width + 0.25, bed.length + 0.35
    points = np.array([bed.wall.at(x, 0.0, z) for x, z in ((a, 0), (b, 0), (b, out), (a, out))])
    return cv2.GaussianBlur(seen_of(camera, points), (0, 0), 2.5)


def _sunlight(camera: Camera, windows: list[Window], rng: np.random.Generator) -> np.ndarray:
    """Patches of sun on the floor: extra brightness (H, W)."""
    total = np.zeros((camera.height, camera.width), np.float32)
    shines, steep, aslant = rng.random() < 0.5, rng.uniform(0.7, 1.3), rng.uniform(-0.5, 0.5)
    if not shines:
        return total
    for window in windows:
        corners = window.corners()
        reach = corners[:, 1:2] * steep
        floor = corners + window.wall.out * reach + window.wall.along * aslant * reach
        floor[:, 1] = 0.0
        total = np.maximum(total, seen_of(camera, floor))
    return cv2.GaussianBlur(total, (0, 0), 0.6) * np.float32(rng.uniform(0.25, 0.5))
