"""A stretch of a source's records, from `start` to before `stop`: splits of one file's pictures.

Shared by the sources whose files hold several splits (mnist, svhn).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import Field, model_validator

from repro.data.raw_images import SourceError
from repro.specs.validation import Strict


class Stretch(Strict):
    """Options of a source that may read only a part of its records."""

    start: int = Field(0, ge=0, description="first record taken, counted from 0 in their order")
    stop: int | None = Field(None, ge=1, description="record before which to stop; null = all")

    @model_validator(mode="after")
    def _not_empty(self) -> "Stretch":
        if self.stop is not None and self.stop <= self.start:
            raise ValueError(f"stop {self.stop} must be above start {self.start}")
        return self

    def chosen(
        self, found: int, path: Path, *, what: str, order: np.ndarray | None = None
    ) -> Sequence[int]:
        """Numbers of the selected records, of the `found` in a file; `what`: their plural noun.

        order: (found,) the records' numbers in the order in which they are counted; None: the
        file's. Raises SourceError, naming the file, where it holds fewer.
        """
        stop = found if self.stop is None else self.stop
        if not self.start < stop <= found:
            raise SourceError(
                f"{path} holds {found} {what}, but those from start {self.start} to stop "
                f"{self.stop} are requested; lower start or stop in the dataset's options"
            )
        numbers = range(found) if order is None else order.tolist()
        return numbers[self.start : stop]
