"""The sample sheets of a training as one animated picture: the same z as training proceeds.

Where in the flow: repro.train.model_writer makes samples.webp of a finished training with it, and
the report embeds that. Each frame is one sheet with its minibatch below; many sheets are thinned
evenly, and a long animation is drawn smaller so that it fits into a page.

Alone, also while the training runs:

    python -m repro animation results/demo/state/bedrooms --out samples.webp     (or samples.gif)
"""

import io
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from repro.artefacts.whole_file import atomic_write
from repro.command_line import file_to_write, new_parser
from repro.errors import UnusableError
from repro.figures.drawing import BANNER_PAPER, INK, PAPER, font

FRAMES, JUDGED = 48, 6  # maximum in an animation; number of them by which its size is estimated
LARGEST = {".webp": 1_400_000, ".gif": 8_000_000}  # bytes, approximately
TRIES = ((1, 75), (1, 50), (2, 75), (2, 50), (3, 50), (4, 40))  # (factor smaller, WebP quality)
CAPTION, BANNER = 24, 26  # pixels: height of the strip below a sheet; of save_picture's banner
TOTAL, SHORTEST, LONGEST, LAST = 9000, 150, 600, 2500  # milliseconds


def save_animation(path: Path, sheets: Sequence[Path]) -> None:
    """Write the sheets (PNG files step_<minibatch>.png) as an animation that loops for ever.

    path ends in .webp or .gif. There are at most 48 frames, including the first and the last sheet;
    the last is held for 2.5 s. A sheet is shown at its size or, where the file would exceed about
    1.4 MB (GIF: 8 MB), 2 to 4 times smaller. Without sheets nothing is written. Raises ValueError
    naming the file for another name, an unreadable sheet, or sheets of different sizes.
    """
    if path.suffix not in LARGEST:
        raise UnusableError(f"{path}: expected a name that ends in .webp or .gif")
    if not sheets:
        return
    chosen = _evenly_spread(sorted(sheets, key=minibatch_of))
    pictures = [_read(sheet) for sheet in chosen]
    for sheet, (one, other) in zip(chosen[1:], pairwise(pictures), strict=True):
        if one.size != other.size:
            raise UnusableError(
                f"{sheet}: {other.size} pixels, the sheets before it {one.size}; an animation "
                "needs sheets of one training"
            )
    factor, quality = _fitting(pictures, kind=path.suffix)
    frames = [
        _frame(picture, factor=factor, caption=f"minibatch {minibatch_of(sheet):,}")
        for sheet, picture in zip(chosen, pictures, strict=True)
    ]
    data = _encoded(frames, kind=path.suffix, quality=quality)
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def minibatch_of(sheet: Path) -> int:
    """500 for step_00000500.png. Raises ValueError for another name."""
    found = re.fullmatch(r"step_(\d+)", sheet.stem)
    if found is None:
        raise UnusableError(f"{sheet}: expected a sample sheet named step_<minibatch>.png")
    return int(found[1])


def _evenly_spread(sheets: list[Path]) -> list[Path]:
    places = np.linspace(0, len(sheets) - 1, min(len(sheets), FRAMES)).round().astype(int)
    return [sheets[place] for place in places]


def _read(sheet: Path) -> Image.Image:
    try:
        with Image.open(sheet) as picture:
            return picture.convert("RGB")
    except OSError as error:
        raise UnusableError(f"{sheet}: not a readable PNG ({error})") from None


def _fitting(sheets: list[Image.Image], *, kind: str) -> tuple[int, int]:
    """The first of TRIES with which the animation is small enough, estimated from some frames."""
    some = sheets[:: -(-len(sheets) // JUDGED)]
    for factor, quality in TRIES:
        frames = [_frame(sheet, factor=factor, caption="") for sheet in some]
        size = len(_encoded(frames, kind=kind, quality=quality)) * len(sheets) / len(some)
        if size <= LARGEST[kind]:
            break
    return factor, quality


def _frame(sheet: Image.Image, *, factor: int, caption: str) -> Image.Image:
    """The sheet `factor` times smaller (means over squares) with its caption below.

    Its banner keeps its size, to remain readable.
    """
    strip = _banner(sheet)
    top = BANNER if strip else 0
    picture = sheet.crop((0, top, *sheet.size)).reduce(factor)
    letters = font(14)
    widths = [picture.width, strip.width if strip else 0, int(letters.getlength(caption)) + 10]
    frame = Image.new("RGB", (max(widths), top + picture.height + CAPTION), PAPER)
    if strip:
        frame.paste(BANNER_PAPER, (0, 0, frame.width, BANNER))
        frame.paste(strip, (0, 0))
    frame.paste(picture, (0, top))
    place = (4, top + picture.height + CAPTION / 2)
    ImageDraw.Draw(frame).text(place, caption, font=letters, fill=INK, anchor="lm")
    return frame


def _banner(sheet: Image.Image) -> Image.Image | None:
    """The banner of a sheet, cut off after its last letter; None for a sheet without one."""
    strip = sheet.crop((0, 0, sheet.width, BANNER))
    paper = Image.new("RGB", strip.size, BANNER_PAPER)
    letters = np.flatnonzero((np.asarray(strip) != np.asarray(paper)).any((0, 2)))
    if strip.getpixel((0, 0)) != paper.getpixel((0, 0)) or len(letters) == 0:
        return None
    return strip.crop((0, 0, min(strip.width, int(letters[-1]) + 13), BANNER))


def _encoded(frames: list[Image.Image], *, kind: str, quality: int) -> bytes:
    """The bytes of the animation; equal frames give equal bytes."""
    each = max(SHORTEST, min(LONGEST, TOTAL // len(frames)))
    durations = [each] * (len(frames) - 1) + [LAST]
    stream = io.BytesIO()
    frames[0].save(
        stream,
        format={".webp": "WEBP", ".gif": "GIF"}[kind],
        save_all=True,
        append_images=frames[1:],
        duration=durations if len(frames) > 1 else LAST,
        loop=0,
        **({"quality": quality, "method": 2} if kind == ".webp" else {}),
    )
    return stream.getvalue()


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("animation", __doc__)
    parser.add_argument("folder", type=Path, help="model folder, or state folder of a training")
    parser.add_argument(
        "--out", type=file_to_write, required=True, help="file to write, .webp or .gif"
    )
    given = parser.parse_args(argv)
    sheets = sorted((given.folder / "samples").glob("step_*.png"))
    if not sheets:
        raise UnusableError(
            f"{given.folder}/samples holds no sheet step_*.png; give a model folder "
            "(results/<run>/models/<name>) or, while it trains, results/<run>/state/<name>"
        )
    save_animation(given.out, sheets)
    print(f"{given.out}: {min(len(sheets), FRAMES)} frames, {given.out.stat().st_size:,} bytes")
