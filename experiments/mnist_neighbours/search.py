"""The nearest of 1,000, ... 10,000,000 samples to each digit: streamed, resumes after a kill.

Part of measure.py. A block of samples is drawn, compared with all digits by one matrix product
(repro.quality.neighbours) and discarded, so memory does not grow with the number of samples. The
nearest so far are saved from time to time; the same call resumes from that file and gives the same
numbers, since a block depends on its number alone. Alone:
`nearest_samples(samples, digits, (1000,))`.
"""

import hashlib
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.mnist_neighbours.samples import LabelledSamples
from repro.artefacts.arrays import save_arrays
from repro.progress import Progress
from repro.quality.neighbours import Nearest

SECONDS_BETWEEN_SAVES = 20.0


@dataclass(frozen=True)
class NearestSamples:
    """The nearest sample of each of T digits, at C numbers of samples searched.

    counts (C,) int64; distances (C, T) float64, Euclidean, pixels in [0, 1]; numbers (C, T) int64:
    the number of that sample.
    """

    counts: np.ndarray
    distances: np.ndarray
    numbers: np.ndarray


def nearest_samples(
    samples: LabelledSamples,
    digits: np.ndarray,
    counts: tuple[int, ...],
    *,
    state: Path | None = None,
) -> NearestSamples:
    """Exact 1-nearest samples of digits (T, F) float32 in [0, 1], at ascending counts.

    state: .npz file of the unfinished search; a file of another search is ignored.
    """
    search = _Search(samples, digits, counts)
    search.resume(state)
    saved = time.monotonic()
    seen, total = search.nearest.seen, counts[-1]
    with Progress("nearest samples", unit="samples", total=total, initial=seen) as progress:
        while search.nearest.seen < counts[-1]:
            progress.update(search.next_block())
            if time.monotonic() - saved > SECONDS_BETWEEN_SAVES:
                search.save(state)
                saved = time.monotonic()
    search.save(state)
    return NearestSamples(
        counts=np.array(counts),
        distances=np.sqrt(np.stack(search.squared)),
        numbers=np.stack(search.numbers),
    )


class _Search:
    """A search in progress: the nearest samples so far, and those at the counts already passed."""

    def __init__(
        self, samples: LabelledSamples, digits: np.ndarray, counts: tuple[int, ...]
    ) -> None:
        self.samples, self.counts = samples, counts
        self.nearest = Nearest(digits, device=samples.device)
        self.squared: list[np.ndarray] = []  # (T,) at each count passed
        self.numbers: list[np.ndarray] = []
        words = f"{samples.identity()} {hashlib.sha256(digits.tobytes()).hexdigest()} {counts}"
        self.identity = np.frombuffer(hashlib.sha256(words.encode()).digest(), np.uint8)

    def next_block(self) -> int:
        """Draw one block, compare it up to the last count, and return the number compared."""
        before, size = self.nearest.seen, self.samples.block
        block = self.samples.at(before // size)
        end = min(before + size, self.counts[-1])
        inside = [count for count in self.counts if before < count < end]
        for stop in (*inside, end):
            start = self.nearest.seen
            self.nearest.see(block[start - before : stop - before])
            if stop in self.counts:
                self.squared.append(self.nearest.squared[:, 0].copy())
                self.numbers.append(self.nearest.indices[:, 0].copy())
        return end - before

    def save(self, path: Path | None) -> None:
        """Write the state of the search; called only between blocks."""
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (len(self.squared), len(self.nearest.queries))
        save_arrays(
            path,
            identity=self.identity,
            passed_squared=np.array(self.squared, np.float64).reshape(shape),
            passed_numbers=np.array(self.numbers, np.int64).reshape(shape),
            **self.nearest.state(),
        )

    def resume(self, path: Path | None) -> None:
        """Continue a saved search of the same samples, digits and counts, if there is one."""
        if path is None or not path.is_file():
            return
        try:
            with np.load(path, allow_pickle=False) as saved:
                arrays = dict(saved)
            if not np.array_equal(arrays.pop("identity"), self.identity):
                raise ValueError("it belongs to other samples, digits or counts")
            squared, numbers = arrays.pop("passed_squared"), arrays.pop("passed_numbers")
            self.nearest.restore(arrays)
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            print(f"{path}: starts afresh ({error})", flush=True)
            return
        self.squared, self.numbers = list(squared), list(numbers)
        print(f"{path}: resumes after sample {self.nearest.seen:,}", flush=True)
