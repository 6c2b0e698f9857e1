"""Table 3: real digits, planted generators, the choice without test digits, numbers by hand.

Longer than 300 lines: all tests look up the same planted digits and generators.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from claims_alone import alone
from digits_model import write_digits_model
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from experiments.contract import Inputs, run_measure
from experiments.mnist_neighbours import references
from experiments.mnist_neighbours.figure import figure
from experiments.mnist_neighbours.measure import measure
from experiments.mnist_neighbours.options import Options
from experiments.mnist_neighbours.results import NearestReferences, count_name, measurements
from experiments.mnist_neighbours.samples import LabelledSamples
from repro.claims.card import read_card
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement, read_measurements
from repro.claims.verdict import Verdict, judge
from repro.figures.style import Style
from repro.networks.model_folder import ModelFolder
from repro.specs.validation import SpecError

OPTIONS = Options(counts=(50, 800), few=50, selection_samples=100, block=50)


@pytest.fixture
def folders(tmp_path: Path, make_dataset: Callable[..., Path]) -> dict[str, Path]:
    """Inputs of the experiment: scikit-learn's digits in three parts, two models and a baseline."""
    bundled = load_digits()
    images = np.rint(bundled.images * 255 / 16).astype(np.uint8)[..., None]
    parts = {"data": slice(0, 300), "validation": slice(300, 400), "test": slice(400, 600)}
    stores = {
        f"mnist.{name}": make_dataset(
            images[part], name=name, **{"class": bundled.target[part].astype("i4")}
        )
        for name, part in parts.items()
    }
    models = {
        f"mnist.{slot}": write_digits_model(tmp_path / slot, seed=seed)
        for seed, slot in enumerate(("models.1", "models.2", "baselines.1"), 1)
    }
    return stores | models


def measured(folders: dict[str, Path], out: Path) -> dict[str, Measurement]:
    run_measure(measure, OPTIONS, folders=folders, seed=4, out=out)
    return read_measurements(out)


@pytest.mark.slow
def test_real_digits_are_classified_as_scikit_learn_does(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    found = measured(folders, tmp_path / "out")
    bundled = load_digits()
    for name, count in (("error_real", 300), ("error_real_all_known", 400)):
        one_nn = KNeighborsClassifier(1, algorithm="brute")
        one_nn.fit(bundled.data[:count], bundled.target[:count])
        error = 100 - 100 * one_nn.score(bundled.data[400:600], bundled.target[400:600])
        assert found[name].value == pytest.approx(error)
    assert found["error_real_known"].value == found["error_real"].value
    assert found["error_real_known"].low is None


@pytest.mark.slow
def test_two_runs_give_the_same_bytes_and_every_figure(
    folders: dict[str, Path], tmp_path: Path, repository: Path
) -> None:
    measured(folders, tmp_path / "one")
    measured(folders, tmp_path / "two")
    names = [path.name for path in (tmp_path / "one").iterdir() if path.name != "provenance.json"]
    assert len(names) == 4
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "one", tmp_path / "figures", Style(banner="TEST"))
    card = read_card(repository / "experiments/mnist_neighbours/experiment.yaml")
    assert {path.name for path in (tmp_path / "figures").iterdir()} == set(card.captions)
    table = (tmp_path / "figures" / "table3_mnist.csv").read_text().splitlines()
    assert len(table) == 1 + 5 + 3
    assert sum("cited" in line for line in table) == 5


def planted(
    monkeypatch: pytest.MonkeyPatch,
    folders: dict[str, Path],
    tmp_path: Path,
    wrong: dict[str, float],
) -> dict[str, Measurement]:
    """Measures models whose samples are real digits, a share of them under wrong labels."""
    bundled = load_digits()
    data = np.rint(bundled.data[:300] * 255 / 16).astype(np.float32) / np.float32(255)
    by_class = [data[bundled.target[:300] == one] for one in range(10)]

    class Planted(LabelledSamples):
        def at(self, number: int) -> np.ndarray:
            share = wrong[self.model.folder.name.partition(".")[0]]
            source = np.random.default_rng(number)
            labels = self.labels(np.arange(self.block))
            labels = np.where(source.random(self.block) < share, (labels + 1) % 10, labels)
            chosen = [by_class[label][source.integers(len(by_class[label]))] for label in labels]
            return np.array(chosen, np.float32)

    monkeypatch.setattr(references, "LabelledSamples", Planted)
    return measured(folders, tmp_path / "planted")


