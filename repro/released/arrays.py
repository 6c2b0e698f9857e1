"""Lists of arrays as the paper's authors released them: a .jl index next to numbered .npy files.

Where in the flow: between a download of Newmu/dcgan_code (MIT licence; folder `models`) and
repro.released.networks, which builds networks from them. joblib wrote an index such as
`200_discrim_params.jl` under Python 2 in 2015: a pickle of a list of NDArrayWrapper objects, each
of which only names a file (`200_discrim_params.jl_01.npy`). repro.data.plain_pickle reads it
without creating or running anything that the file names.

`read_array_list(Path(".../200_discrim_params.jl"))`; `python -m repro released FOLDER` prints all.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from repro.data.plain_pickle import Name, PickledObject, PickleError, read_pickle
from repro.errors import ExpectedError

LARGEST_INDEX = 65_536  # bytes; the authors' indices have about a thousand
WRAPPER = "sklearn.externals.joblib.numpy_pickle.NDArrayWrapper"
SUBCLASS = "numpy.ndarray"
AGAIN = "download it again"


class ReleasedError(ExpectedError, ValueError):
    """Unusable released weights; the message names the file and what to do."""


@dataclass(frozen=True)
class ArrayList:
    """The arrays of one network in the order of its index; None where a file is missing.

    Without an index `files` is empty and `unnamed` lists the array files found next to its place.
    """

    index: Path
    files: tuple[str, ...] = ()
    arrays: tuple[np.ndarray | None, ...] = ()  # float32
    unnamed: tuple[str, ...] = ()

    @property
    def indexed(self) -> bool:
        return bool(self.files)


def read_array_list(index: Path) -> ArrayList:
    """Read an index and the float32 arrays it names. A missing file gives None, never a guess.

    Raises ReleasedError for an index of another kind, and for an array file that is truncated, has
    another type, or contains numbers that are not finite.
    """
    if not index.is_file():
        unnamed = sorted(path.name for path in index.parent.glob(f"{index.name}_*.npy"))
        return ArrayList(index, unnamed=tuple(unnamed))
    files = index_files(index)
    arrays = tuple(_array(index.with_name(name)) for name in files)
    return ArrayList(index, files, arrays)


def index_files(index: Path) -> tuple[str, ...]:
    """File names in an index, in order. Raises ReleasedError for anything but such an index."""
    size = index.stat().st_size
    if size > LARGEST_INDEX:
        raise ReleasedError(
            f"{index}: {size} bytes, expected at most {LARGEST_INDEX}: it is not an array index "
            f"(those are in .npy files next to it); {AGAIN}"
        )
    data = index.read_bytes()
    try:
        listed = read_pickle(data, names={WRAPPER, SUBCLASS})
        if not isinstance(listed, list) or not listed:
            raise PickleError("it holds no list of arrays")
        names = tuple(_file_name(one) for one in listed)
        if len(set(names)) < len(names):
            raise PickleError("it names a file twice")
    except PickleError as error:
        raise ReleasedError(
            f"{index}: not a list of arrays in the authors' format: {error}; {AGAIN}"
        ) from None
    return names


def _file_name(one: Any) -> str:
    state = one.state if isinstance(one, PickledObject) and one.name == WRAPPER else None
    fields = state if isinstance(state, dict) else {}
    stored = fields.get(b"filename")
    if not isinstance(stored, bytes) or fields.get(b"subclass") != Name(SUBCLASS):
        raise PickleError("an entry is not a reference to an array")
    name = stored.decode("ascii", "backslashreplace")
    if not name.endswith(".npy") or any(mark in name for mark in "/\\:\0"):
        raise PickleError(f"{name!r} is not a plain name of a .npy file next to it")
    return name


def _array(path: Path) -> np.ndarray | None:
    """The float32 array of a .npy file; None where there is no file."""
    if not path.exists():
        return None
    try:
        # a memory map compares the header with the file's length before anything is allocated
        array = open_memmap(path, mode="r")
    except Exception as error:  # damaged headers raise nearly anything
        raise ReleasedError(f"{path}: not a complete .npy file: {error}; {AGAIN}") from None
    surplus = path.stat().st_size - array.offset - array.nbytes
    if surplus:
        raise ReleasedError(f"{path}: {surplus} bytes more than its header says; {AGAIN}")
    if array.dtype != np.float32 or array.size == 0:
        raise ReleasedError(
            f"{path}: holds {array.dtype} {array.shape}, expected float32 numbers; {AGAIN}"
        )
    if not np.isfinite(array).all():
        raise ReleasedError(f"{path}: holds numbers that are not finite; {AGAIN}")
    return np.array(array)
