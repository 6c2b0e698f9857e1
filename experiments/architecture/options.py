"""Options of the drawing of the networks (Fig 1), as a run file may set them: none.

Apart from measure.py, so that a run file is checked without loading what measures.
"""

from repro.specs.validation import Strict


class Options(Strict):
    """The networks say everything themselves."""