def verdicts(found: dict[str, Measurement], repository: Path) -> dict[str, Verdict]:
    card = read_card(repository / "experiments/mnist_neighbours/experiment.yaml")
    return {
        claim.id: judge(alone(claim), found.get(claim.measurement), ground=Ground.PAPER).verdict
        for claim in card.claims
    }


@pytest.mark.slow
def test_right_labels_beat_wrong_ones(monkeypatch, folders, tmp_path: Path, repository: Path):
    found = planted(monkeypatch, folders, tmp_path, {"models": 0, "baselines": 0.5})
    assert found["error_dcgan_800"].value < found["error_real"].value + 3
    assert found["error_gan_800"].value > 40
    decided = verdicts(found, repository)
    assert decided["beats_gan_few"] == decided["beats_gan_many"] == Verdict.REPRODUCED
    assert found["dcgan_few_minus_many"].value > 1
    assert decided["better_than_real"] == Verdict.NOT  # they are the training digits again
    assert found["nearer_dcgan_800"].value == 0


@pytest.mark.slow
def test_wrong_labels_are_seen(monkeypatch, folders, tmp_path: Path, repository: Path) -> None:
    found = planted(monkeypatch, folders, tmp_path, {"models": 1, "baselines": 0})
    assert found["error_dcgan_800"].value > 90
    decided = verdicts(found, repository)
    names = ("beats_gan_few", "beats_gan_many", "as_good_as_real", "better_than_real")
    assert {decided[name] for name in names} == {Verdict.NOT}


@pytest.mark.slow
def test_the_generator_is_chosen_before_the_test_digits_are_opened(
    monkeypatch, folders: dict[str, Path], tmp_path: Path
) -> None:
    """The later snapshot has right labels; the choice of each training must be that one."""
    opened: list[str] = []
    bundled = load_digits()

    class Watched(Inputs):
        def dataset(self, name: str):
            opened.append(name)
            return super().dataset(name)

    class Planted(LabelledSamples):
        def __init__(self, model: ModelFolder, step: int, **more) -> None:
            super().__init__(model, step, **more)
            self.step = step

        def at(self, number: int) -> np.ndarray:
            opened.append(f"step {self.step}")
            labels = self.labels(np.arange(self.block)) + (self.step != 20)
            return bundled.data[labels % 10].astype(np.float32) / 16  # the first ten are 0 to 9

    monkeypatch.setattr(references, "LabelledSamples", Planted)
    out = tmp_path / "out"
    out.mkdir()
    measure(Watched(folders), OPTIONS, 4, out)
    place = opened.index("mnist.test")
    assert opened.count("mnist.test") == 1
    assert set(opened[:place]) == {"mnist.data", "mnist.validation", "step 10", "step 20"}
    assert set(opened[place:]) == {"mnist.test", "step 20", "step None"}
    with np.load(out / "selection.npz") as curves:
        assert {int(curves[name]) for name in curves if name.endswith("_chosen")} == {1}
        assert curves["dcgan_1"][:, 0].tolist() == [2, 4]  # passes


