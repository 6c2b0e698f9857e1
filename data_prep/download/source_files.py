"""The files of one source, from the network or from an existing copy, into the folder RAW.

For each file of the source in downloads.yaml, the first case that applies:
1. unpacked data at their place are recognised;
2. an archive in RAW, in RAW/downloads or given by --archive is checked and used;
3. the file is fetched (fetch.py), from where an earlier run ended.

For files that need an account, the message explains how to get them. Archives are unpacked
(unpack.py) on request; they are kept.

Where in the flow: before data_prep/prepare.py. __main__.py is the command for it:
python -m data_prep.download SOURCE --raw RAW
"""

import functools
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from data_prep.download.fetch import RETRIES, fetch, format_bytes, require_free, to_terminal
from data_prep.download.manifest import MANIFEST, Place, planned, read_manifest
from data_prep.download.part_file import FetchError, wrong_name
from data_prep.download.transfer import is_page
from data_prep.download.unpack import require_whole, unpack, unpacked_size
from repro.artefacts.whole_file import atomic_write
from repro.errors import ExpectedError


class DownloadError(ExpectedError, RuntimeError):
    """Raw data that are absent and cannot be fetched now; says what to do."""


def download(
    *,
    source: str,
    raw: Path,
    only: Sequence[str] = (),
    unpacked: bool = False,
    archives: Sequence[Path] = (),
    retries: int = RETRIES,
    manifest: Path = MANIFEST,
    fetcher: Callable[..., Path] = fetch,
    report: Callable[[str], None] = to_terminal,
) -> list[Path]:
    """Bring the files of `source` below `raw`; returns their places (unpacked data or archives).

    only: names of files; () = all. unpacked: unpack archives too. archives: copies from elsewhere,
    or folders that hold some; used where they are, and never changed. fetcher: called like `fetch`.

    Raises SpecError for an unknown source or file, FetchError where a file cannot be fetched,
    ArchiveError where one cannot be unpacked, DownloadError where a step by hand is needed.
    """
    places = planned(source, raw=raw, only=only, manifest=read_manifest(manifest))
    _require_usable(archives, places)
    wanted = [place for place in places if not _is_done(place, unpacked=unpacked, report=report)]
    adopted = {
        place: _adopted(place, given=_given(place, archives, alone=len(places) == 1), report=report)
        for place in wanted
    }
    missing = [place for place in wanted if adopted[place] is None]
    _require_room(raw, wanted=wanted, missing=missing, unpacked=unpacked)
    for place in wanted:
        archive = adopted[place]
        if archive is None and place.entry.by_hand is None:
            archive = _fetched(place, retries=retries, fetcher=fetcher, report=report)
        if archive is not None:
            _install(place, archive, unpacked=unpacked, report=report)
    by_hand = [place for place in missing if place.entry.by_hand is not None]
    if by_hand:
        raise DownloadError(_by_hand(by_hand))
    return [place.final if place.final.exists() else place.download for place in places]


def _require_usable(archives: Sequence[Path], places: Sequence[Place]) -> None:
    """DownloadError for a copy that is absent or that belongs to no file."""
    for path in archives:
        if not path.exists():
            raise DownloadError(f"--archive {path}: there is no such file or folder")
        if not any(_given(place, [path], alone=len(places) == 1) for place in places):
            names = ", ".join(place.entry.name for place in places)
            raise DownloadError(
                f"--archive {path}: expected {names}; a file of another name needs --only, a "
                "folder must hold one of them"
            )


def _given(place: Place, archives: Sequence[Path], *, alone: bool) -> list[Path]:
    """The copies that are meant for `place`; alone: it is the only file requested."""
    inside = [path / place.entry.name if path.is_dir() else path for path in archives]
    return [p for p in inside if p.is_file() and (alone or p.name == place.entry.name)]


def _is_done(place: Place, *, unpacked: bool, report: Callable[[str], None]) -> bool:
    """Whether the data are at their place. Raises DownloadError for half-unpacked or other data."""
    if place.instead or (place.is_packed and place.final.exists() and not place.absent):
        report(f"{place.entry.name}: the data are there: {place.instead or place.final}")
        return True
    if not place.final.exists():
        return False
    if place.is_packed:
        if not unpacked:
            return False
        raise DownloadError(
            f"{place.final}: is there, but without {', '.join(place.absent)}; nothing is unpacked "
            "over it: move it away and start again"
        )
    complaint = place.complaint(place.final)
    if complaint:
        raise DownloadError(
            f"{place.final}: is there, but it is not the published file ({complaint}). Nothing is "
            f"fetched over it: move it away; if it was only cut off, rename it to "
            f"{place.final.name}.part, and the download continues from there"
        )
    report(f"{place.entry.name}: is there and as published: {place.final}")
    return True


