"""The stream of labelled samples and the search in it: exact, bounded in memory, resumed."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from digits_model import write_digits_model
from sklearn.neighbors import NearestNeighbors
from untrained_model import write_model

from experiments.mnist_neighbours import search
from experiments.mnist_neighbours.samples import LabelledSamples
from experiments.mnist_neighbours.search import nearest_samples
from repro.networks.model_folder import CheckpointError, ModelFolder, draw

COUNTS = (30, 100, 250, 330)


@pytest.fixture
def model(tmp_path: Path) -> ModelFolder:
    return ModelFolder.open(write_digits_model(tmp_path / "model"))


def stream(model: ModelFolder, *, step: int = 20, block: int = 100) -> LabelledSamples:
    return LabelledSamples(model, step, seed=3, purpose="test", block=block)


def digits(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 64), np.float32)


def brute_force(references: np.ndarray, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(references.astype(float))
    distances, indices = found.kneighbors(queries.astype(float))
    return distances[:, 0], indices[:, 0]


def test_samples_are_what_the_generator_draws_and_balanced(model: ModelFolder) -> None:
    samples = stream(model, block=30)
    numbers = np.arange(90)
    assert (np.bincount(samples.labels(numbers)) == 9).all()
    z = model.latents(30, seed=3, purpose="test", index=2)
    pictures = draw(model.generator(20), z, torch.arange(60, 90) % 10)
    np.testing.assert_array_equal(np.rint(samples.at(2) * 255), pictures.reshape(30, -1))
    assert not np.array_equal(samples.at(0), samples.at(1))
    assert not np.array_equal(samples.at(0), stream(model, step=10, block=30).at(0))


def test_the_nearest_at_every_count_is_brute_forces(model: ModelFolder) -> None:
    samples, queries = stream(model), digits(40)
    found = nearest_samples(samples, queries, COUNTS)
    everything = np.concatenate([samples.at(number) for number in range(4)])
    for place, count in enumerate(COUNTS):
        distances, numbers = brute_force(everything[:count], queries)
        np.testing.assert_array_equal(found.numbers[place], numbers)
        np.testing.assert_allclose(found.distances[place], distances, rtol=1e-6)


def test_memory_does_not_grow_with_the_samples(model: ModelFolder) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        nearest_samples(stream(model), digits(40), (count,))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(100)  # what is loaded once
    assert peak(4000) < 1.2 * peak(200)


def test_a_failed_search_goes_on_and_ends_in_the_same_numbers(
    model: ModelFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    samples, queries, state = stream(model), digits(40), tmp_path / "state" / "test.npz"
    whole = nearest_samples(samples, queries, COUNTS)
    monkeypatch.setattr(search, "SECONDS_BETWEEN_SAVES", 0)
    drawn: list[int] = []
    draw_block = LabelledSamples.at

    def failing(self: LabelledSamples, number: int) -> np.ndarray:
        drawn.append(number)
        if len(drawn) == 3:
            raise KeyboardInterrupt
        return draw_block(self, number)

    monkeypatch.setattr(LabelledSamples, "at", failing)
    with pytest.raises(KeyboardInterrupt):
        nearest_samples(samples, queries, COUNTS, state=state)
    found = nearest_samples(samples, queries, COUNTS, state=state)
    assert drawn == [0, 1, 2, 2, 3]
    assert "resumes after sample 200" in capsys.readouterr().out
    np.testing.assert_array_equal(found.numbers, whole.numbers)
    np.testing.assert_array_equal(found.distances, whole.distances)
    nearest_samples(samples, queries, COUNTS, state=state)  # finished: nothing is drawn again
    assert len(drawn) == 5


@pytest.mark.parametrize("what", ["other digits", "other generator", "other counts", "damaged"])
def test_the_state_of_another_search_is_not_used(
    model: ModelFolder, tmp_path: Path, what: str, capsys
) -> None:
    state, counts = tmp_path / "test.npz", COUNTS
    nearest_samples(stream(model), digits(40), counts, state=state)
    step = 10 if what == "other generator" else 20
    queries = digits(40, seed=1 if what == "other digits" else 0)
    if what == "other counts":
        counts = (*COUNTS[:-1], 320)
    if what == "damaged":
        content = bytearray(state.read_bytes())
        content[len(content) // 2] ^= 0xFF
        state.write_bytes(bytes(content))
    found = nearest_samples(stream(model, step=step), queries, counts, state=state)
    assert "starts afresh" in capsys.readouterr().out
    without = nearest_samples(stream(model, step=step), queries, counts)
    np.testing.assert_array_equal(found.numbers, without.numbers)


def test_a_model_without_labels_is_refused(tmp_path: Path) -> None:
    model = ModelFolder.open(write_model(tmp_path / "plain"))
    with pytest.raises(CheckpointError, match="its generator takes no labels"):
        LabelledSamples(model, 1, seed=1, purpose="p", block=10)
