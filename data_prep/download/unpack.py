"""Archives: tested member by member, and unpacked completely and within the folder, or not at all.

Kinds: "zip"; "tar", gzipped or not; "tar_of_tars", a tar of one tar per class (ImageNet), each
unpacked to a folder of its name. Members stream: an archive of 45 GB needs a megabyte of memory.
Names that lead outside, links, devices, sparse and encrypted members are refused, and so are
archives that would take more room than the manifest says or the disk has. zipfile checks every
member's CRC and gzip its own; a tar has none, so its end mark is required.

source_files.py uses it. Alone: `require_whole(ARCHIVE, "tar")`.
"""

import gzip
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Literal, NamedTuple, cast

from tqdm import tqdm

from data_prep.tar_entries import tar_entries
from repro.artefacts.folder_lock import exclusive_lock
from repro.errors import ExpectedError

Kind = Literal["zip", "tar", "tar_of_tars"]
BLOCK = 1 << 20  # bytes read at a time
ENCRYPTED = 0x1  # flag bit of a zip member
GZIP_MAGIC = b"\x1f\x8b"
MOST_MEMBERS = 10_000_000  # ImageNet has 1.3 million
LONGEST_NAME, DEEPEST = 255, 50  # bytes, as in file systems; levels of nested folders
SHARE_OF_DISK = 0.95  # of the free room, where the size after unpacking is unknown
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # a compression method unknown to zipfile
)


class ArchiveError(ExpectedError, ValueError):
    """An archive that is damaged, cut off or unsafe; names it and the member."""


class Member(NamedTuple):
    """One file of an archive. stream: its bytes, to be read before the next member."""

    name: PurePosixPath
    size: int
    stream: IO[bytes]


def members(archive: Path, kind: Kind) -> Iterator[Member]:
    """The files of an archive in its order, read once from start to end; folders are skipped.

    Raises ArchiveError for a damaged or cut-off archive and for unsafe members.
    """
    with _damage_of(archive):
        if kind == "zip":
            yield from _zip_members(archive)
            return
        with gzip.open(archive) if _is_gzip(archive) else archive.open("rb") as tar:
            yield from _tar_members(cast(IO[bytes], tar), nested=kind == "tar_of_tars")
            while tar.read(BLOCK):  # gzip's checksum comes after the end
                pass


def require_whole(archive: Path, kind: Kind) -> None:
    """Read a whole archive. Raises ArchiveError where it is damaged, cut off or unsafe."""
    with _bar(archive, kind, "testing") as progress:
        for member in members(archive, kind):
            with _damage_of(archive):
                while block := member.stream.read(BLOCK):
                    progress.update(len(block))


def unpacked_size(archive: Path, kind: Kind) -> int | None:
    """Bytes after unpacking; None where only reading all of it would tell (tar.gz)."""
    with _damage_of(archive):
        if kind == "zip":
            with zipfile.ZipFile(archive) as opened:
                return sum(entry.file_size for entry in opened.infolist())
        return None if _is_gzip(archive) else archive.stat().st_size


def unpack(
    archive: Path,
    *,
    kind: Kind,
    target: Path,
    inside: str = ".",
    contains: Mapping[str, int | None] | None = None,
    most: int | None = None,
) -> None:
    """Unpack to a temporary folder next to `target` (which must not exist), then rename.

    inside: the folder within the archive that becomes `target`; "." = all of the archive. contains:
    names that must be present afterwards, with their bytes or None. most: bytes that may be
    written; None = nearly all that are free. After a failure or an interrupt nothing is left.
    Raises ArchiveError, and InUseError where another process unpacks to the same place.
    """
    with exclusive_lock(target):
        if target.exists():
            raise ArchiveError(f"{target}: exists already; {archive} is not unpacked over it")
        building = target.with_name(f".{target.name}.partial")
        shutil.rmtree(building, ignore_errors=True)  # left by a killed run
        building.mkdir(parents=True)
        try:
            _unpack_into(building, archive, kind=kind, most=most)
            made = building / inside
            absent = (
                not_as_expected(made, contains or {}) if made.is_dir() else [f"folder {inside}"]
            )
            if absent:
                raise ArchiveError(f"{archive}: unpacked, but it holds no {', '.join(absent)}")
            os.sync()
            made.replace(target)
        finally:
            shutil.rmtree(building, ignore_errors=True)


