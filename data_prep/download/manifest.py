"""The files to download, and the place of each below RAW: downloads.yaml, typed.

`Place` tells which parts of a file of the manifest are present, and in which state; source_files.py
acts on it. Runs alone: python -m data_prep.download --list --raw RAW prints the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from data_prep.download.fetch import format_bytes
from data_prep.download.part_file import hashed
from data_prep.download.unpack import ArchiveError, Kind, not_as_expected, require_whole
from repro.specs.validation import SpecError, Strict, nearest, read_yaml, validated

MANIFEST = Path(__file__).with_name("downloads.yaml")
ADDRESS = r"^https?://[^/\s]+/\S+$"


def _below(path: str) -> str:
    parts = PurePosixPath(path).parts
    odd = "\\" in path or any(ord(char) < 32 for char in path)
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts or odd:
        raise ValueError("must be a path below RAW")
    return path


Below = Annotated[str, AfterValidator(_below)]


class Entry(Strict):
    """One file to download."""

    name: str = Field(
        pattern=r"^[\w-][\w.-]*$", max_length=100, description="file name of the download"
    )
    url: str | None = Field(None, pattern=ADDRESS, description="address")
    mirrors: list[Annotated[str, Field(pattern=ADDRESS)]] = Field(
        [], description="further addresses of the same bytes"
    )
    by_hand: str | None = Field(None, description="in place of url: how a person gets the file")
    bytes: int | None = Field(None, ge=1, description="published size")
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="published checksum")
    md5: str | None = Field(None, pattern="^[0-9a-f]{32}$", description="published checksum")
    unpack: Literal["none", "zip", "tar", "tar_of_tars"] = Field("none", description="kind")
    path: Below = Field(description="file, or folder that unpacking makes, below RAW")
    inside: Below | Literal["."] | None = Field(
        None, description="folder in the archive that becomes path"
    )
    contains: dict[Below, int | None] = Field({}, description="file within path -> bytes or null")
    unpacked: int | None = Field(
        None, ge=1, description="bytes that unpacking needs; more are not written"
    )
    instead: dict[Below, int] = Field({}, description="file below RAW that serves too -> bytes")
    otherwise: str | None = Field(None, description="what to do where no address answers")

    @model_validator(mode="after")
    def _makes_sense(self) -> "Entry":
        if (self.url is None) == (self.by_hand is None):
            raise ValueError("needs either url or by_hand")
        if self.mirrors and not self.checksums:
            raise ValueError("mirrors need a checksum: else their bytes could be mixed")
        if self.unpack != "none" and not self.contains:
            raise ValueError("contains is needed: by it unpacked data are recognised")
        return self

    @property
    def urls(self) -> list[str]:
        return [*([self.url] if self.url else []), *self.mirrors]

    @property
    def checksums(self) -> dict[str, str]:
        """hashlib name -> published digest."""
        given = {"sha256": self.sha256, "md5": self.md5}
        return {name: value for name, value in given.items() if value is not None}


class SourceDownloads(Strict):
    about: str
    files: list[Entry] = Field(min_length=1)


class Manifest(Strict):
    sources: dict[str, SourceDownloads]


@dataclass(frozen=True, eq=False)
class Place:
    """One file of the manifest and its places below `raw`."""

    source: str
    entry: Entry
    raw: Path

    @property
    def is_packed(self) -> bool:
        return self.entry.unpack != "none"

    @property
    def final(self) -> Path:
        """Where a run file looks for the data."""
        return self.raw / self.entry.path

    @property
    def download(self) -> Path:
        """Place of the download: RAW/downloads for archives, else the final place."""
        return self.raw / "downloads" / self.entry.name if self.is_packed else self.final

    @property
    def part(self) -> Path:
        return self.download.with_name(self.download.name + ".part")

    @property
    def fetched(self) -> int:
        """Bytes in the .part; 0 where there is none."""
        return self.part.stat().st_size if self.part.is_file() else 0

    @property
    def absent(self) -> list[str]:
        """The expected files that the unpacked data at their place lack."""
        return not_as_expected(self.final, self.entry.contains)

    @property
    def instead(self) -> Path | None:
        """Another file that is present and serves as well."""
        for name, size in self.entry.instead.items():
            if not not_as_expected(self.raw, {name: size}):
                return self.raw / name
        return None

    @property
    def kind(self) -> Kind:
        """Kind of archive; ValueError for other files."""
        if self.entry.unpack == "none":
            raise ValueError(f"{self.entry.name} is not an archive")
        return self.entry.unpack

    @property
    def still_to_fetch(self) -> int:
        """Bytes; 0 where the size is not published."""
        return max((self.entry.bytes or 0) - self.fetched, 0)

    @property
    def size_unpacked(self) -> int:
        """Bytes that unpacking needs; if not published, the archive's: a lower bound."""
        if not self.is_packed:
            return 0
        return self.entry.unpacked or self.entry.bytes or 0

    def own_candidates(self) -> list[Path]:
        """Where a copy may already be: RAW/downloads, or RAW itself."""
        name = self.entry.name
        return list(dict.fromkeys([self.download, self.raw / "downloads" / name, self.raw / name]))

    def complaint(self, path: Path) -> str:
        """How a file differs from the published one; "" where it does not.

        Compares size and all published checksums; an archive without a checksum is read to its end.
        """
        size, published = path.stat().st_size, self.entry.checksums
        if self.entry.bytes is not None and size != self.entry.bytes:
            return f"{size} bytes, the published file has {self.entry.bytes}"
        found = _checksums(path, list(published))
        if not published and self.is_packed:
            try:
                require_whole(path, self.kind)
            except ArchiveError as error:
                return str(error)
        return "; ".join(
            f"{name} {found[name]}, published {published[name]}"
            for name in published
            if found[name] != published[name]
        )

    def state(self) -> str:
        """What is present, by names and sizes alone."""
        if self.instead or (self.is_packed and self.final.is_dir() and not self.absent):
            return "data" if not self.is_packed else "unpacked"
        if self.is_packed and self.final.exists():
            return "incomplete data"
        for path in self.own_candidates():
            if path.is_file():
                fits = self.entry.bytes in (None, path.stat().st_size)
                return ("archive" if self.is_packed else "file") if fits else "another file"
        share = f" ({self.fetched / self.entry.bytes:.0%})" if self.entry.bytes else ""
        return f"{format_bytes(self.fetched)}{share}" if self.fetched else "-"


