"""Where the packages of this repository lie, and the files that it ships beside its modules."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent  # of the checkout, or site-packages: the packages lie in it
PACKAGES = ("repro", "data_prep", "experiments")  # all code of this repository
PRESETS = (PACKAGE / "presets").resolve()  # in a checkout a link to config/presets
