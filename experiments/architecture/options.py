"""Options of the drawing of the networks (Fig 1), as a run file may set them: none.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from repro.specs.validation import Strict


class Options(Strict):
    """Empty: the networks determine everything."""
