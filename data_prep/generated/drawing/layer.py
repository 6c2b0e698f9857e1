"""Anti-aliased drawing: shapes on a supersampled RGBA layer, and light at the final resolution.

Every motif of the synthetic data is drawn on such layers. A layer is painted hard-edged at four
times its size and then reduced by the area mean. As an unpainted pixel is (0, 0, 0, 0), the reduced
layer is premultiplied and can be composited with a picture directly.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

Colour = tuple[float, float, float]  # red, green, blue in [0, 255]
Points = np.ndarray | Sequence[Sequence[float] | np.ndarray]
SUPERSAMPLING = 4
FIXED_POINT_BITS = 4  # OpenCV takes coordinates as integers with this many fractional bits


class Layer:
    """A transparent sheet of `height` x `width` pixels.

    `place` sets the affine map from the coordinates of the drawing to pixels (y points down).
    """

    def __init__(self, *, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.image = np.zeros((height * SUPERSAMPLING, width * SUPERSAMPLING, 4), np.uint8)
        self.linear, self.offset, self.scale = np.eye(2), np.zeros(2), 1.0

    def place(
        self,
        *,
        centre: tuple[float, float],
        scale: float,
        degrees: float = 0.0,
        mirrored: bool = False,
    ) -> None:
        """Put the drawing's origin at `centre` (pixels); a drawing unit is `scale` pixels."""
        radians = np.deg2rad(degrees)
        turn = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
        self.linear = scale * turn @ np.diag([-1.0 if mirrored else 1.0, 1.0])
        self.offset, self.scale = np.asarray(centre, float), scale

    def fixed(self, points: Points) -> np.ndarray:
        """Points (N, 2) of the drawing -> OpenCV's integer coordinates."""
        pixels = np.asarray(points, float) @ self.linear.T + self.offset
        # OpenCV's integer coordinates refer to pixel centres: pixel 0 covers [-0.5, 0.5)
        grid = pixels * SUPERSAMPLING - 0.5
        return np.rint(np.clip(grid, -8000, 8000) * 2**FIXED_POINT_BITS).astype(np.int32)

    def polygon(self, points: Points, colour: Colour) -> None:
        """Fill a polygon (N, 2)."""
        self.fill(self.fixed(points), colour)

    def fill(self, fixed: np.ndarray, colour: Sequence[float]) -> None:
        """Fill a polygon (N, 2) given in OpenCV's integer coordinates."""
        cv2.fillPoly(self.image, [fixed], (*colour, 255.0), cv2.LINE_8, FIXED_POINT_BITS)

    def ellipse(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        colour: Colour,
        *,
        degrees: float = 0.0,
    ) -> None:
        """Fill an ellipse."""
        self.polygon(ellipse_points(centre, radii, degrees=degrees), colour)

    def line(self, points: Points, width: float, colour: Colour, *, closed: bool = False) -> None:
        """Draw a line with round joints, `width` in drawing units."""
        thickness = max(1, round(width * self.scale * SUPERSAMPLING))
        cv2.polylines(
            self.image,
            [self.fixed(points)],
            closed,
            (*colour, 255.0),
            thickness,
            cv2.LINE_8,
            FIXED_POINT_BITS,
        )

    def reduced(self) -> np.ndarray:
        """The layer at its own size: (height, width, 4) float32 in [0, 1], premultiplied."""
        half = (self.width * SUPERSAMPLING // 2, self.height * SUPERSAMPLING // 2)
        small = cv2.resize(self.image, half, interpolation=cv2.INTER_AREA)
        small = cv2.resize(small, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return small * np.float32(1 / 255.0)  # two halvings: OpenCV's fast case


def over(picture: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Composite a premultiplied layer (H, W, 4) over a picture (H, W, 3), float32 in [0, 1]."""
    return picture * cv2.merge([1.0 - layer[..., 3]] * 3) + layer[..., :3]


def lit(layer: np.ndarray, light: np.ndarray) -> np.ndarray:
    """The layer with its colours (not its alpha) multiplied by `light` (H, W)."""
    factor = light.astype(np.float32)
    return layer * cv2.merge([factor, factor, factor, np.ones_like(factor)])


def shadowed(
    picture: np.ndarray, alpha: np.ndarray, *, shift: tuple[float, float], blur: float, depth: float
) -> np.ndarray:
    """Darken `picture` by `depth` where the shape `alpha` (H, W), shifted and blurred, falls."""
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    moved = cv2.warpAffine(alpha, move, (alpha.shape[1], alpha.shape[0]))
    darker = 1.0 - depth * cv2.GaussianBlur(moved, (0, 0), blur)
    return picture * cv2.merge([darker] * 3)


def to_bytes(picture: np.ndarray) -> np.ndarray:
    """[0, 1] float -> uint8, rounded."""
    return np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)


def gradient(*, height: int, width: int, degrees: float) -> np.ndarray:
    """A linear ramp (height, width) from 0 to 1 along the direction `degrees` (0 = rightwards)."""
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    radians = np.deg2rad(degrees)
    ramp = x * np.cos(radians) + y * np.sin(radians)
    return ((ramp - ramp.min()) / (ramp.max() - ramp.min())).astype(np.float32)


def ellipse_points(
    centre: tuple[float, float],
    radii: tuple[float, float],
    *,
    degrees: float = 0.0,
    start: float = 0.0,
    stop: float = 360.0,
    count: int = 40,
    power: float = 2.0,
) -> np.ndarray:
    """Points (count, 2) of an elliptic arc; `power` > 2 squares it off towards a rectangle."""
    angle = np.deg2rad(np.linspace(start, stop, count))
    x, y = np.cos(angle), np.sin(angle)
    if power != 2.0:
        x, y = (np.sign(v) * np.abs(v) ** (2.0 / power) for v in (x, y))
    turn = np.deg2rad(degrees)
    x, y = x * radii[0], y * radii[1]
    return np.stack(
        [
            centre[0] + x * np.cos(turn) - y * np.sin(turn),
            centre[1] + x * np.sin(turn) + y * np.cos(turn),
        ],
        axis=-1,
    )


def smooth(points: Points, *, closed: bool = True, steps: int = 8) -> np.ndarray:
    """A Catmull-Rom curve through `points` (N, 2): (N * steps, 2)."""
    p = np.asarray(points, float)
    if not closed:
        p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    first = np.arange(len(p) if closed else len(p) - 3)
    before, here, after, beyond = (p[(first + k) % len(p)] for k in range(4))
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = (v[:, None] for v in (before, here, after, beyond))
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    curve = curve.reshape(-1, 2)
    return curve if closed else np.concatenate([curve, p[-2:-1]])


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """Hue in turns (any real number), saturation and value in [0, 1] -> red, green, blue."""

    def channel(offset: float) -> float:
        k = (offset + hue * 6.0) % 6.0
        return 255.0 * value * (1.0 - saturation * max(0.0, min(k, 4.0 - k, 1.0)))

    return channel(5.0), channel(3.0), channel(1.0)


def shade(colour: Colour, factor: float) -> Colour:
    """The colour, darker (factor < 1) or lighter (factor > 1)."""
    return tuple(float(min(255.0, c * factor)) for c in colour)  # type: ignore[return-value]


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second colour, the rest of the first."""
    pairs = zip(first, second, strict=True)
    return tuple(float(a + (b - a) * share) for a, b in pairs)  # type: ignore[return-value]


Draw = Callable[[int, int], np.ndarray]  # (seed, index) -> (H, W, 3) uint8
