"""Make near-duplicates of a picture, in stated ways at stated strengths.

Where in the flow: the source `data_prep/planted.py` makes a test set of copies with it, on which
`experiments/dedup` measures the share that a hash finds (paper §4.1.1 argues its recall only from
the number removed). Everything is applied to the full-size picture, and every copy is a JPEG, so
that it is read like any reposted photo.

The settings of the hash were chosen on copies of these kinds (experiments/LOG.md):

| kind       | strength is                                                                  |
|------------|------------------------------------------------------------------------------|
| recompress | the JPEG quality of the copy                                                 |
| rescale    | factor on both sides (area average below 1, bicubic above)                   |
| crop       | share of width and of height cut off, left and right, top and bottom together; |
|            | the rest is at any place with equal probability                              |
| brightness | factor on all values, clipped at 255                                         |
| noise      | standard deviation, grey levels, Gaussian, independent at each value         |
| blur       | standard deviation of the Gaussian, pixels of a picture with shorter side 256; |
|            | a quarter of its own pixels leaves a smaller picture unchanged               |
| mirror     | 1: left and right exchanged                                                  |

No setting of the pipeline's hash was chosen on the following, fresh ones (they were looked at in
trials of other hashes, experiments/LOG.md):

| kind       | strength is                                                                  |
|------------|------------------------------------------------------------------------------|
| contrast   | factor on the distance from the picture's mean, clipped at 0 and 255         |
| grey       | 1: the luma (ITU-R BT.601) in all three channels                             |
| warmth     | factor on red and divisor of blue, clipped at 255                            |
| sharpen    | amount of an unsharp mask, its Gaussian as wide as that of blur at 1         |
| caption    | share of the height, at the bottom, covered by a black bar with white words  |
| frame      | white border added on all sides, as a share of the shorter side              |
| rotate     | degrees, enlarged until no corner is empty; either way with equal probability |

Two more kinds, in neither test set of the pipeline, complete what people do every day to a photo
(EVERYDAY, which `python -m repro bench near_copies` scores):

| kind       | strength is                                                                  |
|------------|------------------------------------------------------------------------------|
| narrow     | share of the width by which the picture is squeezed                          |
| text       | height of a line of outlined white words at the bottom, as a share           |

Alone: `near_copy(picture, kind="blur", strength=2.0, rng=generator(42, "a copy"))`.
"""

from collections.abc import Callable

import cv2
import numpy as np
import simplejpeg

STRENGTHS: dict[str, tuple[float, ...]] = {
    "recompress": (95, 75, 50, 30),
    "rescale": (0.5, 0.71, 1.41, 2),
    "crop": (0.01, 0.02, 0.05, 0.1),
    "brightness": (0.7, 0.85, 1.15, 1.3),
    "noise": (2, 5, 10, 20),
    "blur": (0.5, 1, 2, 3),
    "mirror": (1,),
}
FRESH_STRENGTHS: dict[str, tuple[float, ...]] = {
    "contrast": (0.7, 0.85, 1.15, 1.3),
    "grey": (1,),
    "warmth": (0.8, 0.9, 1.1, 1.25),
    "sharpen": (0.5, 1, 2),
    "caption": (0.05, 0.1, 0.15),
    "frame": (0.01, 0.03, 0.05),
    "rotate": (1, 2, 5),
}
EVERYDAY: tuple[tuple[str, float], ...] = (
    ("brightness", 1.12),
    ("recompress", 30),
    ("rescale", 0.6),
    ("sharpen", 1),
    ("rotate", 1),
    ("text", 0.07),
    ("crop", 0.04),
    ("narrow", 0.05),
    ("grey", 1),
)
KINDS, FRESH_KINDS = tuple(STRENGTHS), tuple(FRESH_STRENGTHS)
QUALITY = 95  # of the copies' JPEG, unless the quality is the perturbation
WORDS = "Photo: from the web"  # of a caption
BLUR_SIDE = 256  # pixels: shorter side that defines the strengths of blur


def perturbations(*, fresh: bool = False) -> list[tuple[str, float]]:
    """All (kind, strength) of the first table above, or of the second if fresh, in its order."""
    table = FRESH_STRENGTHS if fresh else STRENGTHS
    return [(kind, strength) for kind, strengths in table.items() for strength in strengths]


def near_copy(
    picture: np.ndarray,
    *,
    kind: str,
    strength: float,
    rng: np.random.Generator,
    quality: int = QUALITY,
) -> bytes:
    """A near-duplicate of picture (H, W, 3) uint8 as JPEG bytes (4:2:0); a pure function.

    strength: see the module's tables; any value of its unit is allowed. rng draws the place of a
    crop, the noise and the direction of a rotation. quality: of the JPEG, 1..100, except for
    "recompress". Raises ValueError for an unknown kind.
    """
    if kind == "recompress":
        quality = round(strength)
    changed = np.ascontiguousarray(perturbed(picture, kind=kind, strength=strength, rng=rng))
    return bytes(
        simplejpeg.encode_jpeg(changed, quality=quality, colorspace="RGB", colorsubsampling="420")
    )


