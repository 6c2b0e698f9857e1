"""What is visible in a synthetic room: window boxes, and the cover of bed, windows and lamp.

`draw_scene` (drawing/bedroom.py) returns a Scene. The pipeline's worlds keep picture and window
boxes; experiments on the response to beds also use `cover`.
"""

from dataclasses import dataclass, replace

import numpy as np

from data_prep.generated.drawing.layer import Colour, Layer, to_bytes
from data_prep.generated.drawing.openings import Window
from data_prep.generated.drawing.perspective import Camera, Painter
from data_prep.generated.drawing.room_shell import seen_of

THINGS = ("bed", "window", "lamp")  # the channels of Scene.cover, in order
LEAST_VISIBLE = 20  # visible pixels from which a window is listed
FURNITURE: dict[str, Colour] = {"bed": (255.0, 0.0, 0.0), "lamp": (0.0, 0.0, 255.0)}
PICTURE: Colour = (255.0, 0.0, 0.0)
NOTHING: Colour = (0.0, 0.0, 0.0)  # it hides everything behind it


@dataclass(frozen=True)
class Scene:
    """A room's picture (H, W, 3) uint8, and the places of its things."""

    picture: np.ndarray
    camera: Camera
    windows: list[Window]
    furniture: Painter  # its polygons have the names of their things
    hidden: np.ndarray  # (H, W) in [0, 1]: cover of all furniture, which is in front of the windows
    on_walls: Painter | None = None  # windows and pictures; polygons of pictures are named so

    def window_boxes(self) -> np.ndarray:
        """Bounding boxes (N, 4) x0, y0, x1, y1 in [0, 1] of the visible part of each window."""
        boxes = []
        for window in self.windows:
            visible = (seen_of(self.camera, window.corners()) > 0.5) & (self.hidden < 0.5)
            if visible.sum() >= LEAST_VISIBLE:
                y, x = np.nonzero(visible)
                boxes.append(
                    [
                        x.min() / self.camera.width,
                        y.min() / self.camera.height,
                        (x.max() + 1) / self.camera.width,
                        (y.max() + 1) / self.camera.height,
                    ]
                )
        return np.array(boxes, np.float64).reshape(-1, 4)

    def picture_cover(self) -> np.ndarray:
        """Visible cover of each pixel by framed pictures on the walls: (H, W) uint8, 255 = all."""
        if self.on_walls is None:
            return np.zeros(self.hidden.shape, np.uint8)
        named = self.on_walls.things
        colours = [PICTURE if thing == "picture" else NOTHING for thing in named]
        layer = Layer(height=self.camera.height, width=self.camera.width)
        replace(self.on_walls, colours=colours).paint(layer, None)
        seen: np.ndarray = to_bytes(layer.reduced()[..., 0] * (1 - self.hidden))
        return seen

    def cover(self) -> np.ndarray:
        """Visible cover of each pixel by bed, windows and lamp: (H, W, 3) uint8, 255 = all.

        A window is its frame and everything inside it, including curtains.
        """
        layer = Layer(height=self.camera.height, width=self.camera.width)
        colours = [FURNITURE.get(thing, NOTHING) for thing in self.furniture.things]
        replace(self.furniture, colours=colours).paint(layer, None)
        seen = layer.reduced()[..., :3]
        panes = np.zeros_like(self.hidden)
        for window in self.windows:
            panes = np.maximum(panes, seen_of(self.camera, window.corners()))
        seen[..., 1] = panes * (1 - self.hidden)
        return to_bytes(seen)
