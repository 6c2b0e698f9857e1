"""What is seen where in a drawn room: window boxes, and what bed, windows and lamp cover.

`draw_scene` (drawing/bedroom.py) returns one of these. The pipeline's worlds keep picture and
window boxes; experiments that ask whether something responds to beds take `cover` as well.
"""

from dataclasses import dataclass, replace

import numpy as np

from data_prep.generated.drawing.layer import Colour, Layer, to_bytes
from data_prep.generated.drawing.openings import Window
from data_prep.generated.drawing.perspective import Camera, Painter
from data_prep.generated.drawing.room_shell import seen_of

THINGS = ("bed", "window", "lamp")  # the channels of Scene.cover, in order
LEAST_VISIBLE = 20  # pixels of a window that must show for it to be listed
FURNITURE: dict[str, Colour] = {"bed": (255.0, 0.0, 0.0), "lamp": (0.0, 0.0, 255.0)}
NOTHING: Colour = (0.0, 0.0, 0.0)  # it hides what lies behind it


@dataclass(frozen=True)
class Scene:
    """A room's picture (H, W, 3) uint8, and what was drawn where."""

    picture: np.ndarray
    camera: Camera
    windows: list[Window]
    furniture: Painter  # its polygons bear the names of their things
    hidden: np.ndarray  # (H, W) in [0, 1]: cover of all furniture, which lies before the windows

    def window_boxes(self) -> np.ndarray:
        """Bounding boxes (N, 4) x0, y0, x1, y1 in [0, 1] of what is seen of each window."""
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

    def cover(self) -> np.ndarray:
        """What bed, windows and lamp cover of each pixel, and is seen: (H, W, 3) uint8, 255 = all.

        A window is its frame and all inside it, curtains included.
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
