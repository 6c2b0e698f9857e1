"""The benches of features and SVM: what is timed is the same on both sides, and the record."""

import json

import numpy as np
import pytest
import torch
from sklearn.svm import LinearSVC

from repro.bench import __main__ as bench
from repro.bench.features import network, noise, plain
from repro.bench.svm import made_pictures, objective
from repro.classification.discriminator_features import discriminator_features
from repro.classification.svm import L2SVC
from repro.networks.discriminator_inputs import freeze_on


@pytest.fixture(autouse=True)
def threads_as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def last_line(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_the_plain_loop_makes_the_same_features() -> None:
    D, images = network(ndf=2), noise(130)
    freeze_on(D, images)
    ours = discriminator_features(D, images)
    np.testing.assert_allclose(plain(D, images), ours, rtol=1e-4, atol=1e-5)


def test_record_of_features(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--images=40", "--ndf=2", "--threads=1", "--repeats=2", "--device=cpu"]
    bench.main(["features", *words])
    record = last_line(capsys)
    assert record["bench"] == "features"
    assert record["features"] == 16 * 2 * (1 + 1 + 2 + 2 + 4 + 4)
    assert record["ratio"] == pytest.approx(record["ours"] / record["reference"], rel=0.01)
    assert len(record["runs"]["ours"]) == record["repeats"] == 2


def test_made_pictures_have_classes_that_filters_tell() -> None:
    images, y = made_pictures(600)
    np.testing.assert_array_equal(images, made_pictures(600)[0])
    assert len(np.unique(y)) == 10
    D = network(ndf=8)
    freeze_on(D, images)
    X = discriminator_features(D, images)
    svm = L2SVC(C=1e-3, tol=1e-2).fit(X[:500], y[:500])
    assert (svm.predict(X[500:]) == y[500:]).mean() > 0.25  # chance: 0.1


def test_objective_is_what_l2svc_minimises() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 12)), rng.integers(0, 3, 90)
    ours = L2SVC(C=0.05, tol=1e-8).fit(X, y)
    machine = LinearSVC(C=0.05, tol=1e-8, max_iter=10**6).fit(X, y)
    assert objective(machine, X, y) == pytest.approx(ours.objective_.sum(), rel=1e-6)


def test_record_of_the_svm(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 400)
    X = rng.normal(size=(400, 30)).astype(np.float32)
    X[np.arange(400), y] += 2
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    words = [f"--features={tmp_path / 'X.npy'}", f"--labels={tmp_path / 'y.npy'}", "--few=200"]
    words += ["--images=400", "--cs=1e-3,1e-1", "--threads=1", "--repeats=2", "--device=cpu"]
    bench.main(["svm", *words])
    few, large = last_line(capsys)["cases"]
    assert few["reference_objective"] <= few["objective"] * 1.002
    assert few["equal_predictions"] > 0.98
    assert [fit["C"] for fit in large["fits"]] == [1e-3, 1e-1]
    assert all(fit["relative_gap"] <= 1e-3 for fit in large["fits"])
    assert large["rows"] == 400
    assert 0 < large["peak_gb"] < 8
