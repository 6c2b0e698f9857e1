"""One bedroom: a box room in perspective with bed, lamp, pictures and windows at known places.

The plan is drawn first (room, viewpoint, bed, what hangs where, light), then painted from back to
front: shell, openings and pictures, furniture. Furniture is lit polygon by polygon.
"""

from dataclasses import dataclass

import numpy as np

from data_prep.generated.drawing.furniture import (
    UP,
    Bed,
    Wall,
    add_bed,
    add_lamp,
    add_picture,
    add_table,
)
from data_prep.generated.drawing.layer import (
    Layer,
    hsv,
    mix,
    over,
    to_bytes,
)
from data_prep.generated.drawing.openings import (
    Sky,
    Window,
    add_window,
    draw_sky,
    draw_style,
)
from data_prep.generated.drawing.perspective import Camera, Light, Painter
from data_prep.generated.drawing.room_shell import Room, paint_shell
from data_prep.generated.drawing.scene import Scene

SIZES = ((128, 128), (128, 144), (128, 170), (150, 128))  # height, width in pixels


@dataclass(frozen=True)
class Lamp:
    """A bedside table at `wall` (metres along it, width, height) and the lamp on it."""

    wall: Wall
    along: float
    width: float
    height: float
    strength: float  # of its light; 0: off

    def foot(self) -> np.ndarray:
        """(3,) the foot of the lamp."""
        return self.wall.at(self.along + self.width / 2, self.height, 0.2)

    def bulb(self) -> np.ndarray:
        """(3,) the source of its light."""
        return self.foot() + UP * 0.35


