"""Finished parts of a long measurement, kept on disk so that a killed one need not repeat them.

Where in the flow: `experiments.contract.Inputs.finished_parts` creates it for an experiment whose
parts take minutes or hours (a row of a table, a trial of a search). A part is a mapping of arrays
and must be a pure function of everything that `identity` names: then a resumed measurement
ends in the same bytes as an uninterrupted one.

    finished = FinishedParts(folder, identity="options, seed and inputs in words")
    arrays = finished.part("row_dcgan", lambda: {"coef": fit(...)})
"""

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from repro.artefacts.arrays import save_arrays

IDENTITY = "identity"  # name of the array that identifies the work a file belongs to


class FinishedParts:
    """A folder of finished parts; with folder None nothing is kept and every part is computed."""

    def __init__(self, folder: Path | None, *, identity: str) -> None:
        self.folder = folder
        self.identity = np.frombuffer(hashlib.sha256(identity.encode()).digest(), np.uint8)

    def part(self, name: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """The arrays of part `name`: read where it was finished before, else computed and kept.

        Unreadable files and files of other work are reported and recomputed.
        """
        if self.folder is None:
            return make()
        path = self.folder / f"{name}.npz"
        found = self._read(path)
        if found is None:
            found = make()
            path.parent.mkdir(parents=True, exist_ok=True)
            save_arrays(path, **{IDENTITY: self.identity}, **found)
        return found

    def _read(self, path: Path) -> dict[str, np.ndarray] | None:
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as saved:
                arrays = dict(saved)
            if not np.array_equal(arrays.pop(IDENTITY), self.identity):
                raise ValueError("it belongs to other options, inputs or code")
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            print(f"{path}: recomputed ({error})", flush=True)
            return None
        print(f"{path}: finished before", flush=True)
        return arrays
