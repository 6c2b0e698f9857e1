"""Records of a source -> square pixels of a dataset, or the reason for skipping them.

Where in the flow: the work of prepare.py's decoding threads. An unreadable record gives a reason
(repro/data/formats.py lists them); a fault of the program remains an exception and names the
record.

Channels: grey pictures are repeated to 3 channels; with `channels: 1` colour becomes luma (ITU-R
601).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from data_prep.source import Record
from repro.data.decode_pool import chunks_in_order
from repro.data.formats import UnreadableImage
from repro.data.images import centre_crop, decode, decode_square
from repro.data.raw_images import file_bytes
from repro.data.several_pictures import holds_several

Payload = bytes | np.ndarray | Path
Labels = dict[str, float | int]
Loaded = tuple[Record, Payload]  # a record, and its content or where that is stored


@dataclass(frozen=True)
class Decoded:
    """A run of records: pixels of the readable ones, and why the others were skipped.

    images: (n, size, size, channels) uint8, with a key and labels for each. skipped: key, reason.
    several: files among the readable ones that hold several pictures, of which one was taken.
    """

    images: np.ndarray
    keys: list[str]
    labels: list[Labels]
    skipped: list[tuple[str, str]]
    several: int = 0

    def __len__(self) -> int:
        return len(self.keys) + len(self.skipped)


def decoded(
    records: Iterator[Loaded], *, size: int, channels: int, workers: int
) -> Iterator[Decoded]:
    """Runs of successive records, decoded by `workers` threads, in the records' order.

    Raises every error that is not a finding about a record.
    """

    def decode_all(chunk: list[Loaded]) -> Decoded:
        return _decode_all(chunk, size=size, channels=channels)

    return chunks_in_order(records, decode_all, workers=workers, weight=_weight)


def _decode_all(records: list[Loaded], *, size: int, channels: int) -> Decoded:
    images = np.empty((len(records), size, size, channels), np.uint8)
    result = Decoded(images, keys=[], labels=[], skipped=[])
    several = 0
    for record, payload in records:
        found = _pixels_or_reason(record, payload, size=size, channels=channels)
        if isinstance(found, str):
            result.skipped.append((record.key, found))
        else:
            images[len(result.keys)] = found.image
            several += found.several
            result.keys.append(record.key)
            result.labels.append(record.labels)
    return replace(result, images=images[: len(result.keys)], several=several)


def _weight(record: Loaded) -> int:
    payload = record[1]
    if isinstance(payload, bytes):
        return len(payload)
    return payload.nbytes if isinstance(payload, np.ndarray) else 0


class _Picture(NamedTuple):
    image: np.ndarray  # (size, size, channels) uint8
    several: bool = False  # its file holds more


def _pixels_or_reason(
    record: Record, payload: Payload, *, size: int, channels: int
) -> _Picture | str:
    """The picture of a record, or the reason for skipping it."""
    if record.skip is not None:
        return record.skip
    try:
        return _pixels(record, payload, size=size, channels=channels)
    except UnreadableImage as error:
        return error.reason
    except OSError:
        return "cannot_open"
    except Exception as error:
        error.add_note(f"while decoding '{record.key}'")
        raise


def _pixels(record: Record, payload: Payload, *, size: int, channels: int) -> _Picture:
    data = file_bytes(payload) if isinstance(payload, Path) else payload
    if isinstance(data, bytes) and record.crop is None:
        square = decode_square(data, size, channels=channels)
    else:
        whole = whole_picture(data, channels=channels, crop=record.crop)
        square = centre_crop(whole, size)
    return _Picture(square, isinstance(data, bytes) and holds_several(data))


def whole_picture(
    payload: Payload, *, channels: int, crop: tuple[int, int, int, int] | None
) -> np.ndarray:
    """(H, W, channels) uint8 of a record at full size, upright, cut to `crop`.

    Raises UnreadableImage, also for a picture that does not contain the crop, and OSError.
    """
    data = file_bytes(payload) if isinstance(payload, Path) else payload
    if isinstance(data, bytes):
        image = decode(data, channels=channels)
    else:
        image = with_channels(data, channels)
    if crop is None:
        return image
    left, top, width, height = crop
    image = image[top : top + height, left : left + width]
    if image.shape[:2] != (height, width):
        raise UnreadableImage("smaller_than_crop")
    return image


def with_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """(H, W) or (H, W, 1|3) uint8 -> (H, W, channels)."""
    if pixels.shape[2:] == (channels,):
        return pixels
    grey = pixels.ndim == 2 or pixels.shape[2] == 1
    picture = Image.fromarray(np.ascontiguousarray(pixels).reshape(pixels.shape[: 3 - grey]))
    converted = np.asarray(picture.convert("L" if channels == 1 else "RGB"))
    return converted.reshape(*pixels.shape[:2], channels)
