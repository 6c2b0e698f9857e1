"""Where this repository's packages are, and the files that it ships next to its modules."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent  # the checkout, or site-packages: the folder of the packages
PACKAGES = ("repro", "data_prep", "experiments")  # all code of this repository
PRESETS = (PACKAGE / "presets").resolve()  # in a checkout, a link to config/presets
