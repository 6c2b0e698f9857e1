"""The typed spec of a prepared dataset, which the pipeline passes to the step that prepares it.

A run file (repro.specs.run_file) says more about a dataset: where its raw images are, and whether
it is de-duplicated. Alone: `DatasetSpec(source="lsun")`.
"""

from typing import Any, Literal

from pydantic import Field

from repro.specs.validation import Strict


class DatasetSpec(Strict):
    """A prepared dataset: where the raw images are and how to read them."""

    source: str = Field(description="name of a module in data_prep: lsun, folder, ...")
    image_size: int = Field(64, ge=8, le=256, description="pixels per side after the centre crop")
    channels: Literal[1, 3] = Field(3, description="1 grey, 3 RGB")
    limit: int | None = Field(None, ge=1, description="largest number of images, evenly spread")
    options: dict[str, Any] = Field({}, description="the source module's Options")
