"""The authors' weights on planted stripes: filters that fit them, dead ones, and missing parts."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from released_folder import write_pair
from untrained_model import write_model

from experiments.cifar10_svm.measure import measure as measure_table1
from experiments.cifar10_svm.options import Options as Table1Options
from experiments.contract import Inputs, run_measure
from experiments.verify_authors import on_cifar10
from experiments.verify_authors.charts import checks_chart, samples_sheet
from experiments.verify_authors.figure import figure
from experiments.verify_authors.measure import measure
from experiments.verify_authors.options import Options
from repro.claims.card import read_card
from repro.claims.measurement import Measurement, read_measurements
from repro.figures.style import Style
from repro.specs.validation import SpecError

OPTIONS = Options(
    grid=(1e-3, 1e-2),
    extensions=1,
    random_seeds=2,
    centroids=2,
    patches=500,
    per_class=10,
    selection_draws=2,
    draws=4,
    random_draws=3,
    samples=5,
    statistics_batches=2,
    tol=1e-3,
)
CIFAR10, SVHN = ("cifar10.data", "cifar10.test"), ("svhn.data", "svhn.validation", "svhn.test")
FIGURES = {"fig_authors_samples.png", "fig_authors_check.png", "table_authors_check.csv"}


def stripes(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Class = direction of faint stripes (4) under noise; their phase is random."""
    source = np.random.default_rng(seed)
    labels = np.arange(n) % 4
    row, column = np.mgrid[:32, :32]
    along = np.stack([row, column, row + column, row - column])[labels]  # (n, 32, 32)
    wave = np.sin(along * np.pi / 2 + source.uniform(0, 2 * np.pi, (n, 1, 1)))
    images = 127.5 + 25 * wave[..., None] + source.normal(0, 40, (n, 32, 32, 3))
    return images.clip(0, 255).astype(np.uint8), labels.astype(np.int32)


def fitting_filters(side: int) -> np.ndarray:
    """(8, 3, side, side): stripes in each of the four directions at two phases."""
    row, column = np.mgrid[:side, :side] - side // 2
    along = [row, column, row + column, row - column]
    waves = [f(a * np.pi / 2) for a in along for f in (np.sin, np.cos)]
    return np.repeat(np.array(waves, np.float32)[:, None], 3, axis=1)


def write_released(folder: Path, first: str = "fitting", **missing: tuple[int, ...]) -> Path:
    """Both pairs; the first layer of each D looks for the stripes, or for nothing ("dead").

    missing: numbers of D's (d) and G's (g) ImageNet arrays that are left out.
    """
    for kind, side, widths in (("svhn", 5, (8, 4, 4)), ("imagenet", 3, (8, 4, 4, 4, 4, 4))):
        left_out = {f"missing_{which}": numbers for which, numbers in missing.items()}
        D, _ = write_pair(
            folder / kind, kind, widths=widths, **(left_out if kind == "imagenet" else {})
        )
        file = folder / kind / "7_discrim_params.jl_01.npy"
        np.save(file, fitting_filters(side) if first == "fitting" else np.zeros_like(D[0]))
    return folder


@pytest.fixture
def data(make_dataset: Callable[..., Path]) -> dict[str, Path]:
    folders = {}
    for number, (name, n) in enumerate(zip(CIFAR10 + SVHN, (240, 200, 160, 120, 200), strict=True)):
        images, labels = stripes(n, seed=number)
        folders[name] = make_dataset(images, name=name, **{"class": labels})
    return folders


@pytest.fixture
def folders(data: dict[str, Path], tmp_path: Path) -> dict[str, Path]:
    return {"authors.released": write_released(tmp_path / "weights"), **data}


@pytest.fixture
def measured(folders: dict[str, Path], tmp_path: Path) -> Path:
    run_measure(measure, OPTIONS, folders=folders, seed=3, out=tmp_path / "measured")
    return tmp_path / "measured"


