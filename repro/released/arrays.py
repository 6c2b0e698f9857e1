"""Lists of arrays as the paper's authors released them: a .jl index beside numbered .npy files.

Between a download of Newmu/dcgan_code (MIT licence; folder `models`) and repro.released.networks,
which makes networks of them. An index such as `200_discrim_params.jl` is what joblib wrote under
Python 2 in 2015: a pickle of a list of NDArrayWrapper objects, each of which only names a file
(`200_discrim_params.jl_01.npy`). It is read here by an unpickler that knows these two names as
empty classes and refuses all else; nothing that the file asks for is ever run.

`read_array_list(Path(".../200_discrim_params.jl"))`; `python -m repro released FOLDER` prints all.
"""

import io
import pickle
import pickletools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from repro.errors import ExpectedError

LARGEST_INDEX = 65_536  # bytes; the authors' have about a thousand
WRAPPER = ("sklearn.externals.joblib.numpy_pickle", "NDArrayWrapper")
SUBCLASS = ("numpy", "ndarray")
# What a protocol 2 pickle of such a list consists of: lists, dicts, strings, empty objects.
OPCODES = {
    "PROTO", "EMPTY_LIST", "EMPTY_TUPLE", "EMPTY_DICT", "MARK", "GLOBAL", "NEWOBJ", "BUILD",
    "SHORT_BINSTRING", "BINSTRING", "BINUNICODE", "NEWTRUE", "NEWFALSE", "SETITEM", "SETITEMS",
    "APPEND", "APPENDS", "BINPUT", "BINGET", "STOP",
}  # fmt: skip
AGAIN = "download it again"


class ReleasedError(ExpectedError, ValueError):
    """Released weights that cannot be used; the message names the file and what to do."""


@dataclass(frozen=True)
class ArrayList:
    """The arrays of one network in the order of its index; None where a file is not there.

    Without an index `files` is empty and `unnamed` holds the array files that lie beside its place.
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

    Raises ReleasedError for an index that is not of this kind, and for an array file that is cut
    off, holds another type, or numbers that are not finite.
    """
    if not index.is_file():
        beside = sorted(path.name for path in index.parent.glob(f"{index.name}_*.npy"))
        return ArrayList(index, unnamed=tuple(beside))
    files = index_files(index)
    arrays = tuple(_array(index.with_name(name)) for name in files)
    return ArrayList(index, files, arrays)


def index_files(index: Path) -> tuple[str, ...]:
    """File names in an index, in order. Raises ReleasedError for anything but such an index."""
    size = index.stat().st_size
    if size > LARGEST_INDEX:
        raise ReleasedError(
            f"{index}: {size} bytes, expected at most {LARGEST_INDEX}: it is no index of arrays "
            f"(those lie in .npy files beside it); {AGAIN}"
        )
    data = index.read_bytes()
    try:
        _check_opcodes(data)
        listed = _NamesOnly(io.BytesIO(data)).load()
        names = tuple(_file_name(one) for one in listed)
        if not isinstance(listed, list) or not names:
            raise pickle.UnpicklingError("it holds no list of arrays")
        if len(set(names)) < len(names):
            raise pickle.UnpicklingError("it names a file twice")
    except Exception as error:  # damaged pickles raise nearly anything
        raise ReleasedError(
            f"{index}: no list of arrays as the authors wrote them: {error}; {AGAIN}"
        ) from None
    return names


class _Wrapper:
    """Stands for joblib's NDArrayWrapper: holds what the index says of one array."""

    filename: Any = None
    subclass: Any = None


class _Ndarray:
    """Stands for numpy.ndarray, which the index mentions and nothing here needs."""


class _NamesOnly(pickle.Unpickler):
    """Unpickler of file names: every other class or function is refused, none is run."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == WRAPPER:
            return _Wrapper
        if (module, name) == SUBCLASS:
            return _Ndarray
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no list of arrays needs")


def _check_opcodes(data: bytes) -> None:
    """Refuse calls and oversized memos before anything is unpickled."""
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL" and argument not in (" ".join(WRAPPER), " ".join(SUBCLASS)):
            wanted = str(argument).replace(" ", ".")
            raise pickle.UnpicklingError(f"it asks for {wanted}, which no list of arrays needs")
        if opcode.name not in OPCODES:
            raise pickle.UnpicklingError(f"it uses {opcode.name}, which no list of arrays needs")


def _file_name(one: Any) -> str:
    name = one.filename if isinstance(one, _Wrapper) else None
    if not isinstance(name, str) or one.subclass is not _Ndarray:
        raise pickle.UnpicklingError("an entry is no reference to an array")
    if not name.endswith(".npy") or any(mark in name for mark in "/\\:\0"):
        raise pickle.UnpicklingError(f"{name!r} is no plain name of a .npy file beside it")
    return name


def _array(path: Path) -> np.ndarray | None:
    """The float32 array of a .npy file; None where there is no file."""
    if not path.exists():
        return None
    try:
        # a memory map compares the header with the file's length before anything is allocated
        array = open_memmap(path, mode="r")
    except Exception as error:  # damaged headers raise nearly anything
        raise ReleasedError(f"{path}: no whole .npy file: {error}; {AGAIN}") from None
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
