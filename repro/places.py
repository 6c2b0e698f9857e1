"""Where the files lie that this repository ships beside its modules."""

from pathlib import Path

ROOT = Path(__file__).parent.parent  # of the checkout: repro/, experiments/, config/, ...
PRESETS = ROOT / "config" / "presets"
