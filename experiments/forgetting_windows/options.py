"""Options of forgetting windows (Fig 6), as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from pydantic import Field, NonNegativeInt, PositiveFloat, model_validator

from repro.specs.validation import GivenPath, Strict


class WindowChoices(Strict):
    """Other choices under which windows are forgotten again."""

    strength: list[PositiveFloat] = Field(description="C of the logistic regression")
    layer: list[NonNegativeInt] = Field(
        description="layer of G whose maps are dropped, where G has it"
    )


class Multiverse(Strict):
    """The claims that are measured again, and the values of their choices (from the card)."""

    windows_forgotten: WindowChoices | None = None


class Options(Strict):
    """Whose boxes, which layers, how the regression is fitted, and how many of everything."""

    boxes: list[GivenPath] = Field(
        [],
        description="JSON files of boxes drawn by hand on the page fig06_boxes.html (paper: 52 by "
        "hand), one per person; the first is used, others are compared with it; paths from the "
        "folder in which the run is started; [] = boxes of the segmenter",
        json_schema_extra={"files": True},
    )
    samples: int = Field(150, ge=10, description="samples on which windows are marked (paper: 150)")
    layers: list[int] = Field(
        [1, 2],
        min_length=1,
        description="layers of G whose maps are dropped, each by itself: 0 = the projection, k = "
        "the k-th transposed convolution; the first stands for the paper's, the others check it",
    )
    negatives: float = Field(
        1.0, gt=0, description="cells outside boxes for each inside (paper: no number)"
    )
    strength: float = Field(
        1.0, gt=0, description="C of the logistic regression, the inverse of its L2 penalty"
    )
    folds: int = Field(5, ge=2, description="folds of the cross-validation, by sample")
    refits: int = Field(
        8, ge=2, description="fits on resampled samples with other cells outside, for the spread"
    )
    measured: int = Field(500, ge=2, description="new samples measured")
    random_sets: int = Field(10, ge=2, description="random sets of maps dropped as a control")
    curve_samples: int = Field(
        150,
        ge=2,
        description="new samples used for the refits and for the curve over numbers of maps",
    )
    curve_steps: int = Field(8, ge=2, description="numbers of maps on that curve, evenly spread")
    rooms: int = Field(1200, ge=20, description="rooms drawn to train each of the two segmenters")
    test_rooms: int = Field(300, ge=10, description="rooms drawn to test them")
    epochs: int = Field(8, ge=1, description="passes of each segmenter over its rooms")
    least_overlap: float = Field(
        0.5,
        ge=0,
        le=1,
        description="claims are decided where the judge overlaps with the boxes by at least this "
        "(intersection over union); otherwise it may not know windows in these pictures",
    )
    multiverse: Multiverse = Field(
        Multiverse(), description="claims to measure again under other choices, from the card"
    )
    shown: int = Field(10, ge=1, description="columns of Fig 6 (paper: 10)")

    @model_validator(mode="after")
    def _fits_together(self) -> "Options":
        if len(set(self.layers)) != len(self.layers) or min(self.layers) < 0:
            raise ValueError(f"layers {self.layers}: expected different numbers from 0 up")
        if self.curve_samples > self.measured:
            raise ValueError("expected curve_samples <= measured")
        return self
