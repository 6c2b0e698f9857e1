"""List the near-duplicates that may be deleted, for xargs.

Where in the flow: a last step of the tool `repro.dedup`, with --delete-list. Nothing is deleted
here. A list may be passed to rm unread, so everything it names must be safe to lose. Where a link
is involved it names nothing: neither a link, nor a file reached through one, nor a file with
another name in the tree, nor an image whose kept twin is itself reached through a link (and may be
elsewhere). Nor does it name an animation, unless its twin has the same bytes: only the first of its
pictures was compared. `repro.dedup.set_aside` and the page of the groups obey the same rules.
"""

import filecmp
import os
import shlex
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from repro.artefacts.whole_file import atomic_write


@dataclass(frozen=True)
class Going:
    """Images that would go, each with the kept image for which it goes.

    root: resolved folder of the images, None for an LMDB. copies: (key, key of its twin). twins:
    resolved folder of the twins, None for an LMDB. several: keys of files with several names.
    animated: keys of files that hold several pictures, of which only the first was compared.
    """

    root: str | None
    copies: list[tuple[str, str]]
    twins: str | None
    several: Collection[str] = ()
    animated: Collection[str] = ()

    def why_not(self, key: str, twin: str) -> str:
        """Why the image must not be listed: "linked", "animated" or ""."""
        linked = self.root is not None and (
            key in self.several or not _without_links(self.root, key)
        )
        if linked or not _without_links(self.twins, twin):
            return "linked"
        return "animated" if key in self.animated and not self._same_bytes(key, twin) else ""

    def safe(self) -> tuple[list[str], Counter[str]]:
        """Keys of the images that are safe to lose, and how many others there are by `why_not`."""
        whys = [(key, self.why_not(key, twin)) for key, twin in self.copies]
        return [key for key, why in whys if not why], Counter(why for _, why in whys if why)

    def _same_bytes(self, key: str, twin: str) -> bool:
        if self.root is None or self.twins is None:
            return False
        one, other = os.path.join(self.root, key), os.path.join(self.twins, twin)
        try:
            return filecmp.cmp(one, other, shallow=False)
        except OSError:  # lost since it was read
            return False

    def entry(self, key: str) -> str:
        """How a list names an image: by its absolute path, or its key in an LMDB."""
        return key if self.root is None else os.path.join(self.root, key)


@dataclass(frozen=True)
class Listed:
    """Counts of names written, and of images left out: by `Going.why_not`, and by line breaks."""

    named: int
    left_out: Mapping[str, int]
    line_breaks: int


def write_delete_list(file: Path, going: Going, *, null: bool) -> Listed:
    """Write the images that would go: absolute paths, or the keys of an LMDB.

    null: each ends in a zero byte (xargs -0), else in a line feed; then names with line breaks are
    left out, since half of one might be the name of another file. Bytes of names are unchanged.
    """
    keys, left_out = going.safe()
    names = [going.entry(key) for key in keys]
    lines = [name for name in names if null or not has_line_break(name)]
    end = "\0" if null else "\n"
    text = "".join(line + end for line in lines)
    with atomic_write(file) as temporary:
        temporary.write_bytes(text.encode("utf-8", "surrogateescape"))
    return Listed(len(lines), left_out, len(names) - len(lines))


def has_line_break(name: str) -> bool:
    return "\n" in name or "\r" in name


def how_to_delete(file: str, *, null: bool) -> str:
    """A command that Linux and macOS know alike: `xargs -d` is GNU's alone."""
    listed = shlex.quote(file)
    return f"xargs -0 rm -- < {listed}" if null else f"tr '\\n' '\\0' < {listed} | xargs -0 rm --"


def _without_links(root: str | None, key: str) -> bool:
    """Whether no part of the path below `root` (itself resolved) is a symbolic link."""
    if root is None:
        return True
    path = os.path.join(root, key)
    return os.path.realpath(path) == path
