"""A file that is whole or absent: it is written under a temporary name, then renamed.

Where in the flow: every writer of a single file (JSON, pictures, tables, arrays) uses this module;
repro.artefacts.step_folder does the same for whole folders. Alone: `with
atomic_write(Path("a.txt")) as temporary: temporary.write_text("...")`.
"""

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from repro.artefacts.disk_full import naming_full_disk


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary name next to `path`, renamed to `path` when the block succeeds.

    After an exception the temporary file is removed, and an older `path` is unchanged. Raises
    IsADirectoryError before the block where `path` is a folder, DiskFullError, and any other
    OSError with the name of `path` in place of the temporary one.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with naming_full_disk(path):
            yield temporary
            temporary.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(temporary):
            error.filename = str(path)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write JSON (sorted keys, indent 1), whole or not at all. Raises what atomic_write does."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    # bytes of a name that are not UTF-8 (lone surrogates) become JSON escapes
    with atomic_write(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))
