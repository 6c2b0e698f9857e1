"""Map the names in a folder tree to their files, each file once.

Where in the flow: `repro.dedup.folder` calls this before it opens anything. A pipe or a device
would block or never end, and two names of one file (links) must not count as two images: of a pair
of duplicates one may be deleted, and with it both would be gone. So a file is read under one name,
its own rather than a link's, and its other names are reported as "same_file".

Alone: `file_names(FOLDER).aside` has the names that are not read, with reasons.
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.data.raw_images import files_below

NOT_LEGIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class FileNames:
    """Relative names of everything below a folder, sorted, without hidden ones.

    aside: why a name is not read: "cannot_open", "not_a_file" (pipe, socket, device), "same_file".
    several: names we read of files that have another name here.
    """

    keys: list[str]
    aside: dict[str, str]
    several: frozenset[str]


def file_names(root: Path) -> FileNames:
    """Examine every name below `root`. It needs about 24 bytes per name besides the names."""
    keys = files_below(root)
    aside: dict[str, str] = {}
    identity = np.zeros((len(keys), 3), np.uint64)  # device, inode, whether it is a link
    for row, key in enumerate(keys):
        path = os.path.join(root, key)
        try:
            status = os.stat(path)
        except OSError:
            aside[key] = "cannot_open"
            continue
        if stat.S_ISREG(status.st_mode):
            identity[row] = status.st_dev, status.st_ino, os.path.islink(path)
        else:
            aside[key] = "not_a_file"
    regular = np.array([row for row, key in enumerate(keys) if key not in aside], np.int64)
    device, inode, linked = identity[regular].T
    order = regular[np.lexsort((regular, linked, inode, device))]  # own names before links
    again = (identity[order[1:], :2] == identity[order[:-1], :2]).all(axis=1)
    aside |= {keys[row]: "same_file" for row in order[1:][again]}
    several = frozenset(keys[row] for row in order[:-1][again] if keys[row] not in aside)
    return FileNames(keys, aside, several)


def legible(name: str) -> str:
    """The name in printable form: control characters and undecodable bytes are escaped."""
    return NOT_LEGIBLE.sub(
        lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), name
    )
