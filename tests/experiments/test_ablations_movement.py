"""Restlessness and swinging filters: planted, absent, and from generators that a training kept."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from untrained_model import write_model

from experiments.ablations.changes import Change
from experiments.ablations.results import ComparedChange, swinging_numbers
from experiments.ablations.snapshots import filter_means, movement, restlessness, swinging
from repro.claims.measurement import Measurement
from repro.networks.build import build_generator
from repro.networks.dcgan import freeze_statistics
from repro.networks.model_folder import ModelFolder, save_network
from repro.specs.network import NetworkSpec


def frames(course: list[int]) -> np.ndarray:
    """Uniform pictures of these grey levels, the same for three z: (times, 3, 4, 4, 3)."""
    return np.broadcast_to(
        np.array(course, np.uint8)[:, None, None, None, None], (len(course), 3, 4, 4, 3)
    )


def test_a_steady_way_has_1_and_back_and_forth_many() -> None:
    assert restlessness(frames([0, 10, 20, 30])) == pytest.approx(1)
    assert restlessness(frames([0, 30, 0, 30])) == pytest.approx(3)
    assert restlessness(frames([10, 60, 0, 20])) == pytest.approx((50 + 60 + 20) / 10)
    assert restlessness(frames([7, 7, 7])) == 0


def test_a_random_walk_lies_between() -> None:
    steps = np.random.default_rng(0).normal(0, 4, (5, 40, 8, 8, 3))
    walk = np.clip(128 + steps.cumsum(axis=0), 0, 255).astype(np.uint8)
    assert restlessness(walk) == pytest.approx(4**0.5, rel=0.1)


def test_only_a_filter_that_is_one_mode_and_turns_every_time_swings() -> None:
    source = np.random.default_rng(1)
    over_z = 0.1 * source.normal(size=(4, 50))
    courses = {
        "swings": np.array([0.0, 1, 0, 1])[:, None] + over_z,
        "drifts": np.array([0.0, 1, 2, 3])[:, None] + over_z,
        "turns once": np.array([0.0, 1, 2, 1])[:, None] + over_z,
        "says something of z": np.array([0.0, 1, 0, 1])[:, None] + 50 * over_z,
        "dead": np.zeros((4, 50)),
    }
    found = swinging(np.stack([*courses.values()], axis=1))
    assert dict(zip(courses, found.tolist(), strict=True)) == {
        name: name == "swings" for name in courses
    }


def test_a_difference_of_filters_that_never_swing_decides_nothing() -> None:
    def numbers(earlier: list[float], later: list[float]) -> dict[str, Measurement]:
        values = {"swinging_earlier": np.array(earlier), "swinging_later": np.array(later)}
        recipe = ComparedChange(Change([], []), values, np.zeros((0, 1, 1, 3), np.uint8))
        return {one.name.removeprefix("swinging_filters_"): one for one in swinging_numbers(recipe)}

    never = numbers([0, 0, 0], [0, 0, 0])
    assert (never["earlier"].value, never["later"].value) == (0, 0)
    assert never["later_minus_earlier"].hull is None
    assert never["later_minus_earlier"].no_value_because == "no filter swings in either half"
    some = numbers([0, 0, 0], [0, 0.5, 0.1])
    assert some["later_minus_earlier"].value == pytest.approx(0.2)


def test_filters_are_the_maps_of_all_hidden_layers() -> None:
    spec = NetworkSpec(image_size=16, z_dim=8, ngf=4)
    G = build_generator(spec, seed=0).requires_grad_(False)
    z = torch.rand(20, 8, generator=torch.Generator().manual_seed(0))
    freeze_statistics(G, [z])
    means = filter_means(G, z)
    assert means.shape == (8 + 4, 20)
    np.testing.assert_allclose(means[:8], G.first_maps(z).mean(dim=(2, 3)).T, rtol=1e-5)


def with_generators(folder: Path, seeds: list[int]) -> ModelFolder:
    """A model that kept generators of these weights, the last one after minibatch 20."""
    write_model(folder)
    spec = ModelFolder.open(folder).spec.network
    for step, seed in zip([*range(1, len(seeds)), 20], seeds, strict=True):
        G = build_generator(spec, seed=seed)
        freeze_statistics(G, [ModelFolder.open(folder).latents(64, seed=1, purpose="test")])
        save_network(G, ModelFolder.open(folder).generator_file(step))
    return ModelFolder.open(folder)


def test_a_training_that_goes_back_and_forth_is_restless(tmp_path: Path) -> None:
    to_and_fro = movement(with_generators(tmp_path / "a", [1, 2] * 4), count=20, seed=3)
    settled = movement(with_generators(tmp_path / "b", [3, 4, 5, 6, 2, 1, 1, 1]), count=20, seed=3)
    assert to_and_fro is not None
    assert settled is not None
    assert to_and_fro.restlessness == pytest.approx(3, rel=0.15)
    assert settled.restlessness == pytest.approx(1, rel=0.15)


def test_too_few_generators_say_nothing(tmp_path: Path) -> None:
    assert movement(with_generators(tmp_path / "a", [1, 2, 1]), count=20, seed=3) is None
    description = json.loads((tmp_path / "a" / "spec.json").read_text())
    assert description["minibatches"] == 20