def draw_bedroom(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw one room: picture (H, W, 3) uint8, and window boxes (N, 4) x0, y0, x1, y1 in [0, 1]."""
    scene = draw_scene(rng)
    return scene.picture, scene.window_boxes()


def draw_scene(rng: np.random.Generator) -> Scene:
    """The same room with everything known about it."""
    height, width = SIZES[int(rng.choice(4, p=[0.55, 0.2, 0.15, 0.1]))]
    room = Room(rng.uniform(3.2, 4.8), rng.uniform(2.35, 2.8), rng.uniform(3.3, 4.6))
    side = float(rng.uniform(-1, 1))  # the viewer's position, from left to right
    bed = _draw_bed(room, rng, side)
    camera = _draw_camera(room, bed, rng, side=side, height=height, width=width)
    evening = bool(rng.random() < 0.14)
    lamp = _draw_lamp(bed, rng, evening=evening)
    windows, hung = _hang(room, rng)
    sky = draw_sky(rng)
    light = _draw_light(windows, sky, lamp, rng, dim=0.72 if evening else 1.0)

    picture = paint_shell(room, camera, bed, light, windows, rng)
    painter, style = Painter(camera), draw_style(rng)
    for window in windows:
        add_window(painter, window, sky, style, ceiling=room.height)
    painter.thing = "picture"
    for wall, along, up in hung:
        add_picture(painter, wall, along=along, up=up, rng=rng)
    openings = Layer(height=height, width=width)
    painter.paint(openings, light)
    placed = _furniture(camera, bed, lamp, rng)
    layer = Layer(height=height, width=width)
    placed.paint(layer, light)
    furniture = layer.reduced()
    picture = over(over(picture, openings.reduced()), furniture)
    if lamp.strength:
        picture = picture + _glow(camera, lamp.bulb(), lamp.strength * 0.9)
    balance = rng.uniform(0.95, 1.05, 3) * rng.uniform(0.9, 1.08)
    balanced = to_bytes(picture * balance.astype(np.float32))
    return Scene(balanced, camera, windows, placed, furniture[..., 3], painter)


def _furniture(camera: Camera, bed: Bed, lamp: Lamp, rng: np.random.Generator) -> Painter:
    """Bed, table and lamp, the farther one first, with the names of drawing/scene.py."""
    painter = Painter(camera)
    wood = hsv(rng.uniform(0.05, 0.1), rng.uniform(0.1, 0.6), rng.uniform(0.3, 0.9))
    paper = hsv(rng.uniform(0.08, 0.14), rng.uniform(0.1, 0.5), 1.0 if lamp.strength else 0.85)
    middle = bed.wall.at(bed.start + bed.width / 2, 0, 1.0)
    to_bed, to_lamp = camera.seen(np.array([middle, lamp.foot()]))[:, 2]

    def place_bed() -> None:
        painter.thing = "bed"
        add_bed(painter, bed, rng)

    if to_bed > to_lamp:
        place_bed()
    painter.thing = "table"
    add_table(
        painter, lamp.wall, start=lamp.along, width=lamp.width, height=lamp.height, colour=wood
    )
    painter.thing = "lamp"
    add_lamp(
        painter,
        lamp.foot(),
        stem=0.22,
        radius=0.17,
        shade_height=0.24,
        colour=paper,
        glows=lamp.strength > 0,
    )
    if to_bed <= to_lamp:
        place_bed()
    return painter


def _draw_camera(
    room: Room, bed: Bed, rng: np.random.Generator, *, side: float, height: int, width: int
) -> Camera:
    bed_centre = bed.wall.at(bed.start + bed.width / 2, 0.0, bed.length / 2)
    position = np.array([room.width * (0.5 + 0.34 * side), rng.uniform(1.25, 1.85), 0.1])
    target = room.width * (0.5 - rng.uniform(-0.12, 0.3) * side)
    target += rng.uniform(0.35, 0.75) * (bed_centre[0] - target)
    yaw = np.arctan2(target - position[0], room.depth)
    pitch = np.deg2rad(rng.uniform(2, 13))
    focal = min(height, width) * rng.uniform(0.68, 0.92)
    return Camera(position, float(yaw), float(pitch), float(focal), height, width)


def _draw_bed(room: Room, rng: np.random.Generator, side: float) -> Bed:
    back, left, right = room.walls()
    width, length = rng.uniform(1.15, 1.9), rng.uniform(1.9, 2.1)
    height = rng.uniform(0.42, 0.6)
    kind = rng.choice(["back", "side"], p=[0.68, 0.32])
    if kind == "back":
        slack = room.width - width
        return Bed(back, float(slack * rng.uniform(0.12, 0.88)), width, length, height)
    # at the side wall that the camera, on the other side, sees better
    wall = left if side > 0 else right
    start = rng.uniform(0.1, 0.7)
    return Bed(wall, start, min(width, 1.5), length, height)


def _draw_lamp(bed: Bed, rng: np.random.Generator, *, evening: bool) -> Lamp:
    """On either side of the bed, where there is room; always on in the evening."""
    width, gap = rng.uniform(0.36, 0.5), rng.uniform(0.08, 0.16)
    along = bed.start + bed.width + gap
    before = bed.start - gap - width
    if before > 0.02 and (along + width >= bed.wall.length or rng.random() < 0.5):
        along = before
    shines = evening or rng.random() < 0.35
    strength = (0.35 if evening else 0.16) if shines else 0.0
    return Lamp(bed.wall, along, width, rng.uniform(0.42, 0.6), strength)


def _hang(
    room: Room, rng: np.random.Generator
) -> tuple[list[Window], list[tuple[Wall, tuple[float, float], tuple[float, float]]]]:
    """Place 0 to 3 windows and some pictures on the walls without overlaps."""
    back, left, right = room.walls()
    taken: dict[int, list[tuple[float, float]]] = {0: [], 1: [], 2: []}
    sill, top = rng.uniform(0.9, 1.15), room.height - rng.uniform(0.2, 0.45)
    usual_width = rng.uniform(0.75, 1.35)
    windows: list[Window] = []

    def free(wall: int, a: float, b: float, margin: float) -> bool:
        return all(b + margin < c or a - margin > d for c, d in taken[wall])

    walls = (back, left, right)
    wanted = int(rng.choice(4, p=[0.18, 0.42, 0.27, 0.13]))
    for _ in range(40):
        if len(windows) == wanted:
            break
        k = int(rng.choice(3, p=[0.6, 0.2, 0.2]))
        reach = walls[k].length if k == 0 else walls[k].length * 0.62
        start = rng.uniform(0.22, max(0.23, reach - usual_width - 0.2))
        stop = start + usual_width
        if stop < reach - 0.1 and free(k, start, stop, 0.3):
            windows.append(Window(walls[k], (float(start), float(stop)), (sill, top)))
            taken[k].append((start, stop))
    hung = []
    for _ in range(int(rng.integers(0, 5))):
        k = int(rng.choice(3, p=[0.6, 0.2, 0.2]))
        reach = walls[k].length if k == 0 else walls[k].length * 0.6
        size = rng.uniform(0.35, 0.75)
        start = rng.uniform(0.15, max(0.16, reach - size - 0.1))
        if free(k, start, start + size, 0.22):
            low = rng.uniform(1.3, 1.5)
            high = min(low + size * rng.uniform(0.7, 1.3), room.height - 0.2)
            hung.append((walls[k], (float(start), float(start + size)), (low, high)))
            taken[k].append((start, start + size))
    return windows, hung


def _draw_light(
    windows: list[Window],
    sky: Sky,
    lamp: Lamp,
    rng: np.random.Generator,
    *,
    dim: float,
) -> Light:
    warmth = rng.uniform(-0.05, 0.05)
    ambient = dim * rng.uniform(0.76, 1.0) * np.array([1.0 + warmth, 1.0, 1.0 - warmth])
    places, colours, facing = [], [], []
    daylight = np.array(mix(sky.horizon, (255.0, 250.0, 240.0), 0.6)) / 255.0
    for window in windows:
        area = (window.along[1] - window.along[0]) * (window.up[1] - window.up[0])
        places.append(window.corners().mean(0) + window.wall.out * 0.1)
        colours.append(daylight * area * dim * 0.6 / np.sqrt(1 + len(windows)))
        facing.append(window.wall.out)
    if lamp.strength:
        places.append(lamp.bulb())
        colours.append(np.array([1.0, 0.82, 0.55]) * lamp.strength)
        facing.append(np.zeros(3))
    if not places:
        ambient = ambient * 1.1
    return Light(
        ambient,
        np.array(places).reshape(-1, 3),
        np.array(colours).reshape(-1, 3),
        np.array(facing).reshape(-1, 3),
    )


def _glow(camera: Camera, place: np.ndarray, strength: float) -> np.ndarray:
    """A soft warm halo around a lamp: (H, W, 3)."""
    pixels = camera.project(place[None])
    if not len(pixels):
        return np.zeros((camera.height, camera.width, 3), np.float32)
    x, y = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    squared = (x - pixels[0, 0]) ** 2 + (y - pixels[0, 1]) ** 2
    halo = strength * np.exp(-squared / (2 * (0.11 * camera.height) ** 2))
    return (halo[..., None] * np.array([1.0, 0.8, 0.45])).astype(np.float32)
