"""Options of the face arithmetic (Fig 7), as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from pydantic import Field, model_validator

from experiments.face_arithmetic.triples import GLASSES, SMILE, Triple
from repro.specs.validation import GivenPath, Strict

UNTRAINED_SAMPLES = 500  # of the untrained control, among which its exemplars are


class Options(Strict):
    """Attributes, sums, and how many of everything."""

    attributes: dict[str, str] = Field(
        {"man": "man == 1", "smiling": "smiling == 1", "glasses": "glasses == 1"},
        description="attribute -> 'label field, operator, number', e.g. 'age >= 50'",
    )
    triples: list[Triple] = Field([SMILE, GLASSES], min_length=1, description="paper: these two")
    samples: int = Field(2000, ge=10, description="samples among which exemplars are looked for")
    confident: int = Field(
        50, ge=1, description="most confident samples of a concept, from which trials draw"
    )
    exemplars: int = Field(3, ge=1, description="exemplars averaged per concept (paper: 3)")
    many: int = Field(
        10,
        ge=1,
        description="exemplars in the larger average, at most `confident` (the paper has none)",
    )
    trials: int = Field(200, ge=2, description="random choices of exemplars measured per sum")
    untrained_trials: int = Field(
        100, ge=2, description="trials per sum of the untrained control, at most `trials`"
    )
    misaligned: bool = Field(
        False,
        description="whether faces are known to lie differently from picture to picture (cut out "
        "by a detector, as the paper's); labels such as `tilt` of synthetic faces already say so",
    )
    noise: float = Field(0.25, ge=0, description="half-width of the noise around Y (paper: 0.25)")
    classifier_images: int = Field(6000, ge=45, description="labelled images used, at most")
    classifier_epochs: int = Field(12, ge=1, description="passes of each classifier")
    blend_epochs: int = Field(8, ge=1, description="passes of the classifier of blends")
    offered: int = Field(
        300, ge=1, description="samples on the page on which exemplars are picked by hand"
    )
    picks: list[GivenPath] = Field(
        [],
        description="JSON files that the page made, one per person; Fig 7 is then drawn from them; "
        "paths from the folder in which the run is started",
        json_schema_extra={"files": True},
    )

    @model_validator(mode="after")
    def _fits_together(self) -> "Options":
        unknown = {a for t in self.triples for a in t.wanted} - self.attributes.keys()
        if unknown:
            raise ValueError(
                f"triples name {', '.join(sorted(unknown))}, which `attributes` does not define; "
                f"it defines {', '.join(self.attributes)}"
            )
        if not self.exemplars <= self.confident <= min(self.samples, UNTRAINED_SAMPLES):
            raise ValueError(
                "expected exemplars <= confident <= samples, and confident <= "
                f"{UNTRAINED_SAMPLES}, the samples of the untrained control"
            )
        if self.many < self.exemplars:
            raise ValueError(
                f"many ({self.many}) is below exemplars ({self.exemplars}); expected it above"
            )
        return self

    @property
    def exemplars_drawn(self) -> dict[str, int]:
        """How many exemplars a concept has in each variant that averages them."""
        larger = max(self.exemplars, min(self.many, self.confident))
        return {"three_exemplars": self.exemplars, "one_exemplar": 1, "many_exemplars": larger}

    def fewest_images(self) -> dict[str, int]:
        """A fifth is held out, and blends are made of up to nine of those."""
        return {"faces.data": 45}