def drawn(measured: Path, out: Path) -> list[dict[str, str]]:
    """Rows of the table, after checking that all files and no others were written."""
    out.mkdir()
    figure(measured, out, Style(banner="TINY - not a result"))
    assert {path.name for path in out.iterdir()} == FIGURES
    with (out / "table_authors_check.csv").open() as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_filters_that_fit_beat_random_ones(measured: Path, repository: Path, tmp_path: Path):
    found = read_measurements(measured)
    assert found["arrays_read"].value == found["arrays_read"].n == 8 + 10 + 17 + 19
    assert found["cifar10_accuracy_6_layers"].value > 85
    assert found["cifar10_released_minus_random"].low > 0
    assert found["cifar10_released_minus_pixels"].low > 0
    assert found["svhn_error_3_layers"].value < 30
    assert found["svhn_random_minus_released"].low > 0
    assert (found["svhn_error_3_layers"].n, found["svhn_error_random"].n) == (4, 3)
    assert "40 labels" in found["svhn_error_3_layers"].protocol
    spread = found["svhn_spread_3_layers"].value / 1.96  # one network: the limits are those of
    error = found["svhn_error_3_layers"]  # experiments/svhn_svm, ± one standard deviation
    assert (error.low, error.high) == pytest.approx((error.value - spread, error.value + spread))
    several = found["cifar10_accuracy_random"].spread
    assert several == "95 % bootstrap over test images, mean of 2 networks"
    assert found["cifar10_chosen_C_random"].n == 2
    card = read_card(repository / "experiments/verify_authors/experiment.yaml")
    named = {name for claim in card.claims for name in (claim.measurement, claim.control) if name}
    assert named <= set(found)
    for one in ("released", "released_standardised"):
        assert found[f"cifar10_{one}_minus_kmeans"].low > 0
    accuracy = {row: found[f"cifar10_accuracy_{row}"].value for row in ("random", "kmeans")}
    assert found["cifar10_random_minus_kmeans"].value == pytest.approx(
        accuracy["random"] - accuracy["kmeans"]
    )
    assert set(card.captions) == FIGURES
    rows = drawn(measured, tmp_path / "figures")
    assert [row["weights"] for row in rows] == [
        "released D", "released D, standardised", "random weights", "random weights, standardised",
        "K-means, standardised", "raw pixels", "released D", "random weights",
    ]  # fmt: skip
    assert [row["features"] for row in rows] == [*["448"] * 4, "8", "3072", "256", "256"]
    assert rows[0]["ours"].startswith(f"{found['cifar10_accuracy_6_layers'].value:.2f} [")
    assert (rows[0]["paper's, whole D"][:4], rows[6]["paper's, whole D"][:5]) == ("82.8", "22.48")