def perturbed(
    picture: np.ndarray, *, kind: str, strength: float, rng: np.random.Generator
) -> np.ndarray:
    """The pixels that `near_copy` encodes: (h, w, 3) uint8; unchanged for "recompress"."""
    if kind not in MAKERS:
        raise ValueError(f"no perturbation '{kind}'; there are {', '.join(MAKERS)}")
    return MAKERS[kind](picture, strength, rng)


def _rescaled(picture: np.ndarray, factor: float, _: np.random.Generator) -> np.ndarray:
    size = [max(1, round(side * factor)) for side in picture.shape[1::-1]]
    return cv2.resize(
        picture, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    )


def _cropped(picture: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    height, width = picture.shape[:2]
    rows, columns = (max(1, round(side * (1 - share))) for side in (height, width))
    top, left = (int(rng.integers(n + 1)) for n in (height - rows, width - columns))
    return picture[top : top + rows, left : left + columns]


def _noisy(picture: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(picture.shape, np.float32)
    return _as_pixels(picture + np.float32(deviation) * noise)


def _blurred(picture: np.ndarray, deviation: float, _: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), deviation * min(picture.shape[:2]) / BLUR_SIDE)


def _contrasted(picture: np.ndarray, factor: float, _: np.random.Generator) -> np.ndarray:
    mean = picture.mean(dtype=np.float64)
    return _as_pixels(mean + factor * (picture - mean))


def _grey(picture: np.ndarray, _: float, __: np.random.Generator) -> np.ndarray:
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def _warmed(picture: np.ndarray, factor: float, _: np.random.Generator) -> np.ndarray:
    return _as_pixels(picture * np.array([factor, 1, 1 / factor], np.float32))


def _sharpened(picture: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    soft = _blurred(picture, 1.0, rng).astype(np.float32)
    return _as_pixels(picture + np.float32(amount) * (picture - soft))


def _captioned(picture: np.ndarray, share: float, _: np.random.Generator) -> np.ndarray:
    height = picture.shape[0]
    bar = min(height, max(1, round(share * height)))
    captioned = picture.copy()
    captioned[height - bar :] = 0
    where, size = (bar // 4, height - bar // 4), bar / 40
    cv2.putText(captioned, WORDS, where, cv2.FONT_HERSHEY_SIMPLEX, size, (255,) * 3, 1, cv2.LINE_AA)
    return captioned


def _squeezed(picture: np.ndarray, share: float, _: np.random.Generator) -> np.ndarray:
    height, width = picture.shape[:2]
    size = (max(1, round(width * (1 - share))), height)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _written_on(picture: np.ndarray, share: float, _: np.random.Generator) -> np.ndarray:
    height = picture.shape[0]
    size = max(1, round(share * height)) / 30
    written, where = picture.copy(), (height // 20, height - height // 20)
    for value, pen in ((0, 3), (255, 1)):
        width = max(1, round(pen * size))
        font, colour = cv2.FONT_HERSHEY_SIMPLEX, (value,) * 3
        cv2.putText(written, WORDS, where, font, size, colour, width, cv2.LINE_AA)
    return written


def _framed(picture: np.ndarray, share: float, _: np.random.Generator) -> np.ndarray:
    border = max(1, round(share * min(picture.shape[:2])))
    return np.pad(picture, ((border, border), (border, border), (0, 0)), constant_values=255)


def _rotated(picture: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    height, width = picture.shape[:2]
    angle = np.deg2rad(degrees)
    longer = max(height / width, width / height)
    enlarged = np.cos(angle) + longer * np.sin(angle)  # the rectangle within the rotated one
    turn = float(degrees * rng.choice([-1, 1]))
    middle = (width - 1) / 2, (height - 1) / 2
    matrix = cv2.getRotationMatrix2D(middle, turn, float(enlarged))
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def _as_pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


MAKERS: dict[str, Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    "recompress": lambda picture, quality, rng: picture,  # the encoder does it
    "rescale": _rescaled,
    "crop": _cropped,
    "brightness": lambda picture, factor, rng: _as_pixels(
        picture.astype(np.float32) * np.float32(factor)
    ),
    "noise": _noisy,
    "blur": _blurred,
    "mirror": lambda picture, one, rng: picture[:, ::-1],
    "contrast": _contrasted,
    "grey": _grey,
    "warmth": _warmed,
    "sharpen": _sharpened,
    "caption": _captioned,
    "frame": _framed,
    "rotate": _rotated,
    "narrow": _squeezed,
    "text": _written_on,
}
