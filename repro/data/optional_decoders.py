"""HEIC, which Pillow reads once an optional package has added its reader.

Where in the flow: repro/data/pillow_pixels.py looks here for the reader of a format that Pillow
itself lacks. pillow-heif is the extra `heic`: its wheels contain x265 under the GPL, so it is no
normal dependency. Without it HEIC is "unsupported", and the message names the package.

Alone: `pillow_reader("heic")`; `describe_missing_package()` is what a user may install.
"""

from functools import cache
from importlib import metadata

from repro.data.formats import CONVERT, UnreadableImage

PACKAGE = "pillow-heif"
INSTALL = 'pip install ".[heic]" in the checkout'
FORMATS, READER = ("heic", "heif"), "HEIF"  # as repro/data/formats.py and as Pillow name them


def pillow_reader(name: str) -> str:
    """Pillow's name of the reader for format `name`. Raises UnreadableImage("unsupported")."""
    if name not in FORMATS:
        raise UnreadableImage("unsupported", f"no decoder for {name}; {CONVERT}")
    if not _is_installed():
        raise UnreadableImage(
            "unsupported",
            f"{name} needs the package {PACKAGE}, which is not installed ({INSTALL}); or {CONVERT}",
        )
    return READER


def versions() -> dict[str, str]:
    """The version of the optional package, by its name, where it is in use."""
    return {PACKAGE: metadata.version(PACKAGE)} if _is_installed() else {}


def describe_missing_package() -> str:
    """What to install for HEIC; "" where it can be read."""
    return "" if _is_installed() else f"HEIC needs the package {PACKAGE} ({INSTALL})"


@cache
def _is_installed() -> bool:
    """Whether the package can be loaded; then Pillow has its reader."""
    try:
        import pillow_heif

        pillow_heif.register_heif_opener(decode_threads=1)  # pictures are decoded side by side
    except (ImportError, OSError):  # not installed, or without a library it needs
        return False
    return True
