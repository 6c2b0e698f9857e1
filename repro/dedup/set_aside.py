"""A folder without its near-duplicates: links to what is kept, or the others moved aside.

Where in the flow: a last step of the tool `repro.dedup`, with --link or --move-to. Nothing is ever
deleted or overwritten. `link_kept` leaves all images where they are. `move_copies` moves what the
delete list would name; below the new folder every file keeps its relative name, so that moving the
tree back undoes it. Both may be killed at any time and started again.

Alone: `move_copies(going, Path("aside"))`.
"""

import errno
import filecmp
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from repro.artefacts.disk_full import naming_full_disk
from repro.dedup.delete_list import Going
from repro.dedup.files_once import legible
from repro.errors import UnusableError
from repro.progress import tracked

NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES)


def refuse_target(target: Path, *, others: Iterable[Path]) -> None:
    """Raise UnusableError where `target` lies in one of `others`, contains one, or is a file."""
    place = Path(os.path.realpath(target))
    for other in others:
        resolved = Path(os.path.realpath(other))
        if place.is_relative_to(resolved) or resolved.is_relative_to(place):
            raise UnusableError(f"{target}: is inside {other}, or contains it; choose another")
    if os.path.lexists(target) and not target.is_dir():
        raise UnusableError(f"{target}: is a file; choose another name")


def refuse_strangers(target: Path, root: Path) -> None:
    """Raise UnusableError where `target` holds anything but links to files below `root`."""
    inside = os.path.realpath(root) + os.sep
    for folder, subfolders, files in os.walk(target):
        for name in [*files, *subfolders]:
            path = os.path.join(folder, name)
            if name in subfolders and not os.path.islink(path):
                continue
            if not (os.path.islink(path) and os.readlink(path).startswith(inside)):
                raise UnusableError(
                    f"{legible(path)}: is no link to an image of {root}, so the folder is not "
                    "replaced; choose another --link"
                )


def link_kept(root: Path, keys: Iterable[str], target: Path) -> int:
    """Make the folder `target` of symbolic links to the images `keys` below `root`; their number.

    The links are absolute. An older `target` of such links is replaced; otherwise UnusableError, as
    `refuse_strangers` explains. The folder appears whole or not at all. Raises OSError.
    """
    refuse_strangers(target, root)
    real, place = os.path.realpath(root), Path(os.path.abspath(target))
    building, older = (place.with_name(f".{place.name}.{end}") for end in ("partial", "older"))
    with naming_full_disk(target):
        for left in (building, older):  # by a process that was killed in here
            if left.exists():
                refuse_strangers(left, root)
                shutil.rmtree(left)
        building.mkdir(parents=True)
        count = 0
        try:
            for key in tracked(list(keys), "linking", unit="images"):
                link = building / key
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(os.path.join(real, key))
                count += 1
            if place.exists():
                place.rename(older)
            building.rename(place)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
        shutil.rmtree(older, ignore_errors=True)
    return count


@dataclass(frozen=True)
class Moved:
    """Counts of the images moved, and of those left in place by `Going.why_not`."""

    moved: int
    left_out: Mapping[str, int]


def move_copies(going: Going, target: Path) -> Moved:
    """Move the images that are safe to lose into the folder `target`, under their relative names.

    Before the first is moved, UnusableError where a name there is taken by another file. On another
    file system a file is copied under a temporary name, compared, put in place and only then
    removed from its old one, so at every moment one whole file exists. An error leaves the rest
    where it is, and says how many were moved. Raises OSError, DiskFullError.
    """
    assert going.root is not None
    keys, left_out = going.safe()
    pairs = [(os.path.join(going.root, key), os.path.join(target, key)) for key in keys]
    for source, place in pairs:
        if os.path.lexists(place) and not _same(source, place):
            raise UnusableError(
                f"{legible(place)}: exists already and is another file; nothing was moved. Choose "
                "another --move-to"
            )
    moved = 0
    try:
        for source, place in tracked(pairs, "moving", unit="images"):
            with naming_full_disk(Path(place)):
                os.makedirs(os.path.dirname(place), exist_ok=True)
                move_file(source, place)
            moved += 1
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped: {moved} of {len(pairs)} images were moved") from None
    except OSError as error:
        raise UnusableError(
            f"{legible(str(error))}; {moved} of {len(pairs)} images were moved to {target}, the "
            "others are where they were. The same command continues"
        ) from error
    return Moved(moved, left_out)


def move_file(source: str, place: str) -> None:
    """Move a file without ever replacing one. FileExistsError where `place` is another file."""
    ours = not os.path.lexists(place)
    if not ours:  # an earlier move ended between its last two steps
        if not _same(source, place):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), place)
    else:
        try:
            os.link(source, place, follow_symlinks=False)  # unlike a rename it never replaces
        except OSError as error:
            if error.errno == errno.EXDEV or error.errno in NO_HARD_LINKS:
                _copy(source, place)
            else:
                raise
    try:
        os.unlink(source)
    except OSError:  # a folder that cannot be written: the file stays there alone
        if ours:
            os.unlink(place)
        raise


def _copy(source: str, place: str) -> None:
    """Put a compared copy of `source`, with its times and mode, at the free name `place`."""
    folder, name = os.path.split(place)
    temporary = os.path.join(folder, f".{name[:40]}.{os.getpid()}.partial")
    try:
        shutil.copy2(source, temporary, follow_symlinks=False)
        with open(temporary, "rb+") as stream:
            os.fsync(stream.fileno())
        if not filecmp.cmp(source, temporary, shallow=False):
            raise OSError(errno.EIO, "the copy differs from its original", place)
        if os.path.lexists(place):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), place)
        os.rename(temporary, place)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise


def _same(source: str, place: str) -> bool:
    """Whether `place` is a regular file with the bytes of `source`."""
    if os.path.islink(place) or not os.path.isfile(place):
        return False
    return os.path.samefile(source, place) or filecmp.cmp(source, place, shallow=False)
