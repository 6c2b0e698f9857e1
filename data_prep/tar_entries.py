"""The headers of a tar, one after the other, in little memory and only if the tar is whole.

Where in the flow: download/unpack.py unpacks archives with it, webdataset.py reads shards. tarfile
itself remembers every header, takes a supposed header of gigabytes into memory, and takes a cut
between two members, or a damaged header, for the end.

Alone: `[entry.name for _, entry in tar_entries(Path(FILE).open("rb"))]`.
"""

import tarfile
from collections.abc import Iterator
from typing import IO, Any, cast

MOST_READ = 1 << 20  # bytes at a time
END_MARK = bytes(tarfile.BLOCKSIZE)


def tar_entries(stream: IO[bytes]) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """The open tar and each of its headers. Raises tarfile.TarError for a damaged or cut-off one.

    stream: seekable, of a tar that is not compressed. A member is to be read before the next.
    """
    careful = cast(IO[bytes], _BoundedReads(stream))
    with tarfile.open(fileobj=careful, mode="r:") as opened:
        for entry in opened:
            cast(Any, opened).members = []
            if entry.size < 0:  # tarfile would go back and never end
                raise tarfile.ReadError(f"'{entry.name}' of {entry.size} bytes")
            yield opened, entry
        stream.seek(opened.offset)
        if stream.read(len(END_MARK)) != END_MARK:
            raise tarfile.ReadError(f"no end mark at byte {opened.offset}")


class _BoundedReads:
    """A tar's bytes; a supposed header of gigabytes is not read into memory."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_READ:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._stream.read(size)