def test_numbers_by_hand() -> None:
    """Four test digits 0 1 2 3; two DCGAN trainings, one GAN, references 10 and 20."""
    labels = np.arange(4)
    real = NearestReferences(np.array([5]), np.array([[0, 1, 2, 9]]), np.full((1, 4), 1.0))
    more = NearestReferences(np.array([6]), np.array([[0, 1, 9, 9]]), np.full((1, 4), 1.0))
    near = np.array([[2, 2, 2, 2], [0.5, 0.5, 2, 1.0]])  # equally near is not nearer
    trainings = [
        NearestReferences(np.array([10, 20]), np.array([[0, 1, 9, 9], [0, 1, 2, 3]]), near),
        NearestReferences(np.array([10, 20]), np.array([[0, 9, 9, 9], [0, 1, 2, 9]]), near),
    ]
    gan = [NearestReferences(np.array([10, 20]), np.array([[9, 9, 9, 9], [0, 9, 9, 9]]), near)]
    made = measurements(real, more, {"dcgan": trainings, "gan": gan}, labels, few=10, seed=1)
    found = {one.name: one.value for one in made}
    assert found["error_real"] == 25
    assert found["error_real_all_known"] == 50
    assert found["error_dcgan_10"] == 62.5  # mean of 50 and 75
    assert found["error_dcgan_20"] == 12.5
    assert found["sd_over_trainings_dcgan_10"] == pytest.approx(25 / np.sqrt(2))
    assert "sd_over_trainings_gan_10" not in found
    assert found["nearer_dcgan_10"] == 0
    assert found["nearer_gan_20"] == 50
    assert found["gan_minus_dcgan_few"] == 37.5
    assert found["gan_minus_dcgan_many"] == 62.5
    assert found["real_minus_dcgan_few"] == -37.5
    assert found["real_minus_dcgan_many"] == 12.5
    assert found["dcgan_few_minus_many"] == 50


def test_names_of_counts() -> None:
    names = {1000: "1k", 50_000: "50k", 10_000_000: "10m", 1500: "1500", 900: "900"}
    assert {count: count_name(count) for count in names} == names


def test_options_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="counts must ascend"):
        Options(counts=(10, 10))
    with pytest.raises(ValueError, match="few 20 must be one of the counts"):
        Options(counts=(10, 30), few=20)
    with pytest.raises(ValueError, match=r"multiples of the ten classes, found \[25\]"):
        Options(counts=(10, 25), few=10)


def test_too_few_digits_of_a_class_are_refused_at_once(
    folders, make_dataset, tmp_path: Path
) -> None:
    labels = np.arange(100) % 10
    labels[labels == 4] = 3
    few = make_dataset(
        np.zeros((100, 8, 8, 1), np.uint8), name="few", **{"class": labels.astype("i4")}
    )
    with pytest.raises(SpecError, match="0 digits of class 4; at least 7"):
        measured(folders | {"mnist.data": few}, tmp_path / "out")


def test_digits_of_another_size_are_refused(folders, make_dataset, tmp_path: Path) -> None:
    small = make_dataset(
        np.zeros((20, 16, 16, 1), np.uint8), name="large", **{"class": np.zeros(20, "i4")}
    )
    with pytest.raises(SpecError, match=r"images \(16, 16, 1\), but .* trained on \(8, 8, 1\)"):
        measured(folders | {"mnist.validation": small}, tmp_path / "out")


SLOWLY = """
import sys, time
from experiments.mnist_neighbours import measure, samples, search
from experiments.contract import measure_command
search.SECONDS_BETWEEN_SAVES = 0
draw = samples.LabelledSamples.at
def slowly(self, number):
    time.sleep(0.02)
    return draw(self, number)
samples.LabelledSamples.at = slowly
sys.modules["__main__"].__doc__ = ""
measure_command(measure.measure, measure.Options)
"""


