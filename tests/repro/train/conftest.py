"""What the tests of training leave out: none of them opens the picture of a model's curves."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_picture_of_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes most of a short training; test_photos.py and the pipeline look at one."""

    def empty(path: Path, *_: object, **__: object) -> None:
        path.touch()

    monkeypatch.setattr("repro.train.model_writer.save_figure", empty)