@pytest.mark.slow
def test_interrupted_and_started_again_it_ends_in_the_same_bytes(
    measured: Path, folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fit_row, calls = on_cifar10.fit_row, []

    def breaks(row, **settings):
        calls.append(f"{row.name} {row.number}")
        if len(calls) == 2:  # the features as they are were finished, the same standardised are not
            raise KeyboardInterrupt
        return fit_row(row, **settings)

    monkeypatch.setattr(on_cifar10, "fit_row", breaks)
    arguments = {"folders": folders, "seed": 3, "state": tmp_path / "state"}
    arguments["out"] = tmp_path / "again"
    with pytest.raises(KeyboardInterrupt):
        run_measure(measure, OPTIONS, **arguments)
    run_measure(measure, OPTIONS, **arguments)
    assert calls[:4] == ["released 1", *["released_standardised 1"] * 2, "random 1"]
    assert len(calls) == len(set(calls)) + 1 == 9  # only the interrupted row was fitted again
    assert not (tmp_path / "state").exists()
    names = sorted(path.name for path in measured.iterdir())
    assert names == ["measurements.json", "parts.json", "provenance.json", "samples.npz"]
    for name in ("measurements.json", "parts.json", "samples.npz"):
        assert (measured / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


@pytest.mark.slow
def test_rows_without_a_network_are_those_of_table_1(folders: dict[str, Path], tmp_path: Path):
    """The same images held out, the same centroids: equal numbers of both experiments."""
    alike = OPTIONS.model_dump(include={"grid", "extensions", "centroids", "patches", "tol"})
    options = Table1Options(**alike, per_class=4, draws=2, label_counts=(), random_seeds=1)
    model = write_model(tmp_path / "model", image_size=32)
    table1 = Inputs({"objects.model": model, **{name: folders[name] for name in CIFAR10}})
    ours = {m.name: m for m in measure_table1(table1, options, 3, tmp_path)}
    given = {name: folders[name] for name in ("authors.released", *CIFAR10)}
    found = {m.name: m for m in measure(Inputs(given), OPTIONS, 3, tmp_path)}
    for row in ("kmeans", "pixels"):
        for quantity in ("accuracy", "validation_accuracy", "chosen_C"):
            here, there = found[f"cifar10_{quantity}_{row}"], ours[f"{quantity}_{row}"]
            assert (here.value, here.low, here.high) == (there.value, there.low, there.high)
            assert (here.n, here.spread) == (there.n, there.spread)


@pytest.mark.slow
def test_dead_filters_are_at_chance_and_lose(data: dict[str, Path], tmp_path: Path):
    dead = write_released(tmp_path / "dead", first="dead")
    found = {m.name: m for m in measure(Inputs({"authors.released": dead, **data}), OPTIONS, 3,
                                        tmp_path)}  # fmt: skip
    assert found["cifar10_accuracy_6_layers"].value == pytest.approx(25)
    assert found["svhn_error_3_layers"].value == pytest.approx(75)
    assert found["cifar10_released_minus_random"].high < 0
    assert found["cifar10_released_minus_kmeans"].high <= 0
    assert found["svhn_random_minus_released"].low < 0


@pytest.mark.slow
def test_missing_arrays_are_said_and_their_number_is_not_the_papers(
    data: dict[str, Path], tmp_path: Path
):
    weights = write_released(tmp_path / "weights", d=(11, 14), g=(1, 4, 7))
    given = {"authors.released": weights, **{name: data[name] for name in CIFAR10}}
    run_measure(measure, OPTIONS, folders=given, seed=3, out=tmp_path / "measured")
    found = read_measurements(tmp_path / "measured")
    assert "cifar10_accuracy_6_layers" not in found
    assert found["cifar10_accuracy_4_layers"].value > 85
    assert "the first 4 of 6 layers" in found["cifar10_accuracy_4_layers"].protocol
    assert found["arrays_read"].value == found["arrays_read"].n - 5
    assert not [name for name in found if name.startswith("svhn")]
    with np.load(tmp_path / "measured/samples.npz") as samples:
        assert {name: samples[name].shape for name in samples} == {"svhn": (5, 32, 32, 3)}
    rows = drawn(tmp_path / "measured", tmp_path / "figures")
    released = rows[0]
    assert (released["layers used"], released["of layers"]) == ("4", "6")
    assert released["features"] == str(16 * (8 + 4 + 4 + 4))
    assert released["missing files"].split() == [
        "7_discrim_params.jl_11.npy", "7_discrim_params.jl_14.npy", "7_gen_params.jl_01.npy",
        "7_gen_params.jl_04.npy", "7_gen_params.jl_07.npy",
    ]  # fmt: skip
    assert rows[-1]["ours"] == "not run: the run has no svhn.data, svhn.validation, svhn.test"


def test_weights_alone_give_samples_and_say_what_was_not_run(tmp_path: Path):
    write_pair(tmp_path / "weights/pair", "svhn", widths=(4, 4, 4), missing_g=(1,))
    given = {"authors.released": tmp_path / "weights"}
    run_measure(measure, OPTIONS, folders=given, seed=3, out=tmp_path / "measured")
    found = read_measurements(tmp_path / "measured")
    assert list(found) == ["arrays_read"]
    assert (found["arrays_read"].value, found["arrays_read"].n) == (17, 18)
    rows = drawn(tmp_path / "measured", tmp_path / "figures")
    assert [row["ours"][:8] for row in rows] == ["not run:", "not run:"]
    assert "imagenet networks are not in the folder" in rows[0]["ours"]
    assert Image.open(tmp_path / "figures/fig_authors_samples.png").width >= 240
    parts = json.loads((tmp_path / "measured/parts.json").read_text())
    assert parts["networks"]["svhn"]["samples_missing"] == ["7_gen_params.jl_01.npy"]


@pytest.mark.slow
def test_a_discriminator_without_its_first_layer_is_not_run(data: dict[str, Path], tmp_path: Path):
    given = {"authors.released": write_released(tmp_path / "weights", d=(1,)), **data}
    (tmp_path / "weights/imagenet/7_discrim_params.jl_01.npy").unlink()
    made = measure(Inputs(given), OPTIONS, 3, tmp_path)
    assert not [m.name for m in made if m.name.startswith("cifar10")]
    assert [m.name for m in made if m.name.startswith("svhn_error")]
    parts = json.loads((tmp_path / "parts.json").read_text())
    assert parts["checks"]["cifar10"]["not_run"] == (
        "no complete layer; missing: 7_discrim_params.jl_01.npy"
    )


class Watched(Inputs):
    """Inputs that record which dataset was opened when."""

    def __init__(self, folders: dict[str, Path]) -> None:
        super().__init__(folders)
        self.opened: list[str] = []

    def dataset(self, name: str):
        self.opened.append(name)
        return super().dataset(name)


@pytest.mark.slow
def test_test_sets_are_opened_once_and_decide_nothing(
    folders: dict[str, Path], make_dataset: Callable[..., Path], tmp_path: Path
):
    """With every test label wrong the accuracies fall, and nothing chosen moves."""
    wrong = {}
    for number, name in ((1, "cifar10.test"), (4, "svhn.test")):
        images, labels = stripes(200, seed=number)
        wrong[name] = make_dataset(images, name=f"wrong {name}", **{"class": (labels + 1) % 4})
    found = []
    for given in (folders, folders | wrong):
        inputs = Watched(given)
        found.append({m.name: m.value for m in measure(inputs, OPTIONS, 3, tmp_path)})
        assert inputs.opened == ["cifar10.data", "cifar10.test", "svhn.data", "svhn.validation",
                                 "svhn.test"]  # fmt: skip
    right, shifted = found
    chosen = [name for name in right if "chosen_C" in name or "validation" in name]
    assert len(chosen) == 16
    assert {name: right[name] for name in chosen} == {name: shifted[name] for name in chosen}
    assert shifted["cifar10_accuracy_6_layers"] < 25 < right["cifar10_accuracy_6_layers"]
    assert shifted["svhn_error_3_layers"] > 75 > right["svhn_error_3_layers"]


def test_a_check_that_was_not_run_has_no_panel_and_no_number_lies_on_the_papers_line():
    network = {"complete_layers": 3, "layers": 3}
    checks = {"cifar10": {"network": "imagenet", "not_run": "no"}, "svhn": {"network": "svhn"}}
    parts = {"networks": {"svhn": network}, "checks": checks}
    error = Measurement(name="svhn_error_3_layers", value=22.5, low=21.5, high=23.5, n=4)
    (panel,) = checks_chart({error.name: error}, parts).axes
    assert panel.get_title(loc="left").startswith("SVHN")
    (number,) = [one for one in panel.texts if one.get_text() == "22.50"]
    assert number.xy[0] == 1  # right of the panel
    (panel,) = checks_chart({}, parts).axes
    assert [one.get_text() for one in panel.texts] == ["no check was run: the table says why"]


def test_the_title_counts_missing_files_and_names_none():
    networks = {
        "svhn": {"samples_missing": []},
        "imagenet": {"samples_missing": ["a.npy", "b.npy"]},
    }
    samples = {"svhn": np.zeros((4, 32, 32, 3), np.uint8)}
    _, title = samples_sheet(samples, networks)
    assert title.splitlines() == [
        "SVHN: 4 samples of the released G, not picked",
        "ImageNet 32x32: not drawn, 2 files are missing",
    ]


def test_two_pairs_of_a_kind_are_refused(folders: dict[str, Path], tmp_path: Path):
    write_pair(folders["authors.released"] / "second", "svhn", widths=(4, 4, 4))
    with pytest.raises(SpecError, match=r"two released networks of kind svhn.*second.*svhn.*keep"):
        measure(Inputs(folders), OPTIONS, 3, tmp_path)
