"""Several trainings of a model among an experiment's inputs: their order, and wrong names."""

from pathlib import Path

import pytest

from experiments.contract import Inputs
from repro.specs.validation import SpecError


def of(*keys: str) -> Inputs:
    return Inputs({key: Path(key) for key in keys})


def test_they_come_in_the_order_of_their_numbers() -> None:
    given = of("faces.models.10", "faces.models.2", "faces.data", "objects.models.1")
    assert given.several("faces.models") == ["faces.models.2", "faces.models.10"]
    assert given.several("bedrooms.models") == ["bedrooms.models.1"]


def test_a_name_without_a_number_is_refused() -> None:
    expected = r"--input faces\.models\.first: expected faces\.models\.1, faces\.models\.2, \.\.\."
    with pytest.raises(SpecError, match=expected):
        of("faces.models.first", "faces.models.2").several("faces.models")
