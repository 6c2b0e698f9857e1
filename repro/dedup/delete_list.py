"""List the near-duplicates that may be deleted, for xargs.

Where in the flow: the last step of the tool `repro.dedup`, with --delete-list. Nothing is deleted
here. A list may be passed to rm unread, so everything it names must be safe to lose. Where a link
is involved it names nothing: neither a link, nor a file reached through one, nor a file with
another name in the tree, nor an image whose kept twin is itself reached through a link (and may be
elsewhere).
"""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.artefacts.whole_file import atomic_write
from repro.dedup.files_once import FileNames
from repro.dedup.removal import Removal


@dataclass(frozen=True)
class Listed:
    """Counts of names written, and of images left out because of links or of line breaks."""

    named: int
    linked: int
    line_breaks: int


def write_delete_list(
    file: Path,
    *,
    path: Path,
    keys: Sequence[str],
    removal: Removal,
    names: FileNames | None,
    null: bool,
) -> Listed:
    """Write the images that would be deleted: absolute paths, or the keys of an LMDB (names None).

    null: each ends in a zero byte (xargs -0), else in a line feed; then names with line breaks are
    left out, since half of one might be the name of another file. Bytes of names are unchanged.
    """
    root = os.path.realpath(path)
    lines, linked, line_breaks = [], 0, 0
    for row in np.flatnonzero(~removal.keep).tolist():
        key = keys[row]
        if names is not None:
            twin = keys[removal.first[row]]
            if key in names.several or not _without_links(root, key, twin):
                linked += 1
                continue
            key = os.path.join(root, key)
        if not null and ("\n" in key or "\r" in key):
            line_breaks += 1
            continue
        lines.append(key)
    end = "\0" if null else "\n"
    text = "".join(line + end for line in lines)
    with atomic_write(file) as temporary:
        temporary.write_bytes(text.encode("utf-8", "surrogateescape"))
    return Listed(len(lines), linked, line_breaks)


def how_to_delete(file: str, *, null: bool) -> str:
    """A command that Linux and macOS know alike: `xargs -d` is GNU's alone."""
    listed = shlex.quote(file)
    return f"xargs -0 rm -- < {listed}" if null else f"tr '\\n' '\\0' < {listed} | xargs -0 rm --"


def _without_links(root: str, *keys: str) -> bool:
    """Whether no part of the paths below `root` (itself resolved) is a symbolic link."""
    paths = [os.path.join(root, key) for key in keys]
    return all(os.path.realpath(each) == each for each in paths)
