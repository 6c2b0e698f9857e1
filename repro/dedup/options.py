"""Options of the de-duplication, as a run file sets them under `dedup:` (data_prep/dedup.py).

They are in a separate module, so that a run file is checked without loading PyTorch.
"""

import math
from typing import Any, Literal

from pydantic import Field, model_validator

from repro.specs.validation import Strict

HASHED_SIZES = (32, 64, 128, 256)  # pixels: the hash sees 32, by halving


class Options(Strict):
    """The hash and the treatment of collisions. The paper states only the sizes 3072-128-3072."""

    scaling: Literal["image", "dataset"] = Field(
        "image", description="image: each picture to mean 0, sd 1"
    )
    corruption: Literal["masking", "gaussian", "views"] = Field(
        "masking",
        description="masking or gaussian noise on the input; or views: shifted, cropped, rescaled, "
        "recompressed, noisy, brightened, grey, with the original as output",
    )
    noise: float = Field(0.8, ge=0, description="share masked, or sd of gaussian noise")
    agreement: float = Field(
        0.4, ge=0, description="with views: weight of what a unit differs between view and original"
    )
    code_dropout: float = Field(0.5, ge=0, lt=1, description="share of code units left out")
    presentations: int = Field(200_000, ge=1, description="images shown in training, in all")
    passes: float | None = Field(None, gt=0, description="given: passes instead of presentations")
    batch: int = Field(128, ge=1, description="images per minibatch")
    learning_rate: float = Field(1e-3, gt=0, description="Adam's step size at the start")
    radius: int = Field(
        0, ge=0, le=32, description="Hamming distance up to which codes count as equal; paper: 0"
    )
    max_group: int = Field(50, ge=2, description="images; larger groups are kept and reported")
    minimum_contrast: float = Field(4.0, ge=0, description="grey levels; flatter ones are kept")
    minimum_bits: float = Field(8.0, ge=0, description="effective bits below which it is refused")

    @model_validator(mode="after")
    def _only_what_is_used(self) -> "Options":
        unused = "noise" if self.corruption == "views" else "agreement"
        # the record of a step holds the defaults too
        if getattr(self, unused) != type(self).model_fields[unused].default:
            raise ValueError(f"corruption: {self.corruption} does not use {unused}")
        return self

    def training(self, images: int) -> dict[str, Any]:
        """Arguments of `train_autoencoder` (repro.dedup.training) for `images` images."""
        shown = self.presentations if self.passes is None else self.passes * images
        same_names = ("batch", "learning_rate", "scaling", "corruption", "noise", "code_dropout")
        settings = {name: getattr(self, name) for name in same_names}
        if self.corruption == "views":
            del settings["noise"]
            settings["agreement"] = self.agreement
        return {"steps": max(1, math.ceil(shown / self.batch)), **settings}
