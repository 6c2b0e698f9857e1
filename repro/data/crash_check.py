"""Read files whose readers may crash in a separate process first, where a crash is an answer.

Where in the flow: before LMDB (repro/data/raw_images.py) or SciPy's reader of MATLAB files
(data_prep/svhn.py) reads a file here. Both follow offsets in the file; in a damaged file these may
point anywhere. The trial takes the same path and touches the same bytes, so a file that it survives
is safe to read. For a database that costs about as much as iterating over its keys.

Alone: `python repro/data/crash_check.py lmdb FOLDER/data.mdb`.
"""

import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Literal

Kind = Literal["lmdb", "matlab"]


def damage_of(path: Path, kind: Kind, *names: str) -> str:
    """Describe what is wrong with a file; "" where it can be read.

    names: variables of a MATLAB file.
    """
    words = [sys.executable, "-I", __file__, kind, str(path), *names]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace")
    if done.returncode == 0:
        return ""
    if done.returncode < 0:
        return f"its reader crashes ({signal.Signals(-done.returncode).name})"
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"its reader gives up ({done.returncode})"


def walk_database(path: str) -> None:
    """Touch both ends of every record; SystemExit where their number differs from the announced."""
    import lmdb

    with (
        lmdb.open(path, subdir=False, readonly=True, lock=False) as database,
        database.begin(buffers=True) as transaction,
        transaction.cursor() as cursor,
    ):
        announced, found, last = database.stat()["entries"], 0, b""
        for key, value in cursor:
            if found and bytes(key) <= last:
                sys.exit("its keys are out of order")
            found, last = found + 1, bytes(key)
            bytes(value[:1]), bytes(value[-1:])
            if found > announced:
                break
        if found != announced:
            sys.exit(f"it announces {announced} records and holds {found}")


def load_matlab(path: str, names: list[str]) -> None:
    """Load variables of a MATLAB file."""
    import scipy.io

    scipy.io.loadmat(path, appendmat=False, variable_names=names)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kind, path, *names = sys.argv[1:]
    try:
        walk_database(path) if kind == "lmdb" else load_matlab(path, names)
    except Exception as error:  # damaged files raise nearly anything
        sys.exit(f"{type(error).__name__}: {error}".replace("\n", " "))


if __name__ == "__main__":
    main()
