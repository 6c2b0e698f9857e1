"""Convert the bytes of one image to square uint8 pixels, and pixels to network range and back.

Where in the flow: data_prep/prepare.py passes every payload to `decode_square`, so all datasets are
cropped and scaled in one way: shorter side to the requested size, centre crop (paper §4.3 for
ImageNet: "min-resized centre crops"; for LSUN the paper is silent and we do the same). The filter
is Pillow's antialiased bicubic with a crop box in fractions of a pixel; it is the identity where no
scaling is needed. A JPEG is decoded directly at the smallest of libjpeg's scales (1/8, 2/8 ... 8/8)
that still covers the requested size: a 256-pixel LSUN photo at 1/4 for a 64-pixel picture. Where
the centred square then falls between the pixels it is decoded at 1/2 and averaged.
repro/data/decoders.py handles formats and damage.

Alone: `decode_square(path.read_bytes(), 64)`.
"""

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from repro.data.decoders import decode_stored
from repro.errors import UnusableError

if TYPE_CHECKING:
    import torch


def decode(data: bytes, *, channels: int = 3, at_least: int | None = None) -> np.ndarray:
    """Image bytes -> (H, W, channels) uint8, upright by its EXIF orientation.

    With `at_least` (pixels) a JPEG may be decoded at 1/8 to 7/8 of its size, its shorter side still
    at least `at_least`; other formats, and smaller pictures, keep their full size. Grey, CMYK,
    palette, 16-bit and transparent pictures (on white) become plain RGB; channels=1 gives the luma
    (ITU-R 601). Animations give their first frame. Raises UnreadableImage.
    """
    stored = decode_stored(data, channels=channels, at_least=at_least)
    return _upright(stored.image, stored.orientation)


def decode_square(data: bytes, size: int, *, channels: int = 3) -> np.ndarray:
    """Image bytes -> (size, size, channels) uint8: shorter side to `size`, centre crop.

    It equals centre_crop(decode(data, at_least=size), size), except for fractions of a pixel: 341
    columns at 1/4 are 85.25 wide though 86 are stored, and the crop is centred on the former. Where
    libjpeg's scale gives the size exactly, the result is the mean over each pixel's area: on photos
    with a shorter side of 256 it differs from that of a full decode by 0.4 to 1.1 grey levels on
    average (256x256: 0.4, 341x256: 0.6, 455x256: 0.7). Raises UnreadableImage.
    """
    return square_and_shape(data, size, channels=channels)[0]


def square_and_shape(
    data: bytes, size: int, *, channels: int = 3
) -> tuple[np.ndarray, tuple[int, int]]:
    """The picture of `decode_square`, and height and width of the whole image, upright."""
    image, orientation, extent, libjpeg, shape = decode_stored(
        data, channels=channels, at_least=size, centred=True
    )
    crop = _halved_square if libjpeg and min(extent) == 2 * size else _square
    upright = shape if orientation < 5 else shape[::-1]
    return _upright(crop(image, size, extent=extent), orientation), upright


def centre_crop(image: np.ndarray, size: int) -> np.ndarray:
    """(H, W, C) uint8 -> (size, size, C) uint8: shorter side to `size` (antialiased), centre crop.

    Smaller pictures are enlarged. Paper §4.3; it does not state the filter, nor LSUN's crop.
    """
    height, width = image.shape[:2]
    return _square(image, size, extent=(height, width))


def spread(count: int, batch: int) -> list[slice]:
    """Batches of at most `batch` of `count` rows, each of every k-th row; k: number of batches.

    So rows sorted by class give batches of all classes, whose means and variances are near those of
    all rows.
    """
    batches = -(-count // batch)
    return [slice(number, None, batches) for number in range(batches)]


def to_tensor(images: np.ndarray, *, low: int = -1) -> "torch.Tensor":
    """uint8 (N, H, W, C) in 0..255 -> float32 (N, C, H, W) in [low, 1].

    low is -1 for the range of tanh (paper §4), 0 for that of a sigmoid (authors' MNIST code).
    """
    import torch  # imported late: preparing data needs neither its seconds nor its 500 MB

    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(f"expected uint8 (N, H, W, C), found {images.dtype} {images.shape}")
    pixels = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2)  # a copy: memmaps are read-only
    scaled = pixels.to(torch.float32, memory_format=torch.contiguous_format)
    return scaled.div_(255 / (1 - low)).add_(low)


