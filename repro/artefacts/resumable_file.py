"""A file that is written from front to back, can be cut back to a recorded length, and is hashed.

Where in the flow: repro/data/store_writer.py writes the files of a dataset through it, so that a
preparation that was killed goes on with files known to be those it had written. It has nothing to
run alone.
"""

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from repro.artefacts.disk_full import named
from repro.errors import ExpectedError

BLOCK = 2**22  # bytes read at a time


class DamagedFileError(ExpectedError, ValueError):
    """A file that is not what was recorded of it; the text names it and says how it differs."""


class GrowingFile:
    """A file of a header, which may be replaced by one of the same length, and what is appended.

    `sha256` is that of the bytes behind the header.
    """

    def __init__(
        self, path: Path, *, header: bytes = b"", recorded: Mapping[str, Any] | None = None
    ) -> None:
        """Begin `path`, or go on with it as it was when `record` returned `recorded`.

        What was appended since is cut off. Raises DamagedFileError where the file is shorter than
        recorded, or its bytes have another sha256 (a machine that lost power may do that).
        """
        self.path = path
        self.header = header
        self._hash = hashlib.sha256()
        self._length = 0  # behind the header
        if recorded is None:
            self._stream = path.open("w+b")
            self._stream.write(header)
            return
        try:
            self._stream = path.open("r+b")
        except FileNotFoundError:
            raise DamagedFileError(f"{path.name} is missing") from None
        try:
            self._go_on(recorded)
        except DamagedFileError:
            self._stream.close()
            raise

    def _go_on(self, recorded: Mapping[str, Any]) -> None:
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
            raise DamagedFileError(f"{self.path.name} holds other bytes than were recorded")

    def append(self, data: Any) -> None:
        """Add bytes, or anything with the buffer protocol."""
        self._hash.update(data)
        with named(self.path):
            self._length += self._stream.write(data)

    @property
    def sha256(self) -> str:
        """Hexadecimal sha256 of all bytes behind the header."""
        return self._hash.hexdigest()

    def record(self) -> dict[str, Any]:
        """Length and hash so far; what they speak of has been handed to the system."""
        with named(self.path):
            self._stream.flush()
        return {"bytes": self._length, "sha256": self.sha256}

    def finish(self, header: bytes | None = None) -> None:
        """Close, with another header (of the same length) where one is given."""
        if header is not None:
            if len(header) != len(self.header):
                raise ValueError(f"{self.path}: header of {len(header)} bytes, not of its length")
            with named(self.path):
                self._stream.seek(0)
                self._stream.write(header)
        with named(self.path):
            self._stream.close()

    def close(self) -> None:
        """Close as it is: bytes for which the disk has no room are let go."""
        with contextlib.suppress(OSError):
            self._stream.close()
