"""Gain and bias of the MNIST networks: the error by hand, a planted difference and none."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from experiments.ablations import digits
from experiments.ablations.digits import error, gain_and_bias


def model(kind: str, seed: int, *, affine: bool) -> SimpleNamespace:
    network = SimpleNamespace(kind=kind, norm_affine=affine, classes=10)
    return SimpleNamespace(seed=seed, spec=SimpleNamespace(network=network))


def planted(monkeypatch: pytest.MonkeyPatch, more: float) -> dict:
    """Errors of 5 % and a little by seed, with gain and bias `more`."""
    monkeypatch.setattr(
        digits,
        "error",
        lambda one, *_, **__: 5 + 0.3 * one.seed**2 % 1 + more * one.spec.network.norm_affine,
    )
    models = [
        model(kind, seed, affine=affine)
        for kind in ("conditional", "fully_connected")
        for affine in (False, True)
        for seed in (1, 2, 3)
    ]
    made = gain_and_bias(models, range(100), samples=100, seed=1)
    return {one.name: one for one in made}


def test_a_planted_difference_is_found_and_none_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    found = planted(monkeypatch, 2.0)
    for name in ("dcgan", "gan"):
        assert found[f"digit_error_{name}_with_minus_without"].value == pytest.approx(2)
        assert found[f"digit_error_{name}_with_minus_without"].low > 0
        units = [found[f"digit_error_{name}_{of}"].unit for of in ("with", "with_minus_without")]
        assert units == ["%", "percentage points"]
    assert planted(monkeypatch, 0.0)["digit_error_gan_with_minus_without"].low <= 0


def test_trainings_are_paired_by_seed_and_a_network_on_its_own_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(digits, "error", lambda one, *_, **__: float(one.seed))
    models = [model("conditional", s, affine=False) for s in (3, 1, 2)]
    models += [model("conditional", s, affine=True) for s in (2, 3, 9)]
    models += [model("fully_connected", s, affine=True) for s in (1, 2)]
    found = {m.name: m for m in gain_and_bias(models, range(9), samples=100, seed=1)}
    assert found["digit_error_dcgan_with_minus_without"].n == 2
    assert found["digit_error_dcgan_with_minus_without"].value == 0
    assert not any("_gan_" in name for name in found)


def test_the_error_is_the_share_of_wrong_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generated digits are grey levels of their label; a quarter of the true labels is another."""
    levels = np.arange(10, dtype=np.uint8) * 20
    monkeypatch.setattr(
        digits, "draw",
        lambda _, z, labels: np.tile(levels[labels.numpy(), None, None, None], (1, 4, 4, 1)),
    )  # fmt: skip
    own = model("conditional", 1, affine=False)
    own.generator = lambda: None
    own.latents = lambda n, **_: torch.zeros(n, 2)
    truth = np.arange(40) % 10
    images = np.tile(levels[truth, None, None, None] + np.uint8(3), (1, 4, 4, 1))
    told = np.where(np.arange(40) < 10, (truth + 1) % 10, truth)
    store = SimpleNamespace(images=images, label=lambda name: told)
    assert error(own, store, samples=20, seed=1) == 25
