"""A contact sheet of a generator's first pictures, to look at: --out FILE.png [--count] [--seed].

`--size 32 --enlarge 3` shows what a network sees at 32 x 32.
"""

import math
import sys
from functools import partial

import cv2
import numpy as np

from data_prep.generated.drawing.layer import Draw
from repro.command_line import add_seed, at_least_one, file_to_write, new_parser, run_main


def square(picture: np.ndarray, size: int) -> np.ndarray:
    """The centre square of a picture (H, W, 3), area-reduced to (size, size, 3)."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    crop = picture[top : top + side, left : left + side]
    return cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)


def contact_sheet(draw: Draw, *, seed: int, count: int, size: int, enlarge: int = 1) -> np.ndarray:
    """Pictures 0 .. count - 1 as `size` x `size` tiles on white, each pixel `enlarge` times."""
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    tile = size * enlarge + 2
    sheet = np.full((rows * tile + 2, columns * tile + 2, 3), 255, np.uint8)
    for index in range(count):
        small = square(draw(seed, index), size).repeat(enlarge, 0).repeat(enlarge, 1)
        top, left = index // columns * tile + 2, index % columns * tile + 2
        sheet[top : top + tile - 2, left : left + tile - 2] = small
    return sheet


def sheet_command(draw: Draw, *, size: int) -> None:
    """Parse the command line of a generator module: write a contact sheet of `draw`."""
    run_main(partial(_write_sheet, draw, size))


def _write_sheet(draw: Draw, size: int, argv: list[str] | None) -> None:
    parser = new_parser("sheet", sys.modules["__main__"].__doc__)
    parser.add_argument("--out", type=file_to_write, required=True, help="PNG file to write")
    parser.add_argument("--count", type=at_least_one, default=64, help="number of pictures")
    add_seed(parser)
    parser.add_argument("--size", type=at_least_one, default=size, help="side of a tile, pixels")
    parser.add_argument(
        "--enlarge", type=at_least_one, default=1, help="times each pixel is repeated"
    )
    given = parser.parse_args(argv)
    sheet = contact_sheet(
        draw, seed=given.seed, count=given.count, size=given.size, enlarge=given.enlarge
    )
    given.out.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(given.out), sheet[..., ::-1]):
        raise OSError(f"{given.out}: could not be written; give a path ending in .png")
