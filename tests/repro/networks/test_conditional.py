"""The conditional networks of MNIST: the shapes of the authors' code, written out by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.networks.build import build_discriminator, build_generator
from repro.networks.dcgan import DiscriminatorNetwork, GeneratorNetwork
from repro.specs.presets import read_presets

SPEC = next(p.spec.network for p in read_presets() if p.name == "mnist_conditional")
Networks = tuple[GeneratorNetwork, DiscriminatorNetwork]


@pytest.fixture(scope="module")
def networks() -> Networks:
    return build_generator(SPEC, seed=1), build_discriminator(SPEC, seed=1)


@pytest.fixture
def z() -> Tensor:
    return torch.rand(20, 100, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def digits() -> Tensor:
    return torch.rand(20, 1, 28, 28, generator=torch.Generator().manual_seed(1))


LABELS = torch.arange(20) % 10


def weighted(network: nn.Module) -> list[nn.Module]:
    kinds = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
    return [module for module in network.modules() if isinstance(module, kinds)]


def test_shapes_of_the_authors_code(networks: Networks) -> None:
    G, D = networks
    # weights: dense (out, in); transposed convolution (in, out, 5, 5); convolution (out, in, 5, 5)
    assert [tuple(layer.weight.shape) for layer in weighted(G)] == [
        (1024, 110),
        (6272, 1034),  # 128 x 7 x 7
        (138, 64, 5, 5),
        (74, 1, 5, 5),
    ]
    assert [tuple(layer.weight.shape) for layer in weighted(D)] == [
        (64, 11, 5, 5),
        (128, 74, 5, 5),
        (1024, 6282),
        (1, 1034),
    ]


def test_normalisation_without_gain_and_bias(networks: Networks) -> None:
    """After every layer but the last of G, and the first and last of D; no bias anywhere."""
    G, D = networks
    kinds = nn.BatchNorm1d | nn.BatchNorm2d
    sizes = [[m.num_features for m in n.modules() if isinstance(m, kinds)] for n in networks]
    assert sizes == [[1024, 6272, 64], [128, 1024]]
    names = [name for n in (G, D) for name, _ in n.named_parameters()]
    assert not [name for name in names if "norm" in name or name.endswith("bias")]


def normalised(x: Tensor) -> Tensor:
    """Batch normalisation without gain and bias, epsilon 1e-8, written out."""
    axes = (0,) if x.dim() == 2 else (0, 2, 3)
    mean = x.mean(axes, keepdim=True)
    return (x - mean) / torch.sqrt(((x - mean) ** 2).mean(axes, keepdim=True) + 1e-8)


def with_labels(x: Tensor, labels: Tensor) -> Tensor:
    maps = torch.zeros(len(x), 10, *x.shape[2:])
    for row, label in enumerate(labels.tolist()):
        maps[row, label] = 1
    return torch.cat([x, maps], dim=1)


def by_hand_g(G: GeneratorNetwork, z: Tensor, labels: Tensor) -> Tensor:
    first, second, third, fourth = (layer.weight for layer in weighted(G))
    x = F.relu(normalised(F.linear(with_labels(z, labels), first)))
    x = F.relu(normalised(F.linear(with_labels(x, labels), second)))
    x = with_labels(x.reshape(-1, 128, 7, 7), labels)
    x = F.relu(normalised(F.conv_transpose2d(x, third, stride=2, padding=2, output_padding=1)))
    x = F.conv_transpose2d(with_labels(x, labels), fourth, stride=2, padding=2, output_padding=1)
    return 1 / (1 + torch.exp(-x))


def by_hand_d(D: DiscriminatorNetwork, x: Tensor, labels: Tensor) -> Tensor:
    first, second, third, fourth = (layer.weight for layer in weighted(D))
    x = F.leaky_relu(F.conv2d(with_labels(x, labels), first, stride=2, padding=2), 0.2)
    x = F.conv2d(with_labels(x, labels), second, stride=2, padding=2)
    x = F.leaky_relu(normalised(x), 0.2).reshape(-1, 128 * 7 * 7)
    x = F.leaky_relu(normalised(F.linear(with_labels(x, labels), third)), 0.2)
    return F.linear(with_labels(x, labels), fourth).ravel()


def test_equal_to_the_layers_written_out(networks: Networks, z: Tensor, digits: Tensor) -> None:
    G, D = networks
    torch.testing.assert_close(G(z, LABELS), by_hand_g(G, z, LABELS), rtol=0, atol=1e-5)
    torch.testing.assert_close(D(digits, LABELS), by_hand_d(D, digits, LABELS), rtol=0, atol=1e-5)


@pytest.mark.slow
def test_gradients_are_those_of_the_layers_written_out(networks: Networks, z: Tensor) -> None:
    G, D = networks
    D(G(z, LABELS), LABELS).sum().backward()
    found = [layer.weight.grad.clone() for layer in [*weighted(G), *weighted(D)]]
    G.zero_grad()
    D.zero_grad()
    by_hand_d(D, by_hand_g(G, z, LABELS), LABELS).sum().backward()
    for ours, layer in zip(found, [*weighted(G), *weighted(D)], strict=True):
        scale = layer.weight.grad.abs().max().item()
        torch.testing.assert_close(ours, layer.weight.grad, rtol=0, atol=1e-3 * scale)
    G.zero_grad()
    D.zero_grad()


def test_pixels_lie_between_0_and_1(networks: Networks, z: Tensor) -> None:
    images = networks[0](z, LABELS)
    assert images.shape == (20, 1, 28, 28)
    assert images.min() >= 0
    assert images.max() <= 1
    assert images.min() < 0.5 < images.max()  # a tanh would be centred on 0


def test_labels_beyond_the_classes_are_refused(networks: Networks, z: Tensor) -> None:
    with pytest.raises(RuntimeError, match="num_classes"):
        networks[0](z, LABELS + 1)
