"""Options of the face arithmetic (Fig 7), as a run file may set them.

Apart from measure.py, so that a run file is checked without loading what measures.
"""

from pydantic import Field, model_validator

from experiments.face_arithmetic.triples import GLASSES, SMILE, Triple
from repro.specs import Strict


class Options(Strict):
    """Attributes, sums, and how many of everything."""

    attributes: dict[str, str] = Field(
        {"man": "man == 1", "smiling": "smiling == 1", "glasses": "glasses == 1"},
        description="attribute -> 'label field, operator, number', e.g. 'age >= 50'",
    )
    triples: list[Triple] = Field([SMILE, GLASSES], min_length=1, description="paper: these two")
    samples: int = Field(2000, ge=10, description="samples among which exemplars are looked for")
    confident: int = Field(
        50, ge=1, description="surest samples of a concept, drawn from in trials"
    )
    exemplars: int = Field(3, ge=1, description="exemplars averaged per concept (paper: 3)")
    trials: int = Field(200, ge=2, description="random choices of exemplars measured per sum")
    noise: float = Field(0.25, ge=0, description="half-width of the noise around Y (paper: 0.25)")
    classifier_images: int = Field(6000, ge=20, description="labelled images used, at most")
    classifier_epochs: int = Field(12, ge=1, description="passes of each classifier")

    @model_validator(mode="after")
    def _fits_together(self) -> "Options":
        unknown = {a for t in self.triples for a in t.wanted} - self.attributes.keys()
        if unknown:
            raise ValueError(
                f"triples name {', '.join(sorted(unknown))}, which `attributes` does not define; "
                f"it defines {', '.join(self.attributes)}"
            )
        if not self.exemplars <= self.confident <= self.samples:
            raise ValueError("expected exemplars <= confident <= samples")
        return self

    def columns(self, concept: dict[str, int]) -> dict[int, int]:
        """A concept by column of the attribute table."""
        return {list(self.attributes).index(name): value for name, value in concept.items()}
