"""What the tests share: small prepared datasets and the folder of the repository."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings

from repro.artefacts.step_folder import step_folder
from repro.data.store_writer import StoreWriter

torch.set_num_threads(1)
# a busy machine is no failure, and a failure must come back when the test is run again
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The pipeline's tests first: they take longest, and the others run beside them."""
    items.sort(key=lambda item: item.get_closest_marker("pipeline") is None)


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parent.parent


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Path]:
    """Writes a prepared dataset of `images` (N, H, W, C) uint8, with labels where given."""

    def make(images: np.ndarray, *, name: str = "data", **labels: np.ndarray) -> Path:
        fields = {key: values.dtype.str for key, values in labels.items()}
        with (
            step_folder(tmp_path / name, inputs={}) as building,
            StoreWriter(
                building,
                source="test",
                spec={},
                image_size=images.shape[1],
                channels=images.shape[3],
                label_fields=fields,
            ) as writer,
        ):
            for i, image in enumerate(images):
                row = {key: values[i].item() for key, values in labels.items()}
                writer.append(image, f"key{i:05d}", row)
        return tmp_path / name

    return make
