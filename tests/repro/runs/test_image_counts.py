"""A run's demand for images is known before any step: too few are refused with a message."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from experiments.bedroom_samples.options import Options as BedroomSamples
from experiments.face_arithmetic.classifiers import FEWEST as BLENDED
from repro.dedup.autoencoder import HashInputs
from repro.dedup.options import HASHED_SIZES
from repro.errors import UnusableError
from repro.quality import training_images
from repro.quality.kernel_distance import block_distances
from repro.runs.checks import missing_raw_data
from repro.runs.extensions import experiment_cards, experiment_options
from repro.runs.image_counts import minimum_images
from repro.runs.load import load_run
from repro.specs.validation import SpecError


@pytest.fixture
def photos(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """config/photos.yaml on a folder with so many files, and changes over it."""
    monkeypatch.chdir(tmp_path)
    file = str(repository / "config/photos.yaml")
    (tmp_path / "cats").mkdir()

    def load(files: int, **changes: Any) -> Any:
        for number in range(files):
            Image.new("RGB", (9, 9)).save(tmp_path / f"cats/{number:03d}.png")
        return load_run(file, overrides={"photos": "cats", **changes})

    return load


def test_five_photos_are_told_all_that_is_asked_of_them(photos: Any) -> None:
    said = "\n".join(missing_raw_data(photos(5)))
    assert "cats holds 5 files, but 'models.photos.training.batch' is 32 (2 at least)" in said
    assert "experiment 'bedroom_samples' needs 20 (`leave_out` leaves it out)" in said
    # following the message leads to no further refusal
    small = {"models": {"photos": {"training": {"batch": 5}}}}
    said = "\n".join(missing_raw_data(photos(5, **small)))
    assert "batch" not in said
    assert "experiment 'bedroom_samples' needs 20" in said
    names = ["forgetting_windows", "bedroom_samples", "samples"]
    left_out = {"leave_out": names, "opens_with": []}
    assert missing_raw_data(photos(5, **small, **left_out)) == []
    assert missing_raw_data(photos(20, **small)) == []


def test_a_limit_and_a_world_that_are_too_small(photos: Any, repository: Path) -> None:
    small = {"models": {"photos": {"training": {"batch": 9}}}}
    with pytest.raises(
        SpecError, match=r"'datasets\.photos\.limit' is 19, but experiment 'bedroom"
    ):
        photos(40, datasets={"photos": {"limit": 19}}, **small)
    tiny = str(repository / "config/tiny.yaml")
    assert missing_raw_data(load_run(tiny)) == []
    run = load_run(tiny, overrides={"worlds": {"faces": {"options": {"count": 30}}}})
    said = "\n".join(missing_raw_data(run))
    assert "by 'worlds.faces.options' it will have 30, but" in said
    assert "experiment 'face_arithmetic' needs 45" in said


def test_images_that_cannot_be_hashed_are_refused_at_once(photos: Any) -> None:
    changes = {"image_size": 16, "datasets": {"photos": {"dedup": {}}}}
    with pytest.raises(SpecError, match=r"'datasets\.photos\.image_size' is 16, but .* of 32, 64"):
        photos(40, **changes)
    for side in HASHED_SIZES:
        HashInputs(np.zeros((1, side, side, 3), np.uint8))
    with pytest.raises(UnusableError):
        HashInputs(np.zeros((1, 16, 16, 3), np.uint8))


def test_the_numbers_are_those_at_which_the_experiments_refuse() -> None:
    fewest = {
        name: options.fewest_images()  # type: ignore[attr-defined]
        for name in [*experiment_cards()]
        if hasattr(options := experiment_options(name, {}, file=""), "fewest_images")
    }
    for name in ("latent_walk", "memorisation"):
        assert fewest[name] == {"bedrooms.data": training_images.FEWEST}
    assert fewest["face_arithmetic"] == {"faces.data": 5 * BLENDED}
    blocks = BedroomSamples().blocks
    assert fewest["bedroom_samples"] == {"bedrooms.data": 4 * blocks}
    features = np.random.default_rng(0).normal(size=(2 * blocks, 3))
    assert len(block_distances(features, features, blocks=blocks)) == blocks
    with pytest.raises(ValueError, match="too few"):
        block_distances(features[1:], features, blocks=blocks)
    with pytest.raises(ValueError, match=r"expected 2 \* blocks <= images"):
        BedroomSamples(images=19, blocks=10)


def test_every_input_that_is_counted_is_one_of_the_card() -> None:
    for name, card in experiment_cards().items():
        options = experiment_options(name, {}, file="")
        if hasattr(options, "fewest_images"):
            assert set(options.fewest_images()) <= {*card.inputs, *card.optional}, name


@pytest.mark.slow
def test_the_run_files_here_ask_for_no_more_than_they_have(repository: Path) -> None:
    for file in sorted(repository.glob("config/*.yaml")):
        run = load_run(str(file))  # which refuses
        trained = {model.data for model in run.trained.values()}
        assert {name for name in run.spec.datasets if minimum_images(run, name)} >= trained
        worlds = [name for name, one in run.spec.datasets.items() if one.world is not None]
        assert missing_raw_data(run, of=worlds) == []
