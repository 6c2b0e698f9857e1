"""Near-duplicates of a picture, made in seven ways at stated strengths.

Where in the flow: the source `data_prep/planted.py` makes a test set of copies with it, on which
`experiments/dedup` measures how many of them a hash finds (paper §4.1.1 argues its recall only from
the number removed). Everything is applied to the full-size picture, and every copy is a JPEG, so
that it is read like any photo met again on the web.

| kind       | strength is                                                                  |
|------------|------------------------------------------------------------------------------|
| recompress | the JPEG quality of the copy                                                 |
| rescale    | factor on both sides (area average below 1, bicubic above)                   |
| crop       | share of width and of height cut off, left and right, top and bottom together; |
|            | what stays lies anywhere with equal probability                              |
| brightness | factor on all values, clipped at 255                                         |
| noise      | standard deviation, grey levels, Gaussian, independent at each value         |
| blur       | standard deviation of the Gaussian, pixels of a picture with shorter side 256; |
|            | a quarter of its own pixels leaves a smaller picture as it is                |
| mirror     | 1: left and right exchanged                                                  |

Alone: `near_copy(picture, kind="blur", strength=2.0, rng=generator(42, "a copy"))`.
"""

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
KINDS = tuple(STRENGTHS)
QUALITY = 95  # of the copies' JPEG, where the quality is not the perturbation
BLUR_SIDE = 256  # pixels: shorter side to which the strengths of blur refer


def perturbations() -> list[tuple[str, float]]:
    """All (kind, strength), in the order of the table above."""
    return [(kind, strength) for kind, strengths in STRENGTHS.items() for strength in strengths]


def near_copy(
    picture: np.ndarray,
    *,
    kind: str,
    strength: float,
    rng: np.random.Generator,
    quality: int = QUALITY,
) -> bytes:
    """A near-duplicate of picture (H, W, 3) uint8 as JPEG bytes (4:2:0); a pure function.

    strength: see the module's table; any value of its unit, not only those of `STRENGTHS`. rng
    draws the place of a crop and the noise. quality: of the JPEG, 1..100, but for "recompress".
    Raises ValueError for an unknown kind.
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
    """What `near_copy` encodes: (h, w, 3) uint8; the picture itself for "recompress"."""
    height, width = picture.shape[:2]
    if kind == "recompress":
        return picture
    if kind == "rescale":
        size = max(1, round(width * strength)), max(1, round(height * strength))
        method = cv2.INTER_AREA if strength < 1 else cv2.INTER_CUBIC
        return cv2.resize(picture, size, interpolation=method)
    if kind == "crop":
        rows, columns = (max(1, round(side * (1 - strength))) for side in (height, width))
        top, left = (int(rng.integers(n + 1)) for n in (height - rows, width - columns))
        return picture[top : top + rows, left : left + columns]
    if kind == "brightness":
        return _as_pixels(picture.astype(np.float32) * np.float32(strength))
    if kind == "noise":
        noise = rng.standard_normal(picture.shape, np.float32)
        return _as_pixels(picture + np.float32(strength) * noise)
    if kind == "blur":
        deviation = strength * min(height, width) / BLUR_SIDE
        return cv2.GaussianBlur(picture, (0, 0), deviation)
    if kind == "mirror":
        return picture[:, ::-1]
    raise ValueError(f"no perturbation '{kind}'; there are {', '.join(KINDS)}")


def _as_pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
