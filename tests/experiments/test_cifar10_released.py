"""Table 1 with the authors' discriminator next to ours: the same number of layers of both."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from planted_stripes import QUICK, stripes
from released_folder import write_pair
from untrained_model import write_model

from experiments.cifar10_svm.figure import figure
from experiments.cifar10_svm.measure import measure
from experiments.cifar10_svm.options import Options
from experiments.contract import Inputs, run_measure
from repro.claims.card import read_card
from repro.claims.measurement import Measurement, read_measurements
from repro.classification.discriminator_features import discriminator_features
from repro.classification.svm import L2SVC
from repro.data.store import ImageStore
from repro.figures.style import Style
from repro.networks.discriminator_inputs import freeze_on
from repro.networks.model_folder import ModelFolder

OPTIONS = Options(**QUICK, draws=2, selection_draws=1, label_counts=(), extensions=0)
FURTHER = {"released", "dcgan_cut", "random_cut"}  # rows
WIDTHS = (6, 6, 8, 8)  # four layers with strides 1, 2, 1, 2: 16 pixels, like the stripes


@pytest.fixture
def folders(tmp_path: Path, make_dataset: Callable[..., Path]) -> dict[str, Path]:
    """Our D has two layers, of 4 and 8 maps."""
    images, labels = stripes(160, seed=0)
    tests, answers = stripes(120, seed=1)
    return {
        "objects.model": write_model(tmp_path / "model"),
        "authors.released": tmp_path / "released",
        "cifar10.data": make_dataset(images, name="data", **{"class": labels}),
        "cifar10.test": make_dataset(tests, name="test", **{"class": answers}),
    }


def rows_of(found: dict[str, Measurement]) -> set[str]:
    return {name.removeprefix("accuracy_") for name in found if name.startswith("accuracy_")}


@pytest.mark.slow
def test_as_many_layers_as_are_there(
    folders: dict[str, Path], tmp_path: Path, repository: Path
) -> None:
    """One of their layers is complete, so it is compared with one of ours: 64 features."""
    write_pair(folders["authors.released"], "imagenet", widths=WIDTHS, missing_d=(2,))
    run_measure(measure, OPTIONS, folders=folders, seed=3, out=tmp_path / "measured")
    found = read_measurements(tmp_path / "measured")
    assert rows_of(found) >= FURTHER
    with np.load(tmp_path / "measured/arrays.npz") as arrays:
        sizes = {row: int(arrays[f"{row}_features"]) for row in ("dcgan", *FURTHER)}
        units = {row: int(arrays[f"{row}_units"]) for row in ("dcgan", *FURTHER)}
    assert sizes == {
        "dcgan": 16 * 12,
        "dcgan_cut": 16 * 4,
        "random_cut": 16 * 4,
        "released": 16 * 6,
    }
    assert units == {"dcgan": 8, "dcgan_cut": 4, "random_cut": 4, "released": 6}

    train, test = (ImageStore.open(folders[f"cifar10.{part}"]) for part in ("data", "test"))
    D = ModelFolder.open(folders["objects.model"]).discriminator()
    freeze_on(D, train.images)
    X, Z = (discriminator_features(D, one.images)[:, :64] for one in (train, test))
    svm = L2SVC(C=found["chosen_C_dcgan_cut"].value, tol=1e-6).fit(X, train.label("class"))
    by_hand = 100 * svm.score(Z, test.label("class"))
    assert found["accuracy_dcgan_cut"].value == pytest.approx(by_hand, abs=2)  # 2 of 120 images

    for one, other in (
        ("dcgan_cut", "released"),
        ("released", "kmeans"),
        ("dcgan", "dcgan_cut"),
        ("random", "kmeans"),
        ("random_cut", "released"),
    ):
        difference = found[f"accuracy_{one}"].value - found[f"accuracy_{other}"].value
        assert found[f"{one}_minus_{other}"].value == pytest.approx(difference)
    assert "dcgan_minus_released" not in found  # of unequal layers
    card = read_card(repository / "experiments/cifar10_svm/experiment.yaml")
    assert {claim.measurement for claim in card.claims} <= set(found)
    assert {claim.control for claim in card.claims if claim.control} <= set(found)
    (tmp_path / "drawn").mkdir()
    figure(tmp_path / "measured", tmp_path / "drawn", Style())
    table = (tmp_path / "drawn/table1_cifar10.csv").read_text()
    assert "layers the authors released" in table
    assert "this run (64 features)" in table


@pytest.mark.slow
@pytest.mark.parametrize(
    ("widths", "missing", "rows"),
    [
        ((6, 8), (), set()),  # 8 pixels
        (WIDTHS, (), set()),  # ours has fewer than four layers
        (WIDTHS, (5,), {"released"}),  # both have two
        (WIDTHS, (1,), set()),  # none is whole
    ],
)
def test_only_what_can_be_set_beside_ours(
    folders: dict[str, Path],
    tmp_path: Path,
    widths: tuple[int, ...],
    missing: tuple[int, ...],
    rows: set[str],
) -> None:
    write_pair(folders["authors.released"], "imagenet", widths=widths, missing_d=missing)
    options = OPTIONS.model_copy(update={"centroids": 0, "random_seeds": 1})
    found = {one.name: one for one in measure(Inputs(folders), options, 3, tmp_path)}
    assert rows_of(found) & FURTHER == rows
    assert ("dcgan_minus_released" in found) == bool(rows)
