"""Formats that Pillow reads once an optional package has added its reader: HEIC and JPEG XL.

Where in the flow: repro/data/pillow_pixels.py looks here for the reader of a format that Pillow
itself lacks. pillow-heif is the extra `heic`: its wheels contain x265 under the GPL, so it is no
normal dependency. JPEG XL is read where Pillow has a reader for it, its own or that of
pillow-jxl-plugin. Without a package its formats are "unsupported", and the message names it.

Alone: `pillow_reader("heic")`; `describe_missing_packages()` is what a user may install.
"""

from functools import cache
from importlib import metadata
from typing import NamedTuple

from PIL import Image

from repro.data.formats import CONVERT, UnreadableImage


class Package(NamedTuple):
    """An optional package: its name and formats, their name in Pillow, how to get it."""

    name: str
    formats: str
    pillow_name: str
    install: str


HEIF = Package("pillow-heif", "HEIC", "HEIF", 'pip install "dcgan-reproduction[heic]"')
JXL = Package("pillow-jxl-plugin", "JPEG XL", "JXL", "pip install pillow-jxl-plugin")
PACKAGES = {"heic": HEIF, "heif": HEIF, "JPEG XL": JXL}  # by the names of repro/data/formats.py


def pillow_reader(name: str) -> str:
    """Pillow's name of the reader for format `name`. Raises UnreadableImage("unsupported")."""
    package = PACKAGES.get(name)
    if package is None:
        raise UnreadableImage("unsupported", f"no decoder for {name}; {CONVERT}")
    if not _is_readable(package):
        raise UnreadableImage(
            "unsupported",
            f"{name} needs the package {package.name}, which is not installed "
            f"({package.install}); or {CONVERT}",
        )
    return package.pillow_name


def versions() -> dict[str, str]:
    """Versions of the optional packages that are in use, by name."""
    found = {}
    for package in (HEIF, JXL):
        if _is_readable(package):
            try:
                found[package.name] = metadata.version(package.name)
            except metadata.PackageNotFoundError:  # Pillow's own reader
                continue
    return found


def describe_missing_packages() -> str:
    """What to install for the formats that cannot be read here; "" where all can be."""
    needed = [
        f"{package.formats} needs the package {package.name} ({package.install})"
        for package in (HEIF, JXL)
        if not _is_readable(package)
    ]
    return ", ".join(needed)


@cache
def _is_readable(package: Package) -> bool:
    """Whether Pillow can read the format, after its package, if any, has added its reader."""
    Image.init()
    if package.pillow_name in Image.OPEN:
        return True
    try:
        if package is HEIF:
            import pillow_heif

            pillow_heif.register_heif_opener(decode_threads=1)  # pictures are decoded side by side
        else:
            import pillow_jxl  # noqa: F401
    except (ImportError, OSError):  # not installed, or without a library it needs
        return False
    return package.pillow_name in Image.OPEN