def to_uint8(images: "torch.Tensor", *, low: int = -1) -> np.ndarray:
    """Float (N, C, H, W) in [low, 1] -> uint8 (N, H, W, C); rounds, and clamps values outside.

    It is the inverse of `to_tensor` on all 256 values. Raises ValueError on NaN or infinity.
    """
    import torch

    pixels = images.detach().to(device="cpu", dtype=torch.float32)
    if not bool(torch.isfinite(pixels).all()):
        raise UnusableError("images hold NaN or infinity: the network that drew them has diverged")
    pixels = pixels.sub(low).mul_(255 / (1 - low)).round_().clamp_(0, 255).to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(0, 2, 3, 1).numpy())


def halve(images: np.ndarray) -> np.ndarray:
    """uint8 (N, 2h, 2w, C) -> (N, h, w, C): the 2x2 mean, halves rounded up.

    It turns 64-pixel training images into the 32x32 input of the hash's autoencoder (§4.1.1).
    """
    height, width = images.shape[1:3]
    if height % 2 or width % 2:
        raise ValueError(f"halve needs even height and width, found {height}x{width}")
    # sums of strided views: eight times as fast as a reshape and a sum over two axes
    sums = images[:, ::2].astype(np.uint16)
    sums += images[:, 1::2]
    blocks = sums[:, :, ::2] + sums[:, :, 1::2]
    blocks += 2
    blocks >>= 2
    return blocks.astype(np.uint8)


def halved_to(images: np.ndarray, side: int) -> np.ndarray:
    """uint8 (N, H, W, C), halved until neither side is above `side` pixels or one is odd."""
    while max(images.shape[1:3]) > side and not (images.shape[1] % 2 or images.shape[2] % 2):
        images = halve(images)
    return images


def _upright(image: np.ndarray, orientation: int) -> np.ndarray:
    """Undo EXIF orientation 2..8: transpose for 5..8, then flip rows and columns."""
    if orientation not in range(2, 9):
        return image
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)


def _square(image: np.ndarray, size: int, *, extent: tuple[float, float]) -> np.ndarray:
    """The largest centred square of the (height, width) in use -> (size, size, C) uint8."""
    height, width = extent
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    if side == size:  # no scaling needed: whole pixels where the margin is odd
        if extent == image.shape[:2]:
            left, top = left // 1, top // 1
        if left == int(left) and top == int(top):
            left, top = int(left), int(top)
            return np.ascontiguousarray(image[top : top + size, left : left + size])
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    box = (left, top, left + side, top + side)
    scaled = np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC, box=box))
    return scaled.reshape(size, size, image.shape[2])


def _halved_square(image: np.ndarray, size: int, *, extent: tuple[float, float]) -> np.ndarray:
    """The centred square of side 2 * size -> (size, size, C) uint8: mean over each pixel's area.

    Where the square begins at a fraction of a pixel, the pixels are first mixed with their
    neighbours by that fraction: the mean of two such mixtures is the mean over the area.
    """
    height, width = extent
    side = 2 * size
    top, left = int((height - side) / 2), int((width - side) / 2)
    fraction = (max(extent) - side) / 2 % 1  # the other margin is 0
    square = image[top : top + side, left : left + side]
    if fraction:
        down, right = (1, 0) if height > width else (0, 1)
        shifted = image[top + down : top + down + side, left + right : left + right + side]
        square = cv2.addWeighted(square, 1 - fraction, shifted, fraction, 0)
    halved = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA)
    return halved.reshape(size, size, image.shape[2])
