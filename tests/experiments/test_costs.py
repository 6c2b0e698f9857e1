"""Predicted seconds and bytes of experiments against counts by hand, for the paper's run."""

from pathlib import Path
from typing import Any

import pytest

from repro.plan.costs import CostInputs, experiment_seconds, left_out, peak_bytes
from repro.plan.counts import image_counts, network_sizes
from repro.plan.rates import StepRate
from repro.runs.load import load_run


@pytest.fixture
def papers_run(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # where nothing is downloaded or prepared
    run = load_run(str(repository / "config/paper.yaml"))
    images = {name: count.images for name, count in image_counts(run, {}).items()}

    def known(*, rate: StepRate, neighbour: float) -> CostInputs:
        return CostInputs(run, images, dict.fromkeys(run.spec.models, rate), neighbour)

    return known


def test_table_3_compares_every_digit_with_every_sample(papers_run: Any) -> None:
    known = papers_run(rate=StepRate(0.0, 0.0), neighbour=1.0)
    kept = [known.model(name).training.snapshots for name in ("mnist_dcgan", "mnist_gan")]
    assert min(kept) > 1
    # of two networks, one training and three untrained ones of each
    wanted = 8 * 10_000_000 * 10_000 + sum(kept) * 50_000 * 10_000 + 60_000 * 10_000
    assert experiment_seconds(known, "mnist_neighbours") == (wanted * 784, "formula")


def test_memorisation_describes_and_compares_every_training_image(papers_run: Any) -> None:
    known = papers_run(rate=StepRate(0.0, 0.0), neighbour=1.0)
    # 512 samples, as many copies, 2,000 images sharp and blurred, 300 held-out ones likewise
    queries = 2 * 512 + 2 * 2_000 + 2 * 300
    features = 16 * (128 + 256 + 512 + 1024)
    an_image = features * 4_096 + queries * (64 * 64 * 3 + 4_096)
    wanted = 2 * 3_033_042 * an_image
    # the main model's choice: five untrained networks, without held-out images
    wanted += 3_033_042 * (features * 4_096 + (2 * 512 + 2 * 2_000) * 4_096)
    assert experiment_seconds(known, "memorisation") == (wanted, "formula")


@pytest.mark.slow
def test_features_of_tables_1_and_2(papers_run: Any) -> None:
    known = papers_run(rate=StepRate(0.0, 1.0), neighbour=0.0)
    seconds, origin = experiment_seconds(known, "cifar10_svm")
    assert origin == "formula, features alone"
    # alternating: 2 passes of G and 4 of D per image of a minibatch; five networks, and without the
    # test images the ten kept during training and the untrained one
    G, D = network_sizes(known.model("imagenet").network)
    an_image = D.products / (2 * G.products + 4 * D.products)
    assert seconds == pytest.approx((5 * 110_000 + 11 * 100_000) * an_image)
    disk, memory = peak_bytes(known, "cifar10_svm")
    assert disk == 50_000 * 28_672 * 4  # the paper's number of features
    assert memory > disk
    assert left_out("cifar10_svm", origin) == "the SVMs"
    Path("raw/authors_weights").mkdir(parents=True)  # one network more
    more, _ = experiment_seconds(known, "cifar10_svm")
    assert more - seconds == pytest.approx(110_000 * an_image)
    seconds, _ = experiment_seconds(known, "svhn_svm")
    G, D = network_sizes(known.model("svhn").network)
    images = 2 * 63_257 + 10_000 + 26_032  # four networks
    assert seconds == pytest.approx(4 * images * D.products / (2 * G.products + 4 * D.products))
    assert peak_bytes(known, "svhn_svm") == (73_257 * 16 * 448 * 4, 0)
    assert experiment_seconds(known, "playable") == (None, "not predicted")


@pytest.mark.slow
def test_every_rung_of_the_ladder_has_features_and_one_is_untrained(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = load_run(str(repository / "config/two_cores.yaml"), {"raw": "raw"})
    images = {"cifar10": 40_000, "cifar10_batch5": 10_000}
    known = CostInputs(run, images, dict.fromkeys(run.spec.models, StepRate(0.0, 1.0)), 0.0)
    seconds, origin = experiment_seconds(known, "cifar10_forecast")
    assert origin == "formula, features alone"
    # discriminators of 4 trainings after 1, 2 and 5 passes, and the first weights of 2 networks
    rungs = ("objects_64", "objects_32", "objects_64_of_20000", "objects_32_of_20000")
    wanted = 3 * sum(map(known.judged, rungs)) + sum(map(known.judged, rungs[:2]))
    assert seconds == pytest.approx(60_000 * wanted)
    assert peak_bytes(known, "cifar10_forecast")[0] == 40_000 * 14_336 * 4
