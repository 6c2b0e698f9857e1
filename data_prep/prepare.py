"""Raw data of any source -> a prepared dataset (repro/store.py): the first step of the pipeline.

Records stream from the source, are decoded, cropped and scaled by a pool of threads (the JPEG
decoder runs without the interpreter lock), and are written in source order: the number of workers
changes the time, not a byte of the result. Memory is bounded whatever the number of images. What
cannot be read is listed in skipped.csv with its reason and counted in the manifest.

Channels: grey pictures are repeated to 3 channels; with `channels: 1` colour becomes luma
(ITU-R 601). Limit: `limit` records evenly spread over the source order, so that a set sorted by
class keeps all its classes; unreadable ones among them are not made up for.

Runs alone: python -m data_prep.prepare --spec SPEC.json --raw RAW --out OUT [--check]
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from data_prep.source import (
    Record,
    Source,
    SourceError,
    explain_missing,
    load_source,
    missing,
    source_options,
)
from repro.decode_pool import in_order
from repro.images import UnreadableImage, centre_crop, decode, decode_square, sniff
from repro.provenance import step_folder
from repro.specs import DatasetSpec, SpecError, Strict, validated
from repro.store import StoreError, StoreWriter

Decoded = tuple[Record, np.ndarray | str]  # pixels, or the reason why there are none


def prepare(*, spec: DatasetSpec, raw: Path, out: Path, workers: int = 2) -> None:
    """Prepare the dataset `spec` from the folder `raw` into the folder `out`.

    workers: decoding threads (>= 1). Raises SpecError for a wrong source or option, SourceError
    where requirements are missing, raw files are damaged as a whole, or no record is readable.
    """
    if workers < 1:
        raise ValueError(f"workers must be 1 or more, found {workers}")
    source, options = _source_and_options(spec)
    absent = missing(raw, spec.source, options)
    if absent:
        raise SourceError(explain_missing(absent, raw))
    total = source.count(raw, options)
    wanted = _evenly_spread(total, spec.limit)
    with step_folder(out, inputs={"raw": raw}, spec=spec.model_dump(mode="json")) as folder:
        writer = StoreWriter(
            folder,
            source=spec.source,
            spec=spec.model_dump(mode="json"),
            image_size=spec.image_size,
            channels=spec.channels,
            label_fields=source.label_fields(raw, options),
            class_names=source.class_names(raw, options),
        )
        with writer, tqdm(total=len(wanted), unit="img", disable=None) as progress:
            chosen = _chosen(source.records(raw, options), wanted)
            for record, result in _decoded(chosen, spec=spec, workers=workers):
                if isinstance(result, str):
                    writer.skip(record.key, result)
                else:
                    writer.append(result, record.key, record.labels)
                progress.update()
        _require_images(folder, raw)


def _source_and_options(spec: DatasetSpec) -> tuple[Source, Strict]:
    source = load_source(spec.source)
    model = source_options(spec.source)
    return source, validated(model, spec.options, where=f"source '{spec.source}'", key="options")


def _evenly_spread(total: int, limit: int | None) -> range | list[int]:
    """Positions in the source order: all, or `limit` of them at equal distances."""
    if limit is None or limit >= total:
        return range(total)
    return [i * total // limit for i in range(limit)]


def _chosen(records: Iterator[Record], wanted: Iterable[int]) -> Iterator[Record]:
    """The records at the wanted (increasing) positions, their bytes read where they wait."""
    positions = iter(wanted)
    position = next(positions, None)
    for number, record in enumerate(records):
        if position is None:
            return
        if number == position:
            position = next(positions, None)
            if callable(record.payload):
                payload = record.payload()
                record = Record(record.key, payload, record.labels, record.skip, record.crop)
            yield record


def _decoded(records: Iterator[Record], *, spec: DatasetSpec, workers: int) -> Iterator[Decoded]:
    return in_order(records, lambda r: (r, _pixels_or_reason(r, spec=spec)), workers=workers)


def _pixels_or_reason(record: Record, *, spec: DatasetSpec) -> np.ndarray | str:
    """(image_size, image_size, channels) uint8, or the reason for leaving the record out."""
    if record.skip is not None:
        return record.skip
    try:
        return _pixels(record, size=spec.image_size, channels=spec.channels)
    except UnreadableImage as error:
        return error.reason
    except OSError:
        return "cannot_open"
    except Exception as error:
        error.add_note(f"while decoding '{record.key}'")
        raise


def _pixels(record: Record, *, size: int, channels: int) -> np.ndarray:
    payload = record.payload
    if isinstance(payload, np.ndarray):
        image = _with_channels(payload, channels)
    else:
        data = _file_bytes(payload) if isinstance(payload, Path) else payload
        assert isinstance(data, bytes)
        if record.crop is None:
            return decode_square(data, size, channels=channels)
        image = decode(data, channels=channels)
    if record.crop is not None:
        left, top, width, height = record.crop
        image = image[top : top + height, left : left + width]
        if image.shape[:2] != (height, width):
            raise UnreadableImage("smaller_than_crop")
    return centre_crop(image, size)


def _file_bytes(path: Path) -> bytes:
    """Bytes of a file; one that is no picture by its first bytes is not read any further."""
    with path.open("rb") as stream:
        head = stream.read(64)
        sniff(head)
        return head + stream.read()


def _with_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """(H, W) or (H, W, 1|3) uint8 -> (H, W, channels)."""
    if pixels.shape[2:] == (channels,):
        return pixels
    grey = pixels.ndim == 2 or pixels.shape[2] == 1
    picture = Image.fromarray(np.ascontiguousarray(pixels).reshape(pixels.shape[: 3 - grey]))
    converted = np.asarray(picture.convert("L" if channels == 1 else "RGB"))
    return converted.reshape(*pixels.shape[:2], channels)


def _require_images(folder: Path, raw: Path) -> None:
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    if not manifest["count"]:
        found = ", ".join(f"{n} {reason}" for reason, n in manifest["skipped"].items())
        raise SourceError(
            f"{raw}: no readable image for source '{manifest['source']}' (skipped: "
            f"{found or 'none'}); is it the right folder, and the right source?"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Decode, crop and scale raw images into a prepared dataset.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--spec", type=Path, required=True, help="JSON file: a DatasetSpec")
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw data")
    parser.add_argument("--out", type=Path, help="folder to write; replaced when done")
    parser.add_argument("--workers", type=int, default=2, help="decoding threads")
    parser.add_argument("--check", action="store_true", help="only say what is missing in --raw")
    given = parser.parse_args()
    if not given.check and given.out is None:
        parser.error("--out is needed (or --check)")
    try:
        spec = validated(DatasetSpec, json.loads(given.spec.read_text()), where=str(given.spec))
        _, options = _source_and_options(spec)
        if given.check:
            absent = missing(given.raw, spec.source, options)
            print(explain_missing(absent, given.raw) if absent else f"{given.raw}: complete")
            sys.exit(1 if absent else 0)
        prepare(spec=spec, raw=given.raw, out=given.out, workers=given.workers)
    except (SpecError, SourceError, StoreError, OSError) as error:
        sys.exit(f"error: {error}")
    manifest = json.loads((given.out / "manifest.json").read_text())
    print(f"{given.out}: {manifest['count']} images, skipped {manifest['skipped']}")


if __name__ == "__main__":
    main()
