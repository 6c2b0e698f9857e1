"""A file written from front to back, which can be cut back to a recorded length and is hashed.

Where in the flow: repro/data/store_writer.py writes the files of a dataset through it, so that a
preparation that was killed continues with files verified to be the ones it had written.
"""

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from repro.artefacts.disk_full import naming_full_disk
from repro.errors import ExpectedError

BLOCK = 2**22  # bytes read at a time


class DamagedFileError(ExpectedError, ValueError):
    """A file differs from its record; the message names the file and the difference."""


class ResumableFile:
    """A file of a header, which may be replaced by one of the same length, and appended bytes.

    `sha256` is the hash of the bytes after the header.
    """

    def __init__(
        self, path: Path, *, header: bytes = b"", recorded: Mapping[str, Any] | None = None
    ) -> None:
        """Begin `path`, or continue it from the state in which `record` returned `recorded`.

        Bytes appended since then are cut off. Raises DamagedFileError where the file is shorter
        than recorded, or its bytes have another sha256 (possible after a power failure).
        """
        self.path = path
        self.header = header
        self._hash = hashlib.sha256()
        self._length = 0  # without the header
        if recorded is None:
            self._stream = path.open("w+b")
            self._stream.write(header)
            return
        try:
            self._stream = path.open("r+b")
        except FileNotFoundError:
            raise DamagedFileError(f"{path.name} is missing") from None
        try:
            self._resume(recorded)
        except DamagedFileError:
            self._stream.close()
            raise

    def _resume(self, recorded: Mapping[str, Any]) -> None:
        end = len(self.header) + recorded["bytes"]
        found = self._stream.seek(0, 2)
        if found < end:
            raise DamagedFileError(f"{self.path.name} has {found} bytes, {end} were recorded")
        self._stream.truncate(end)
        self._stream.seek(len(self.header))
        while block := self._stream.read(BLOCK):
            self._hash.update(block)
        self._length = recorded["bytes"]
        if self.sha256 != recorded["sha256"]:
            raise DamagedFileError(f"{self.path.name} has other bytes than recorded")

    def append(self, data: Any) -> None:
        """Add bytes, or anything with the buffer protocol."""
        self._hash.update(data)
        with naming_full_disk(self.path):
            self._length += self._stream.write(data)

    @property
    def sha256(self) -> str:
        """Hexadecimal sha256 of all bytes after the header."""
        return self._hash.hexdigest()

    def record(self) -> dict[str, Any]:
        """Length and hash so far, after flushing to the operating system."""
        with naming_full_disk(self.path):
            self._stream.flush()
        return {"bytes": self._length, "sha256": self.sha256}

    def finish(self, header: bytes | None = None) -> None:
        """Close the file, after replacing the header (same length) where one is given."""
        if header is not None:
            if len(header) != len(self.header):
                raise ValueError(f"{self.path}: header of {len(header)} bytes, not of its length")
            with naming_full_disk(self.path):
                self._stream.seek(0)
                self._stream.write(header)
        with naming_full_disk(self.path):
            self._stream.close()

    def close(self) -> None:
        """Close the file as it is; bytes for which the disk has no room are dropped."""
        with contextlib.suppress(OSError):
            self._stream.close()
