"""LMDB of JPEGs -> prepared dataset on disk, next to Pillow's full decode, resize and centre crop.

Ours is the whole step `data_prep.prepare`, including all that it writes and hashes. The reference
reads the same database, decodes each picture in full, and scales its centred square to 64 pixels
with Pillow's default filter (bicubic, antialiased), by threads or by processes, whichever is
faster; it writes nothing. Pillow's box filter, faster and less sharp, and its scaled decode
(`draft`, crop by whole pixels) are recorded too.

Runs alone: python -m repro bench prepare
"""

import argparse
import io
import multiprocessing
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from repro.bench.alternation import alternate
from repro.bench.jpeg_database import write_database
from repro.command_line import at_least_one
from repro.data.decode_pool import chunks_in_order
from repro.data.raw_images import lmdb_entries
from repro.data.store import ImageStore
from repro.runs.extensions import preparation
from repro.specs.dataset import DatasetSpec

SIZE = 64

Filter = Image.Resampling


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--images", type=at_least_one, default=20_000, help="pictures in the database"
    )


def run(given: argparse.Namespace) -> dict[str, Any]:
    """The record, in images per second."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        database = write_database(folder / "bedroom_train_lmdb", images=given.images)
        print(f"{database.images} JPEGs, {database.mean_bytes:,.0f} bytes on average", flush=True)
        data = database.folder / "data.mdb"
        ways: dict[str, Callable[[], int]] = {
            "ours": lambda: _prepare(folder, workers=given.threads),
        }
        for name, square in PILLOW.items():
            ways[f"{name}, threads"] = partial(_by_threads, data, square, given.threads)
            ways[f"{name}, processes"] = partial(_by_processes, data, square, given.threads)
        rates = alternate(ways, repeats=given.repeats)
    best = {
        name: max((f"{name}, {by}" for by in ("threads", "processes")), key=lambda w: rates[w].rate)
        for name in PILLOW
    }
    reference = best["full decode, bicubic"]
    return {
        "ours": rates["ours"].rate,
        "reference": rates[reference].rate,
        "ratio": round(rates["ours"].rate / rates[reference].rate, 2),
        "reference_is": f"Pillow: {reference}",
        "unit": "images/s",
        "n": database.images,
        "device": "cpu",
        "mean_bytes": round(database.mean_bytes),
        "cpu_microseconds": {"ours": rates["ours"].cpu, "reference": rates[reference].cpu},
        "runs": {"ours": rates["ours"].per_second, "reference": rates[reference].per_second},
        "other_pillow": {w: rates[w].rate for n, w in best.items() if w != reference},
    }


def _prepare(folder: Path, *, workers: int) -> int:
    """Our whole step; returns the number of images in the dataset."""
    spec = DatasetSpec(source="lsun", image_size=SIZE)
    preparation()(spec=spec, raw=folder, out=folder / "prepared", workers=workers)
    return len(ImageStore.open(folder / "prepared"))


def full_decode(data: bytes, resampling: Filter) -> np.ndarray:
    """(64, 64, 3) uint8 from all pixels of the centred square."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    side = min(picture.size)
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    box = (left, top, left + side, top + side)
    return np.asarray(picture.resize((SIZE, SIZE), resampling, box=box))


def draft_decode(data: bytes) -> np.ndarray:
    """(64, 64, 3) uint8 from Pillow's scaled decode, cropped by whole pixels."""
    picture = Image.open(io.BytesIO(data))
    picture.draft("RGB", (SIZE, SIZE))
    left, top = (picture.width - SIZE) // 2, (picture.height - SIZE) // 2
    return np.asarray(picture.crop((left, top, left + SIZE, top + SIZE)))


PILLOW: dict[str, Callable[[bytes], np.ndarray]] = {
    "full decode, bicubic": partial(full_decode, resampling=Filter.BICUBIC),
    "full decode, box": partial(full_decode, resampling=Filter.BOX),
    "draft": draft_decode,
}


def _by_threads(data: Path, square: Callable[[bytes], np.ndarray], workers: int) -> int:
    def squares(chunk: list[bytes]) -> int:
        return len([square(value) for value in chunk])

    values = (read() for _, read in lmdb_entries(data))
    return sum(chunks_in_order(values, squares, workers=workers))


def _by_processes(data: Path, square: Callable[[bytes], np.ndarray], workers: int) -> int:
    """Every process reads its own records; it returns only their number."""
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        shares = [pool.submit(_share, data, square, n, workers) for n in range(workers)]
        return sum(share.result() for share in shares)


def _share(data: Path, square: Callable[[bytes], np.ndarray], first: int, step: int) -> int:
    done = 0
    for _, read in islice(lmdb_entries(data), first, None, step):
        square(read())
        done += 1
    return done
