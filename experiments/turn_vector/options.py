"""Options of the turn vector (Fig 8), as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from pydantic import Field, model_validator

from repro.specs.validation import GivenPath, Strict


class Axis(Strict):
    """A change along a vector: two ends of one label field, in expressions of it."""

    left: str = Field(description="'field operator number', e.g. 'pose <= -0.5'")
    right: str = Field(description="the same field, e.g. 'pose >= 0.5'")


POSE = Axis(left="pose <= -0.5", right="pose >= 0.5")
OTHERS = {
    name: Axis(left=f"{name} == 0", right=f"{name} == 1") for name in ("man", "smiling", "glasses")
}

UNTRAINED_SAMPLES = 500  # of the untrained control, among which its exemplars are, at most


class Options(Strict):
    """Axes, size of the figure and of the measurement."""

    axes: dict[str, Axis] = Field(
        {"pose": POSE, **OTHERS},
        min_length=1,
        description="attributes with a vector each, all followed along every vector; by default "
        "those labelled in the data, or else the first label, split at its quartiles",
    )
    turn: str = Field(
        "pose",
        description="the axis of Fig 8 (paper: pose); where `axes` is not given and the data have "
        "no label of it, the first that they have",
    )
    exemplars: int = Field(4, ge=1, description="samples averaged at each end (paper: 4)")
    steps: int = Field(11, ge=3, description="columns; odd, the middle is the sample (paper: 11)")
    reach: float = Field(
        0.5, gt=0, description="how much of the vector is added at either end (paper silent)"
    )
    shown: int = Field(5, ge=1, description="rows of the figure (paper: 5)")
    rows: int = Field(100, ge=2, description="rows measured, each with a vector of its own")
    samples: int = Field(2000, ge=10, description="samples among which exemplars are looked for")
    confident: int = Field(
        50, ge=1, description="most confident samples of each end, from which rows draw"
    )
    classifier_images: int = Field(6000, ge=20, description="labelled images used, at most")
    classifier_epochs: int = Field(12, ge=1, description="passes of chooser and judge")
    blend_epochs: int = Field(8, ge=1, description="passes of the classifier of blends")
    offered: int = Field(
        300, ge=1, description="samples on the page of face_arithmetic, where exemplars are picked"
    )
    picks: list[GivenPath] = Field(
        [],
        max_length=1,
        description="a JSON file that the page made, with the concepts left and right: Fig 8 is "
        "then drawn from them; path from the folder in which the run is started",
        json_schema_extra={"files": True},
    )

    @model_validator(mode="after")
    def _fits_together(self) -> "Options":
        if self.turn not in self.axes:
            raise ValueError(
                f"turn is '{self.turn}', which `axes` does not define; it defines "
                f"{', '.join(self.axes)}"
            )
        if self.steps % 2 == 0:
            raise ValueError(f"steps is {self.steps}; expected an odd number, for a middle column")
        if not self.exemplars <= self.confident <= min(self.samples, UNTRAINED_SAMPLES):
            raise ValueError(
                "expected exemplars <= confident <= samples, and confident <= "
                f"{UNTRAINED_SAMPLES}, the samples of the untrained control"
            )
        return self

    @property
    def axes_were_given(self) -> bool:
        """Whether the run file names its own axes, which must then all be labelled."""
        return "axes" in self.model_fields_set

    def fewest_images(self) -> dict[str, int]:
        """Two classifiers and their test share the images."""
        return {"faces.data": 20}
