"""The .part next to a download's target: bytes received, their checksums, the server's headers.

transfer.py fills it; unfinished bytes never have the target's name. Next to TARGET are

    TARGET.part           the bytes received
    TARGET.part.json      address, validator and length of the file it belongs to
    TARGET.part.previous  an older, longer .part of another version, until the new one is longer
    TARGET.wrong          whole, but not the published bytes; never resumed from (a second one is
                          TARGET.wrong-2)

A .part is locked while it is written, so that two runs do not mix their bytes.
"""

import contextlib
import fcntl
import hashlib
import itertools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, cast

from tqdm import tqdm

from repro.artefacts.whole_file import write_json
from repro.errors import ExpectedError
from repro.specs.validation import Strict

BLOCK = 1 << 20  # bytes read at a time


class FetchError(ExpectedError, RuntimeError):
    """A file that could not be fetched; names host or file, the finding, what stays, what to do."""


class Origin(Strict):
    """The file and address to which a .part belongs, as reported by the server.

    total: length of the whole file in bytes, None where the server does not report it.
    """

    url: str
    etag: str | None = None
    modified: str | None = None
    total: int | None = None

    @property
    def validator(self) -> str | None:
        """Value for If-Range: a strong ETag, else the date (RFC 9110, 13.1.5)."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified

    def differs(self, other: "Origin") -> bool:
        """Whether validator or length show that `other` is another version of the file.

        Validators of two addresses are not comparable; lengths are.
        """
        pairs: list[tuple[str | int | None, str | int | None]] = [(self.total, other.total)]
        if self.url == other.url:
            both_tagged = bool(self.etag and other.etag)
            pairs.append(
                (self.etag, other.etag) if both_tagged else (self.modified, other.modified)
            )
        return any(a is not None and b is not None and a != b for a, b in pairs)

    @property
    def has_validator(self) -> bool:
        return self.etag is not None or self.modified is not None


class PartFile:
    """The .part of `target`, open for appending, with running checksums of all its bytes.

    algorithms: names for hashlib. Existing bytes are hashed once, when the file is opened. Raises
    FetchError where another process writes it.
    """

    size: int  # bytes
    _stream: BinaryIO
    _previous_size: int
    _digests: dict[str, Any]

    def __init__(self, target: Path, *, algorithms: Iterable[str] = ()) -> None:
        self.target = target
        self.path = _with_ending(target, ".part")
        self._notes = _with_ending(target, ".part.json")
        self._previous = _with_ending(target, ".part.previous")
        self._algorithms = tuple(algorithms)
        self.origin = self._noted_origin()
        self._open()

    def __enter__(self) -> "PartFile":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def append(self, block: bytes) -> None:
        """Add bytes at the end. Deletes the previous version once this one is longer."""
        self._stream.write(block)
        self.size += len(block)
        for digest in self._digests.values():
            digest.update(block)
        if self._previous_size and self.size > self._previous_size:
            self._previous.unlink()
            self._previous_size = 0

    def equal_bytes(self, position: int, block: bytes) -> int:
        """How many of the first bytes of `block` equal those at `position`."""
        self._stream.seek(position)
        there = self._stream.read(len(block))
        if there == block:
            return len(block)
        return next(i for i, byte in enumerate(block) if there[i : i + 1] != bytes([byte]))

    def begin_again(self, keep: int) -> None:
        """Keep only the first `keep` bytes; the longest older .part stays as .part.previous."""
        fresh = _with_ending(self.target, ".part.new")
        self._stream.seek(0)
        with fresh.open("wb") as copy:
            while copy.tell() < keep:
                copy.write(self._stream.read(min(BLOCK, keep - copy.tell())))
        if self.size > self._previous_size:
            self.path.replace(self._previous)
        fresh.replace(self.path)
        self._stream.close()
        self.origin = None
        self._notes.unlink(missing_ok=True)
        self._open()

    def remember(self, origin: Origin) -> None:
        """Record what the server reports about the file, for the next attempt or the next run."""
        if origin != self.origin:
            write_json(self._notes, origin.model_dump())
            self.origin = origin

    def digest(self, algorithm: str) -> str:
        """Hexadecimal checksum of all bytes so far."""
        return str(self._digests[algorithm].hexdigest())

    def flush(self) -> None:
        """Flush all bytes to disk."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def accept(self) -> Path:
        """Give the bytes the target's name; delete any previous version."""
        self._end_as(self.target)
        self._previous.unlink(missing_ok=True)
        return self.target

    def reject(self) -> Path:
        """Keep the bytes aside under `wrong_name`, which is never resumed from."""
        wrong = wrong_name(self.target)
        self._end_as(wrong)
        return wrong

    def close(self) -> None:
        """Flush and unlock; delete an empty .part. A full disk is no error here."""
        if self._stream.closed:
            return
        with contextlib.suppress(OSError):
            self.flush()
        if not self.size:
            self.path.unlink(missing_ok=True)
            self._notes.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._stream.close()

    def _end_as(self, name: Path) -> None:
        self.flush()
        self.path.replace(name)
        self._notes.unlink(missing_ok=True)
        self._stream.close()
        folder = os.open(name.parent, os.O_RDONLY)
        os.fsync(folder)  # the new name is on disk too
        os.close(folder)

    def _open(self) -> None:
        self._stream = cast(BinaryIO, self.path.open("a+b"))
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._stream.close()
            raise FetchError(
                f"{self.path}: another process is downloading this file; wait until it has ended"
            ) from None
        except OSError:
            pass  # a file system without locks
        self.size = self._stream.seek(0, os.SEEK_END)
        self._previous_size = self._previous.stat().st_size if self._previous.exists() else 0
        self._digests = hashed(self._stream, self._algorithms, label=f"reading {self.path.name}")

    def _noted_origin(self) -> Origin | None:
        """The record of an earlier run; None where there is none or it is damaged."""
        try:
            return Origin.model_validate_json(self._notes.read_bytes())
        except (OSError, ValueError):
            return None


def hashed(stream: BinaryIO, algorithms: Iterable[str], *, label: str) -> dict[str, Any]:
    """Running checksums (hashlib) of all bytes of an open file, which is read once for all of them.

    algorithms: names for hashlib; without any, or of an empty file, nothing is read.
    """
    digests = {name: hashlib.new(name) for name in algorithms}
    size = os.fstat(stream.fileno()).st_size
    if not digests or not size:
        return digests
    stream.seek(0)
    with tqdm(
        total=size, unit="B", unit_scale=True, desc=label, disable=None, leave=False
    ) as progress:
        while block := stream.read(BLOCK):
            for digest in digests.values():
                digest.update(block)
            progress.update(len(block))
    return digests


def wrong_name(target: Path) -> Path:
    """The first of TARGET.wrong, TARGET.wrong-2, ... that does not exist."""
    endings = itertools.chain([".wrong"], (f".wrong-{number}" for number in itertools.count(2)))
    names = (_with_ending(target, ending) for ending in endings)
    return next(name for name in names if not os.path.lexists(name))


def _with_ending(target: Path, ending: str) -> Path:
    return target.with_name(target.name + ending)