@pytest.mark.slow
def test_killed_and_started_again_it_ends_in_the_same_bytes(
    folders: dict[str, Path], tmp_path: Path, warm: Path, repository: Path
) -> None:
    (tmp_path / "slowly.py").write_text(SLOWLY)
    spec = {"options": OPTIONS.model_dump(), "seed": 4}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    inputs = [word for slot, path in folders.items() for word in ("--input", f"{slot}={path}")]
    state, out = tmp_path / "state", tmp_path / "out"
    words = [str(warm), "-m", "slowly", "--spec", str(tmp_path / "spec.json"), *inputs]
    words += ["--state", str(state), "--out", str(out), "--threads", "1"]
    environment = os.environ | {"PYTHONPATH": str(repository)}
    process = subprocess.Popen(words, cwd=tmp_path, env=environment)
    while not (state / "dcgan_2" / "selection_00000020.npz").is_file() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not out.exists()
    again = subprocess.run(
        words, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    assert "resumes after sample" in again.stdout
    assert not state.exists()
    measured(folders, tmp_path / "undisturbed")
    for path in out.iterdir():
        if path.name != "provenance.json":
            assert path.read_bytes() == (tmp_path / "undisturbed" / path.name).read_bytes()


@pytest.mark.slow
def test_the_untrained_control_is_the_network_before_training(folders, tmp_path: Path) -> None:
    model = ModelFolder.open(folders["mnist.models.1"])
    one, other = (
        LabelledSamples(model, None, seed=seed, purpose="p", block=50).at(0) for seed in (1, 2)
    )
    assert not np.array_equal(one, other)
    of_the_training = LabelledSamples(model, None, seed=1, purpose="p", block=50)
    of_the_training.G = model.untrained_generator(1)
    assert not np.array_equal(one, of_the_training.at(0))  # the run's seed is used by trainings
    found = measured(folders, tmp_path / "out")
    for name in ("error_dcgan_50", "error_gan_800"):
        assert found[f"{name}_untrained"].n == 200
    # three untrained networks of each kind; intervals over the unit of the trained ones, two DCGANs
    # and one GAN
    for name, n, over in (
        ("real_minus_dcgan_few", 3, "3 untrained networks"),
        ("gan_minus_dcgan_many", 200, "within the mean of these untrained networks"),
        ("dcgan_few_minus_many", 3, "3 untrained networks (paired)"),
    ):
        assert found[f"{name}_untrained"].n == n
        assert over in found[f"{name}_untrained"].spread


@pytest.mark.slow
def test_the_unit_of_a_difference_is_the_training_where_there_are_several() -> None:
    """Errors 0, 50 % against 50, 100 %: Welch by hand, and within one training over digits."""

    def with_errors(*shares: float) -> list[NearestReferences]:
        wrong = [np.where(np.arange(4) < 4 * share, 9, np.arange(4)) for share in shares]
        return [NearestReferences(np.array([10]), one[None], np.ones((1, 4))) for one in wrong]

    real = with_errors(0)[0]
    rows = {"dcgan": with_errors(0, 0.5), "gan": with_errors(0.5, 1)}
    made = measurements(real, real, rows, np.arange(4), few=10, seed=1, untrained=rows)
    found = {one.name: one for one in made}
    control = found["gan_minus_dcgan_few_untrained"]
    assert "Welch interval over 2 and 2 untrained networks" in control.spread
    welch = found["gan_minus_dcgan_few"]
    assert (control.value, control.low, control.high) == (welch.value, welch.low, welch.high)
    half = 4.302653 * np.sqrt(2 * 1250 / 2)  # t of 2 degrees of freedom; variances of 1250
    assert (welch.value, welch.high - 50) == (50, pytest.approx(half, rel=1e-5))
    assert "Welch interval over 2 and 2 trained networks" in welch.spread
    assert "test digits" in found["gan_minus_dcgan_few_over_digits"].spread
    rows = {"dcgan": with_errors(0), "gan": with_errors(1)}
    made = measurements(real, real, rows, np.arange(4), few=10, seed=1, untrained=rows)
    found = {one.name: one for one in made}
    for name, within in (
        ("gan_minus_dcgan_few", "one training"),
        ("gan_minus_dcgan_few_untrained", "one untrained network of each kind"),
        ("real_minus_dcgan_few_untrained", "one untrained network"),
    ):
        assert found[name].spread.endswith(f"within {within}")
    # a network that was trained once is not fixed, as the real digits are
    rows = {"dcgan": with_errors(0, 0.5, 0.5), "gan": with_errors(1)}
    made = measurements(real, real, rows, np.arange(4), few=10, seed=1)
    found = {one.name: one for one in made}
    assert "test digits" in found["gan_minus_dcgan_few"].spread
    assert "3 trained networks" in found["real_minus_dcgan_few"].spread
