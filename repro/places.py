"""Where the files lie that this repository ships beside its modules."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent  # of the checkout, or site-packages: repro/, data_prep/, experiments/
PRESETS = (PACKAGE / "presets").resolve()  # in a checkout a link to config/presets