def _unpack_into(folder: Path, archive: Path, *, kind: Kind, most: int | None) -> None:
    if most is None:
        most = int(shutil.disk_usage(folder).free * SHARE_OF_DISK)
    with _bar(archive, kind, "unpacking") as progress:
        for number, member in enumerate(members(archive, kind)):
            if number == MOST_MEMBERS:
                raise ArchiveError(f"{archive}: holds more than {MOST_MEMBERS} files")
            _write(member, folder, archive=archive, progress=progress, most=most)
            most -= member.size


def not_as_expected(folder: Path, contains: Mapping[str, int | None]) -> list[str]:
    """The names in `contains` (name -> bytes or None) that are absent or have another size."""
    found = []
    for name, size in contains.items():
        path = folder / name
        if not path.exists() or (size is not None and path.stat().st_size != size):
            found.append(name if size is None else f"{name} of {size} bytes")
    return found


def _write(member: Member, folder: Path, *, archive: Path, progress: tqdm, most: int) -> None:
    """Write a member below `folder`; ArchiveError where it has more bytes than `most`."""
    with _damage_of(archive):
        path = folder / _safe(str(member.name))
    too_large = ArchiveError(
        f"{archive}: '{member.name}' of {member.size} bytes would take more room than the manifest "
        f"says or the disk has ({max(most, 0)} bytes are left); nothing is unpacked"
    )
    if member.size > most:
        raise too_large
    written = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        out = path.open("xb")
    except (FileExistsError, NotADirectoryError):
        raise ArchiveError(f"{archive}: '{member.name}' is in it twice") from None
    with out:
        while True:
            with _damage_of(archive):
                block = member.stream.read(BLOCK)
            if not block:
                return
            written += len(block)
            if written > most:
                raise too_large
            out.write(block)
            progress.update(len(block))


def _is_gzip(archive: Path) -> bool:
    with archive.open("rb") as stream:
        return stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC


def _zip_members(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            name = _safe(entry.filename)
            if entry.is_dir():
                continue
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise ArchiveError(f"'{entry.filename}' is a link; links are not unpacked")
            if entry.flag_bits & ENCRYPTED:
                raise ArchiveError(f"'{entry.filename}' is encrypted")
            with opened.open(entry) as stream:
                yield Member(name, entry.file_size, stream)


def _tar_members(stream: IO[bytes], *, nested: bool) -> Iterator[Member]:
    for opened, entry in tar_entries(stream):
        name = _safe(entry.name)
        tarfile.data_filter(entry, os.sep)  # refuses devices and absolute links
        if entry.issym() or entry.islnk():
            raise ArchiveError(f"'{entry.name}' is a link; links are not unpacked")
        if entry.issparse():
            raise ArchiveError(f"'{entry.name}' is a sparse file, which is not unpacked")
        content = opened.extractfile(entry)
        if content is None:
            continue
        if not nested:
            yield Member(name, entry.size, content)
            continue
        if name.suffix != ".tar":
            raise ArchiveError(f"'{entry.name}' is not a tar, expected a tar of tars")
        for inner in _tar_members(content, nested=False):
            place = _safe(str(name.with_suffix("") / inner.name))
            yield Member(place, inner.size, inner.stream)


def _safe(name: str) -> PurePosixPath:
    """A member's name as a relative path. Raises ArchiveError where it leads elsewhere."""
    path = PurePosixPath(name)
    drive = ":" in path.parts[0] if path.parts else True
    if drive or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise ArchiveError(f"'{name[:LONGEST_NAME]}' leads outside the folder; nothing is unpacked")
    longest = max(len(os.fsencode(part)) for part in path.parts)
    if longest > LONGEST_NAME or len(path.parts) > DEEPEST:
        raise ArchiveError(f"'{name[:LONGEST_NAME]}...': too long a name; nothing is unpacked")
    return path


@contextmanager
def _damage_of(archive: Path) -> Iterator[None]:
    """Turn the exceptions of archive readers into one error that names the archive."""
    try:
        yield
    except ArchiveError as error:
        message = str(error)
        named = message if str(archive) in message else f"{archive}: {message}"
        raise ArchiveError(named) from None
    except DAMAGE as error:
        size = archive.stat().st_size
        raise ArchiveError(
            f"{archive} ({size} bytes): damaged or cut off ({error or type(error).__name__})"
        ) from None


def _bar(archive: Path, kind: Kind, doing: str) -> tqdm:
    total = unpacked_size(archive, kind)
    label = f"{doing} {archive.name}"
    return tqdm(total=total, unit="B", unit_scale=True, desc=label, disable=None, leave=False)
