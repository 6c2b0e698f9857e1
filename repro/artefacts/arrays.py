"""Arrays of a step as one .npz file: the same arrays give the same bytes.

Where in the flow: every step that stores arrays writes them with `save_arrays`.

Alone: `save_arrays(Path("walk.npz"), frames=frames)`.
"""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from repro.artefacts.whole_file import atomic_write


def save_arrays(path: Path, **arrays: Any) -> None:
    """Write arrays to a .npz file that np.load reads; equal arrays give equal bytes.

    Zip dates are fixed, and anything np.asarray accepts is stored without compression. Raises
    ValueError for arrays of Python objects, which would need pickle, and for a name without .npz.
    """
    if path.suffix != ".npz":
        raise ValueError(f"{path}: arrays are written to a file named .npz")
    with (
        atomic_write(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,
    ):
        for name in sorted(arrays):
            array = np.asanyarray(arrays[name])
            if array.dtype.hasobject:
                raise ValueError(f"{path}: array '{name}' holds Python objects; store numbers")
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            with archive.open(entry, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)
