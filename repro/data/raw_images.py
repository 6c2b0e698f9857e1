"""Encoded images as they were collected, in a folder tree or an LMDB: their keys and bytes.

Where in the flow: before decoding. The sources of data_prep/ and the tool `python -m repro dedup`
read through this module, so both see the same keys in the same order: files by relative path, LMDB
records by key. An LMDB's file is mapped into memory; it is closed and reopened now and then, so
that the memory in use stays bounded for a database of any size.

Alone: `for key, value in lmdb_entries(Path("data.mdb")): ...`.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from repro.data.crash_check import damage_of
from repro.data.formats import HEAD_BYTES, UnreadableImage, looks_like, sniff
from repro.errors import ExpectedError

# Bytes read from an LMDB before its mapping is renewed: the system maps much around each record.
MAPPED_BYTES = 4 * 2**20
LARGEST_FILE = 2**30  # bytes; no picture of an allowed size (pillow_pixels.py) needs as many

Entry = tuple[str, Callable[[], bytes]]  # key, and a function that reads its bytes


class SourceError(ExpectedError, ValueError):
    """Unusable raw data; names the file, what was found and expected, and what to do."""


def lmdb_file(path: Path) -> Path | None:
    """The data.mdb that `path` is or contains, else None."""
    if path.is_file():
        return path
    return path / "data.mdb" if (path / "data.mdb").is_file() else None


def lmdb_count(path: Path) -> int:
    """Number of records. Raises SourceError for a damaged or truncated database."""
    with _opened(path) as database:
        return int(database.stat()["entries"])


def lmdb_entries(path: Path) -> Iterator[Entry]:
    """Records in key order: key, and a reader of the bytes, to be called before the next record.

    Bytes of a key that are not UTF-8 are written as \\xNN. Raises SourceError for a damaged or
    truncated database, and for one whose number of records differs from the announced one.
    """
    with _opened(path):  # reports a file that is not a database at all
        pass
    if damage := damage_of(path, "lmdb"):
        raise SourceError(f"{path}: a damaged database: {damage}; download or unpack it again")
    last: bytes | None = None
    while True:
        with (
            _opened(path) as database,
            database.begin() as transaction,
            transaction.cursor() as cursor,
        ):
            found = cursor.first() if last is None else cursor.set_key(last) and cursor.next()
            read = 0

            def value(cursor: lmdb.Cursor = cursor) -> bytes:
                nonlocal read
                data = bytes(cursor.value())
                read += len(data)
                return data

            while found:
                last = bytes(cursor.key())
                yield last.decode("utf-8", "backslashreplace"), value
                if read > MAPPED_BYTES:
                    break
                found = cursor.next()
            if not found:
                return


@contextmanager
def _opened(path: Path) -> Iterator[lmdb.Environment]:
    """Open read-only, without a lock file."""
    try:
        database = lmdb.open(str(path), subdir=False, readonly=True, lock=False, readahead=True)
    except lmdb.Error as error:
        with path.open("rb") as stream:
            found, way_out = looks_like(stream.read(HEAD_BYTES))
        way_out = way_out or f"if it should be one ({error}), unpack the download again"
        raise SourceError(
            f"{path}: expected a folder of images or an LMDB database, found {found}; {way_out}"
        ) from None
    try:
        # The file is mapped into memory: reading a page beyond its end would kill the process.
        expected = (database.info()["last_pgno"] + 1) * database.stat()["psize"]
        if path.stat().st_size < expected:
            raise SourceError(
                f"{path}: {path.stat().st_size} bytes, expected at least {expected}: cut off; "
                "download or unpack it again"
            )
        yield database
    finally:
        database.close()


def files_below(root: Path) -> list[str]:
    """Relative posix paths of all files below `root`, sorted, without hidden files and folders.

    Linked folders are followed, each folder once. A folder that cannot be opened counts as itself;
    OSError where that is `root`.
    """
    found: list[str] = []
    visited: set[tuple[int, int]] = set()

    def note(error: OSError) -> None:
        if Path(error.filename) == root:
            raise error
        found.append(os.path.relpath(error.filename, root).replace(os.sep, "/"))

    for folder, subfolders, files in os.walk(root, followlinks=True, onerror=note):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in visited:
            subfolders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        relative = os.path.relpath(folder, root)
        prefix = "" if relative == "." else relative.replace(os.sep, "/") + "/"
        found += [prefix + name for name in files if not name.startswith(".")]
    return sorted(found)


def file_bytes(path: Path) -> bytes:
    """Bytes of a file; reading stops where the first bytes are not those of a picture.

    Raises UnreadableImage ("empty", "not_an_image", "not_a_file", "too_large"), OSError.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would block, a device might never end
        raise UnreadableImage("not_a_file")
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        sniff(head)
        size = os.fstat(stream.fileno()).st_size
        if size > LARGEST_FILE:
            raise UnreadableImage("too_large", f"{size} bytes")
        return head + stream.read()
