"""What the tests share: small prepared datasets and the folder of the repository.

The process that only hands out the tests to others reads this file too: it imports no PyTorch.
"""

import gc
import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from allowed_skips import pytest_sessionfinish, pytest_terminal_summary  # noqa: F401
from hypothesis import settings
from warm_python import warm_python
from xdist import is_xdist_controller

if TYPE_CHECKING:
    import numpy as np

# a busy machine is no failure, and a failure must come back when the test is run again
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
# to import these takes seconds: a server does, once, and each process of a test is a fork of it
multiprocessing.set_forkserver_preload(
    ["pytest", "repro.train.loop", "repro.networks.model_folder", "torch._dynamo"]
)
FIRST = (  # who looks at the finished run comes after the one that makes it, and waits for nothing
    "test_hostile_environment", "test_photos", "test_processes", "test_installed", "test_resume",
    "test_devices", "test_pipeline", "test_reruns",
)  # fmt: skip


def pytest_sessionstart(session: pytest.Session) -> None:
    if is_xdist_controller(session):
        return
    gc.disable()  # a collection would look through the growing heap of imports again and again
    import torch

    torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest first; the others run alongside."""
    places = {stem: place for place, stem in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(FIRST)))


def pytest_collection_finish() -> None:
    gc.enable()
    gc.freeze()


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A `python` whose libraries are imported already (warm_python.py says what for)."""
    with warm_python(tmp_path_factory.mktemp("warm")) as python:
        yield python


@pytest.fixture(scope="session")
def base(repository: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with a copy of the sources, `checkout`, and a finished run of them, `run`.

    It is made once for all processes of pytest-xdist, whose temporary folders are side by side.
    """
    from tiny_pipeline import finished_run

    own = tmp_path_factory.getbasetemp()
    return finished_run(repository, (own if worker_id == "master" else own.parent) / "pipeline")


@pytest.fixture
def run(base: Path) -> Path:
    """The finished run; not to be changed."""
    return base / "run"


@pytest.fixture
def checkout(base: Path, tmp_path: Path) -> Path:
    """Sources to edit, with a copy of their run in `../run`."""
    shutil.copytree(base, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy" / "checkout"


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Path]:
    """Writes a prepared dataset of `images` (N, H, W, C) uint8, with labels where given."""
    from repro.artefacts.step_folder import step_folder
    from repro.data.store_writer import StoreWriter

    def make(images: "np.ndarray", *, name: str = "data", **labels: "np.ndarray") -> Path:
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
