"""What the tests of memorisation share: a model, its images, and the verdicts of the card."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from planted_blobs import IMAGES, pictures
from untrained_model import write_model

from repro.claims.card import read_card
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement
from repro.claims.verdict import Verdict, judge


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = write_model(tmp_path / "model")
    np.save(folder / "training_rows.npy", np.arange(IMAGES))
    return folder


@pytest.fixture
def folders(model: Path, make_dataset) -> dict[str, Path]:
    """The model, its images, and 250 of the same kind that it was not trained on."""
    return {
        "bedrooms.model": model,
        "bedrooms.data": make_dataset(pictures(IMAGES, 0)),
        "bedrooms.validation": make_dataset(pictures(250, 9), name="held out"),
    }


@pytest.fixture
def verdict(repository: Path) -> Callable[[dict[str, Measurement], str], Verdict]:
    """The verdict on a claim of the card by its id, its control included."""
    card = read_card(repository / "experiments/memorisation/experiment.yaml")
    claims = {one.id: one for one in card.claims}

    def of(found: dict[str, Measurement], claim: str) -> Verdict:
        one = claims[claim]
        number, control = found.get(one.measurement), found.get(one.control)
        return judge(one, number, ground=Ground.PAPER, control=control).verdict

    return of
