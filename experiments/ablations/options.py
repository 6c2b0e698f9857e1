"""Options of the ablations, as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch. The changes
themselves are in the run file under `ablations:`.
"""

from pydantic import Field

from repro.specs.validation import Strict

LEAST = 0.01  # distances are noise below it: it stands for them on a logarithmic axis
TROUBLES = {  # of the monitor (repro.train.monitor) -> the column that counts trainings with it
    "saturated_discriminator": "saturated",
    "collapse": "collapsed",
    "oscillation": "oscillated",
}


class Options(Strict):
    """How many images to draw and compare."""

    samples: int = Field(2000, ge=16, description="samples of each training in its distance")
    real: int = Field(2000, ge=16, description="held-out real images, at most")
    rooms: int = Field(
        800,
        ge=40,
        description="synthetic rooms in which D's features must detect a window; half of them "
        "train the classifier",
    )
    moved: int = Field(
        100, ge=2, description="samples followed through the generators that a training kept"
    )
    digits: int = Field(2000, ge=100, description="generated digits of each MNIST network")
    shown: int = Field(10, ge=1, description="samples of each change in the figure")
