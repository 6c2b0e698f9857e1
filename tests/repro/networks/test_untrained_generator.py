"""The untrained control: the architecture of a model with initial weights, ready to draw."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from untrained_model import write_model

from repro.networks.model_folder import CheckpointError, ModelFolder, draw
from repro.specs.model import ModelSpec


def test_it_has_the_shape_of_g_other_weights_and_frozen_statistics(tmp_path: Path) -> None:
    model = ModelFolder.open(write_model(tmp_path / "model"))
    G, one, same, other = (model.generator(), *map(model.untrained_generator, (0, 0, 5)))
    shapes = [{k: v.shape for k, v in net.state_dict().items()} for net in (G, one)]
    assert shapes[0] == shapes[1]
    z = model.latents(300, seed=3, purpose="test")
    np.testing.assert_array_equal(draw(one, z), draw(same, z))
    assert not np.array_equal(draw(one, z), draw(other, z))
    assert not np.array_equal(draw(one, z), draw(G, z))
    # statistics are frozen: a picture does not depend on the others of its minibatch
    np.testing.assert_array_equal(draw(one, z[:1]), draw(one, z)[:1])


def test_its_statistics_are_those_of_its_latents(tmp_path: Path) -> None:
    """Whatever a normalised layer gets, its outputs have mean 0 and deviation 1 over latents."""
    G = ModelFolder.open(write_model(tmp_path / "model")).untrained_generator(0)
    norm = next(m for m in G.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d))
    seen = []
    norm.register_forward_hook(lambda module, given, out: seen.append(given[0]))
    with torch.no_grad():
        G(torch.rand(4000, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1)
    over = [0, *range(2, seen[0].dim())]
    assert norm.running_var is not None
    ratio = (seen[0].var(dim=over) / norm.running_var).numpy()
    assert ratio == pytest.approx(1, abs=0.3)


def untrained(**network: object) -> ModelFolder:
    """A model of which only the description is there."""
    small = {"image_size": 16, "ngf": 4, "ndf": 4, "z_dim": 4, **network}
    spec = ModelSpec.model_validate({"data": "test", "network": small}).model_dump()
    return ModelFolder(Path("nowhere"), {"spec": spec, "seed": 1})


def test_labels_in_equal_numbers() -> None:
    labels = untrained(kind="conditional", classes=3).even_labels(7)
    assert labels is not None
    assert labels.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert untrained().even_labels(7) is None


@pytest.mark.parametrize(
    "network",
    [
        {"kind": "conditional", "classes": 3},
        {"kind": "fully_connected", "generator_units": (8,), "discriminator_units": (8,)},
    ],
)
def test_layers_of_convolutions_are_asked_of_a_model_that_has_them(network: dict) -> None:
    with pytest.raises(CheckpointError, match=rf"nowhere: the networks are {network['kind']}, but"):
        untrained(**network).random_discriminator(0)
