"""Weights in the layout in which the paper's authors released theirs, written by the tests.

The index is put together opcode by opcode, as joblib under Python 2 wrote it; `index_bytes` gives
the authors' own bytes for their own file names
(tests/repro/released/test_released.py compares the hash).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

KERNEL = {"svhn": 5, "imagenet": 3}
WRAPPER = b"csklearn.externals.joblib.numpy_pickle\nNDArrayWrapper\n"


def index_bytes(names: Sequence[str]) -> bytes:
    """Protocol 2 pickle of a list of NDArrayWrapper, one for each file name."""
    out = b"\x80\x02]q\x00("
    memo = 1
    for number, name in enumerate(names):
        file = b"U" + bytes([len(name)]) + name.encode()
        if number == 0:
            out += WRAPPER + b"q\x01)\x81q\x02}q\x03(U\x0aallow_mmapq\x04\x88U\x08subclassq\x05"
            out += b"cnumpy\nndarray\nq\x06U\x08filenameq\x07" + file + b"q\x08ub"
            memo = 9
        else:
            out += b"h\x01)\x81q" + bytes([memo]) + b"}q" + bytes([memo + 1])
            out += b"(h\x04\x88h\x05h\x06h\x07" + file + b"q" + bytes([memo + 2]) + b"ub"
            memo += 3
    return out + b"e."


def discriminator_arrays(
    kind: str, widths: Sequence[int], *, source: np.random.Generator, sd: float = 0.3
) -> list[np.ndarray]:
    """In the authors' order: kernels; kernels, gain, bias of each further layer; last unit."""
    arrays = []
    for number, (before, width) in enumerate(zip((3, *widths), widths, strict=False)):
        arrays.append(source.normal(0, sd, (width, before, KERNEL[kind], KERNEL[kind])))
        if number:
            arrays += [source.normal(1, 0.2, width), source.normal(0, 0.2, width)]
    arrays.append(source.normal(0, sd, (widths[-1] * 16, 1)))
    return [array.astype(np.float32) for array in arrays]


def generator_arrays(
    kind: str, z_dim: int, widths: Sequence[int], *, source: np.random.Generator, sd: float = 0.3
) -> list[np.ndarray]:
    """Weights, gain, bias of the projection; kernels, gain, bias of each layer; kernels."""
    units = widths[0] * 16
    arrays = [source.normal(0, 1, (z_dim, units))]
    arrays += [source.normal(1, 0.2, units), source.normal(0, 0.2, units)]
    for number, (before, width) in enumerate(zip(widths, (*widths[1:], 3), strict=True), 1):
        arrays.append(source.normal(0, sd, (before, width, KERNEL[kind], KERNEL[kind])))
        if number < len(widths):
            arrays += [source.normal(1, 0.2, width), source.normal(0, 0.2, width)]
    return [array.astype(np.float32) for array in arrays]


def write_list(index: Path, arrays: Sequence[np.ndarray], *, missing: Sequence[int] = ()) -> None:
    """An index and its .npy files, but for those whose numbers (from 1) are missing."""
    names = [f"{index.name}_{number:02d}.npy" for number in range(1, len(arrays) + 1)]
    index.parent.mkdir(parents=True, exist_ok=True)
    index.write_bytes(index_bytes(names))
    for number, (name, array) in enumerate(zip(names, arrays, strict=True), 1):
        if number not in missing:
            np.save(index.with_name(name), array)


def write_pair(
    folder: Path,
    kind: str,
    *,
    widths: Sequence[int],
    z_dim: int = 6,
    seed: int = 0,
    sd: float = 0.3,
    missing_d: Sequence[int] = (),
    missing_g: Sequence[int] = (),
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """A released pair, files 7_*; returns the arrays of D and of G."""
    source = np.random.default_rng(seed)
    D = discriminator_arrays(kind, widths, source=source, sd=sd)
    G = generator_arrays(kind, z_dim, widths[::-1], source=source, sd=sd)
    write_list(folder / "7_discrim_params.jl", D, missing=missing_d)
    write_list(folder / "7_gen_params.jl", G, missing=missing_g)
    return D, G