def _adopted(place: Place, *, given: Sequence[Path], report: Callable[[str], None]) -> Path | None:
    """An existing copy that is the published file; None where there is none.

    given: copies to check first. Raises DownloadError for a copy that is not the published file; it
    is left unchanged. Only in RAW/downloads is it renamed, so that the file can be fetched.
    """
    for candidate in [*given, *place.own_candidates()]:
        if not candidate.is_file():
            continue
        complaint = place.complaint(candidate)
        if not complaint:
            report(f"{place.entry.name}: {candidate} is as published and is used")
            return candidate
        if candidate in given or candidate != place.download:
            raise DownloadError(
                f"{candidate}: not the published {place.entry.name} ({complaint}), and not used: "
                f"move it away, or, if it was only cut off, to {place.part}: "
                "the download continues from there"
            )
        report(f"{candidate}: not as published ({complaint}); kept as {_set_aside(place).name}")
    return None


def _set_aside(place: Place) -> Path:
    """Rename the file with the download's name: cut off, it becomes the .part, else NAME.wrong."""
    path, size = place.download, place.download.stat().st_size
    with path.open("rb") as stream:
        cut_off = place.fetched < size < (place.entry.bytes or 0) and not is_page(stream.read(512))
    aside = place.part if cut_off else wrong_name(path)
    if cut_off:
        place.part.with_name(place.part.name + ".json").unlink(missing_ok=True)
    return path.replace(aside)


def _require_room(
    raw: Path, *, wanted: Sequence[Place], missing: Sequence[Place], unpacked: bool
) -> None:
    """FetchError where the disk cannot hold the files to fetch, copy and unpack."""
    fetched = [p for p in missing if p.entry.by_hand is None]
    adopted = [p for p in wanted if p not in missing]
    needed = {
        "to fetch": sum(p.still_to_fetch for p in fetched),
        "to copy": sum(p.entry.bytes or 0 for p in adopted if not p.is_packed),
        "or more to unpack": sum(p.size_unpacked for p in fetched + adopted) if unpacked else 0,
    }
    if any(needed.values()):
        purpose = ", ".join(f"{format_bytes(size)} {what}" for what, size in needed.items() if size)
        require_free(raw, needed=sum(needed.values()), purpose=f"the request ({purpose})")


def _fetched(
    place: Place, *, retries: int, fetcher: Callable[..., Path], report: Callable[[str], None]
) -> Path:
    entry = place.entry
    size = f" {format_bytes(place.still_to_fetch)}" if entry.bytes else ""
    report(f"{entry.name}: fetching{size} from {entry.urls[0]}")
    try:
        return fetcher(
            urls=entry.urls,
            target=place.download,
            size=entry.bytes,
            checksums=entry.checksums,
            check=_whole_archive(place),
            retries=retries,
        )
    except FetchError as error:
        known = [f"{entry.bytes} bytes"] if entry.bytes else []
        known += [f"{name} {value}" for name, value in entry.checksums.items()]
        advice = f"\n  pass a copy from elsewhere by --archive PATH, or save it as {place.download}"
        if known:
            advice += f"\n  it must have {', '.join(known)}"
        if entry.otherwise:
            advice += f"\n  another way: {entry.otherwise}"
        raise type(error)(f"{error}{advice}") from None


def _whole_archive(place: Place) -> Callable[[Path], None] | None:
    """The test of a whole download where no checksum is published."""
    return functools.partial(require_whole, kind=place.kind) if place.is_packed else None


def _install(place: Place, archive: Path, *, unpacked: bool, report: Callable[[str], None]) -> None:
    """Put a checked file where a run file looks for it: unpacked, copied, or already there."""
    if not place.is_packed:
        if archive != place.final:
            place.final.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(place.final) as temporary:
                shutil.copyfile(archive, temporary)
        report(f"{place.entry.name}: done: {place.final}")
        return
    kind = place.kind
    if not unpacked:
        report(f"{place.entry.name}: done: {archive}; --unpack turns it into {place.final}")
        return
    needed = unpacked_size(archive, kind)
    if needed is not None:
        require_free(place.final.parent, needed=needed, purpose=f"unpacking {archive.name}")
    place.final.parent.mkdir(parents=True, exist_ok=True)
    unpack(
        archive,
        kind=kind,
        target=place.final,
        inside=place.entry.inside or place.final.name,
        contains=place.entry.contains,
        most=place.entry.unpacked,
    )
    report(f"{place.entry.name}: unpacked to {place.final}; {archive} is no longer needed")


def _by_hand(places: Sequence[Place]) -> str:
    """What the user has to get, how, and where to put it."""
    lines = ["some files cannot be fetched by a program:"]
    for place in places:
        entry = place.entry
        sums = ", ".join(f"{name} {value}" for name, value in entry.checksums.items())
        size = (
            f"{format_bytes(entry.bytes)} ({entry.bytes} bytes)" if entry.bytes else "size unknown"
        )
        lines += [f"  {entry.name}: {size}", f"    {sums}"] if sums else [f"  {entry.name}: {size}"]
        lines.append(f"    save it as {place.download}, or pass it by --archive PATH")
    lines += [f"  how: {how}" for how in dict.fromkeys(p.entry.by_hand for p in places)]
    lines.append("  then start the same command again")
    return "\n".join(lines)
