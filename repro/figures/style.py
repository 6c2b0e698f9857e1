"""Settings of a run's figures, apart from drawing: what only passes them on loads no matplotlib.

Where in the flow: a run file's banner goes into one Style, which experiments and trainings hand to
repro.figures.drawing.
"""

from repro.specs.validation import Strict


class Style(Strict):
    """Settings of a run's figures. `banner` is "" for a real run at the paper's settings."""

    banner: str = ""
