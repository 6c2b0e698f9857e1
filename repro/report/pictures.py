"""Pictures as a report embeds them: light enough for one page, and what was done to them in words.

Where in the flow: `repro.report.views` embeds the PNGs of experiments and models and the animations
of trainings with these. A chart keeps every pixel: it is coded anew as lossless WebP. A picture
made of images has a new colour at almost every pixel, which no lossless coder makes small; its
colours are rounded first, by less than is seen. Of a long animation some frames are shown, with
fewer pixels. The files in the run's folder stay as they are: a picture's `note` says how what the
page holds differs from its file, "" where it does not differ. Pages that are kept in the repository
hold pictures coded with loss (`light`), and the cards at the head of every page small ones.

Alone: `embed_picture(Path("fig04_latent_walk.png"), caption="...")`.
"""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from repro.errors import UnusableError

MANY_COLOURS = 1 << 15  # more of them: made of images. Charts have some thousands, with smoothing
STEP, TINT_STEP = 5, 8  # grey levels of 255; 255 is a multiple of STEP, so that white stays white
MOST_PIXELS = 4_000_000  # of an embedded picture
WEBP = {"lossless": True, "quality": 50, "method": 1}  # method 2: 1 % smaller, 60 % more time

LIGHT = 100_000  # bytes: an animation up to this is embedded as it is
FRAMES, LONGEST_SIDE, QUALITY = 6, 520, 40  # of heavier ones
EACH, LAST = 1000, 2500  # milliseconds that a frame is shown
LIGHT_WIDTH, LIGHT_QUALITY = 720, 20  # of pages that are kept in the repository
CARD, CARD_QUALITY = (480, 300), 40  # pixels, and their coding, of a picture on a card


@dataclass(frozen=True)
class Picture:
    """An image as a data: URI, its size in pixels; `hard`: a pixel picture, never smoothed.

    file: below the run's folder, or the bare name.
    """

    name: str
    file: str
    uri: str
    width: int
    height: int
    hard: bool
    caption: str
    note: str


def embed_picture(
    path: Path, *, caption: str, run: Path | None = None, light: bool = False
) -> Picture:
    """Embed a PNG, coded with loss where `light`. Raises ValueError where it is none.

    run: the folder below which it is named.
    """
    picture, content = _opened(path, kind="PNG")
    hard = picture.info.get("Kind") == "pixels"
    if light:
        picture = _at_most(picture.convert("RGB"), LIGHT_WIDTH)
        uri = _data_uri(_lossy(picture, LIGHT_QUALITY), "webp")
        note = "coded with loss"
        return Picture(path.name, _below(path, run), uri, *picture.size, hard, caption, note)
    notes = []
    kind, size = "png", picture.size
    if picture.mode == "RGB":  # others are none of ours, and go in as they are
        factor = 1
        while picture.width * picture.height > factor**2 * MOST_PIXELS:
            factor += 1
        if factor > 1:
            notes.append(f"{factor} times smaller than the file")
            picture = picture.reduce(factor)
        if picture.getcolors(MANY_COLOURS) is None:
            notes.append(f"colours within {TINT_STEP // 2} of 255")
            picture = Image.fromarray(rounded(np.asarray(picture)))
        coded = io.BytesIO()
        picture.save(coded, "WEBP", **WEBP)
        if factor > 1 or len(coded.getvalue()) < len(content):
            kind, size, content = "webp", picture.size, coded.getvalue()
        else:
            notes = []
    uri = _data_uri(content, kind)
    return Picture(path.name, _below(path, run), uri, *size, hard, caption, "; ".join(notes))


def card_picture(path: Path) -> str:
    """The upper part of a PNG, small, as a data: address. Raises ValueError where it is none."""
    picture, _ = _opened(path, kind="PNG")
    width, height = CARD
    picture = picture.convert("RGB")
    upper = picture.crop(
        (0, 0, picture.width, min(picture.height, picture.width * height // width))
    )
    return _data_uri(_lossy(_at_most(upper, width), CARD_QUALITY), "webp")


def embed_animation(path: Path, *, run: Path | None = None) -> Picture:
    """Embed an animated WebP, a heavy one by some of its frames. Raises ValueError naming it."""
    animation, content = _opened(path, kind="WebP")
    size, note = animation.size, ""
    if len(content) > LIGHT:
        frames = getattr(animation, "n_frames", 1)
        chosen = np.linspace(0, frames - 1, min(frames, FRAMES)).round().astype(int)
        shown = [_frame(animation, int(place)) for place in chosen]
        coded = io.BytesIO()
        shown[0].save(
            coded,
            "WEBP",
            save_all=True,
            append_images=shown[1:],
            duration=[EACH] * (len(shown) - 1) + [LAST] if len(shown) > 1 else LAST,
            loop=0,
            quality=QUALITY,
            method=4,
        )
        if len(coded.getvalue()) < len(content):
            size, content = shown[0].size, coded.getvalue()
            note = f"coded smaller, {len(shown)} of {frames} frames"
    uri = _data_uri(content, "webp")
    return Picture(path.name, _below(path, run), uri, *size, False, "", note)


def rounded(pixels: np.ndarray) -> np.ndarray:
    """The same picture in fewer colours: green within 2 of 255, red and blue within 4.

    pixels (H, W, 3) uint8. Red and blue are rounded in their differences from green, since eyes
    are less sharp for tint than for brightness; so greys stay grey. Black and white stay.
    """
    values = pixels.astype(np.int16)
    green = (values[..., 1:2] + STEP // 2) // STEP * STEP
    tint = np.rint((values[..., ::2] - green) / TINT_STEP).astype(np.int16) * TINT_STEP
    red_blue = np.clip(green + tint, 0, 255)
    found = np.concatenate([red_blue[..., :1], green, red_blue[..., 1:]], axis=-1)
    return found.astype(np.uint8)


def _opened(path: Path, *, kind: str) -> tuple[Image.Image, bytes]:
    try:
        content = path.read_bytes()
        picture = Image.open(io.BytesIO(content), formats=[kind])
        picture.load()
    except OSError as error:
        raise UnusableError(f"{path}: not a readable {kind} ({error}); rerun its step") from None
    return picture, content


def _at_most(picture: Image.Image, width: int) -> Image.Image:
    if picture.width <= width:
        return picture
    height = round(picture.height * width / picture.width)
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _lossy(picture: Image.Image, quality: int) -> bytes:
    coded = io.BytesIO()
    picture.save(coded, "WEBP", quality=quality, method=6)
    return coded.getvalue()


def _frame(animation: Image.Image, place: int) -> Image.Image:
    animation.seek(place)
    frame = animation.convert("RGB")
    frame.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return frame


def _below(path: Path, run: Path | None) -> str:
    return path.name if run is None else path.relative_to(run).as_posix()


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
