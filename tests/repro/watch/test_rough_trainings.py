"""The guessed lengths of trainings, against the exact count of multiplications and by hand."""

from pathlib import Path

import lmdb
import pytest

from repro.plan.counts import products_per_image
from repro.runs.load import load_run
from repro.runs.run import Run
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec
from repro.watch.rough_trainings import (
    A_MINIBATCH,
    BEGINNING_AND_END,
    PRODUCTS_A_SECOND,
    is_small,
    rough_products,
    rough_trainings,
    training_images,
)


@pytest.mark.parametrize("run", ["demo", "two_cores", "paper"])
def test_within_a_factor_of_two_of_the_exact_count(run: str, repository: Path) -> None:
    models = load_run(str(repository / f"config/{run}.yaml")).spec.models
    assert len(models) > 4
    for name, model in models.items():
        tolerance = 2.1 if model.network.kind == "conditional" else 1.1
        ratio = rough_products(model) / products_per_image(model)
        assert 1 / tolerance < ratio < tolerance, name


def test_one_fully_connected_network_by_hand() -> None:
    network = NetworkSpec(
        kind="fully_connected", image_size=8, channels=1, z_dim=5, generator_units=(7,),
        discriminator_units=(3,),
    )  # fmt: skip
    training = TrainingSpec(schedule="one_of_each")
    model = ModelSpec(data="x", network=network, training=training)
    assert rough_products(model) == 3 * (5 * 7 + 7 * 64) + 8 * (64 * 3 + 3)


def guessed(run: Run) -> dict[str, float]:
    return rough_trainings(run, training_images(run))


def test_longer_trainings_of_larger_networks_take_longer(repository: Path) -> None:
    demo = guessed(load_run(str(repository / "config/demo.yaml")))
    assert demo["train faces"] > demo["train bedrooms"] > 5 * demo["train digits_gan"]
    assert demo["train digits_dcgan-2"] == demo["train digits_dcgan"]


def test_a_run_on_as_many_images_as_the_demo_is_small(repository: Path, tmp_path: Path) -> None:
    def small(name: str, **given: str) -> bool:
        return is_small(training_images(load_run(str(repository / f"config/{name}.yaml"), given)))

    assert small("demo")
    assert not small("two_cores", raw="/nowhere")
    assert not small("photos", photos=str(tmp_path / "not there"))  # unknown
    (tmp_path / "1.jpg").touch()
    assert small("photos", photos=str(tmp_path))


def test_of_a_folder_the_files_are_counted(repository: Path, tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number}.jpg").touch()
    times = []
    for given in ({"photos": str(tmp_path)}, {"photos": str(tmp_path / "not there")}):
        times.append(guessed(load_run(str(repository / "config/photos.yaml"), given)))
    (tmp_path / "more").mkdir()
    for number in range(200):
        (tmp_path / "more" / f"{number}.jpg").touch()
    run = load_run(str(repository / "config/photos.yaml"), {"photos": str(tmp_path)})
    longer = guessed(run)["train photos"] - BEGINNING_AND_END
    assert longer == pytest.approx(2 * (times[0]["train photos"] - BEGINNING_AND_END))
    assert times[1] == {}


def test_of_a_database_the_records_are_counted(repository: Path, tmp_path: Path) -> None:
    """500 images, in a folder of two files."""
    folder = tmp_path / "bedroom_train_lmdb"
    with lmdb.open(str(folder), map_size=2**24) as database, database.begin(write=True) as records:
        for number in range(500):
            records.put(f"{number:03d}".encode(), b"an image")
    run = load_run(str(repository / "config/paper.yaml"), {"raw": str(tmp_path)})
    [model] = [one for name, one in run.trained.items() if name == "bedrooms"]
    epochs, batch = model.training.epochs, model.training.batch
    products = batch * rough_products(model)
    seconds = epochs * 500 / batch * (A_MINIBATCH + products / PRODUCTS_A_SECOND)
    assert guessed(run)["train bedrooms"] == pytest.approx(BEGINNING_AND_END + seconds)
