"""Archives built in memory, intact and harmful, for the tests of unpacking and downloading."""

import gzip
import io
import tarfile
import zipfile

import numpy as np

PICTURES = {f"{i:06d}.jpg": np.random.default_rng(i).bytes(5000) for i in range(20)}


def zipped(files, **given):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, **given) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)  # a fixed date: the same bytes in every process
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return stream.getvalue()


def tarred(files):
    """files: name -> bytes, or a TarInfo for what is no plain file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            if isinstance(data, tarfile.TarInfo):
                archive.addfile(data)
                continue
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def tar_entry(name, kind, linkname=""):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, linkname
    return entry


ROOMS = zipped({f"rooms/{name}": data for name, data in PICTURES.items()} | {"rooms/sub/": b""})
OBJECTS = gzip.compress(
    tarred({f"objects/{name}": data for name, data in PICTURES.items()}), mtime=0
)
CLASSES = tarred(
    {
        "n01.tar": tarred({"a.JPEG": b"first", "b.JPEG": b"second"}),
        "n02.tar": tarred({"c.JPEG": b"third"}),
    }
)