def _checksums(path: Path, names: Sequence[str]) -> dict[str, str]:
    with path.open("rb") as stream:
        digests = hashed(stream, names, label=f"checking {path.name}")
    return {name: digest.hexdigest() for name, digest in digests.items()}


def read_manifest(path: Path = MANIFEST) -> Manifest:
    """The manifest in a YAML file. Raises SpecError naming file, key and allowed values."""
    return validated(Manifest, read_yaml(path), where=str(path))


def planned(source: str, *, raw: Path, only: Sequence[str] = (), manifest: Manifest) -> list[Place]:
    """The files of `source` (those named in `only`; () = all) with their places.

    Raises SpecError for an unknown source or file, naming the nearest.
    """
    if source not in manifest.sources:
        raise SpecError(f"no downloads for '{source}'; {nearest(source, manifest.sources)}")
    entries = {entry.name: entry for entry in manifest.sources[source].files}
    for name in only:
        if name not in entries:
            raise SpecError(f"'{source}' has no file '{name}'; {nearest(name, entries)}")
    return [
        Place(source, entry, raw) for name, entry in entries.items() if name in only or not only
    ]


def listing(places: Sequence[Place]) -> str:
    """Table of the files: source, file, size, state, whether a person is needed."""
    head = ("source", "file", "size", "present", "account or by hand", "goes to")
    rows = [head]
    for place in places:
        entry = place.entry
        size = format_bytes(entry.bytes) if entry.bytes else "?"
        by_hand = "yes" if entry.by_hand else "no"
        rows.append((place.source, entry.name, size, place.state(), by_hand, entry.path))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)
