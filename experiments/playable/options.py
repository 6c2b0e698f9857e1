"""Options of the page to play with, as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from pydantic import Field, model_validator

from repro.specs.validation import Strict

UNTRAINED_SAMPLES = 500  # from which directions of the untrained control are taken, at most


class Options(Strict):
    """Named directions, and how many of everything."""

    attributes: dict[str, str] = Field(
        {"smiling": "smiling == 1", "man": "man == 1", "glasses": "glasses == 1"},
        min_length=1,
        description="direction -> 'label field, operator, number'; the first two make the example",
    )
    samples: int = Field(2000, ge=20, description="samples from which directions are taken")
    confident: int = Field(50, ge=1, description="most confident samples at each end")
    offered: int = Field(120, ge=6, description="samples to pick from, the first ones")
    tested: int = Field(200, ge=2, description="further samples that directions are tried on")
    classifier_images: int = Field(4000, ge=20, description="labelled images used, at most")
    classifier_epochs: int = Field(12, ge=1, description="passes of each classifier")

    @model_validator(mode="after")
    def _enough_samples(self) -> "Options":
        if not max(2 * self.confident, self.offered) <= self.samples:
            raise ValueError("expected 2 * confident <= samples and offered <= samples")
        if not 2 * self.confident <= UNTRAINED_SAMPLES:
            raise ValueError(
                f"expected 2 * confident <= {UNTRAINED_SAMPLES}, samples of the untrained control"
            )
        return self

    def fewest_images(self) -> dict[str, int]:
        """Two classifiers and their test share the images."""
        return {"faces.data": 20}
