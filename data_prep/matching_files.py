"""The files of a data set that match a pattern, in the order of their names.

Where in the flow: sources whose raw data are numbered files (parquet.py, webdataset.py) list them
here, and describe files of another kind.

Alone: `find_matching(RAW, "train-*.parquet")`.
"""

from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator

from data_prep.source import Requirement
from repro.data.formats import HEAD_BYTES, looks_like
from repro.data.raw_images import SourceError

LFS_POINTER = b"version https://git-lfs"


def _below(pattern: str) -> str:
    path = PurePosixPath(pattern)
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise ValueError("must be a pattern of paths below raw, such as train-*.parquet")
    return pattern


Pattern = Annotated[str, AfterValidator(_below)]


def find_matching(raw: Path, pattern: str) -> list[str]:
    """Relative paths of all that matches `pattern` below `raw`, sorted, without hidden ones."""
    found = (path.relative_to(raw) for path in raw.glob(pattern))
    return sorted(p.as_posix() for p in found if not any(part.startswith(".") for part in p.parts))


def require_files(raw: Path, pattern: str, *, what: str, how_to_get: str) -> list[Requirement]:
    """A requirement for each file that matches, or one for the pattern where none does."""
    paths = [raw / name for name in find_matching(raw, pattern)] or [raw / pattern]
    return [Requirement(path, what=what, how_to_get=how_to_get, kind="file") for path in paths]


def refuse_pointer(path: Path) -> None:
    """Raise SourceError for what Git leaves in place of a large file that was not fetched."""
    with path.open("rb") as stream:
        if stream.read(len(LFS_POINTER)) == LFS_POINTER:
            raise SourceError(
                f"{path}: a pointer of Git LFS in place of the file; fetch it: git lfs pull"
            )


def wrong_file_error(path: Path, expected: str, error: Exception) -> SourceError:
    """The error for a file whose reader gives up: what it is by its beginning, what to do."""
    with path.open("rb") as stream:
        found, way_out = looks_like(stream.read(HEAD_BYTES))
    if found in ("a file", f"a {expected}"):  # of no other kind that is known
        return SourceError(
            f"{path} ({path.stat().st_size} bytes): damaged or cut off, or no {expected} "
            f"({error}); get it again"
        )
    return SourceError(
        f"{path}: expected a {expected}, found {found}" + (way_out and f"; {way_out}")
    )
