"""The networks without convolutions: vanilla_gan and the paper's baseline, written out by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.networks.build import build_discriminator, build_generator
from repro.networks.dcgan import DiscriminatorNetwork, GeneratorNetwork
from repro.specs.network import NetworkSpec
from repro.specs.presets import read_presets

SPECS = {p.name: p.spec.network for p in read_presets()}
VANILLA, BASELINE = SPECS["vanilla_gan"], SPECS["mnist_gan_fc"]
LABELS = torch.arange(20) % 10


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def both(spec: NetworkSpec) -> tuple[GeneratorNetwork, DiscriminatorNetwork]:
    return build_generator(spec, seed=1), build_discriminator(spec, seed=1)


def dense(network: nn.Module) -> list[nn.Linear]:
    return [module for module in network.modules() if isinstance(module, nn.Linear)]


def norms(network: nn.Module) -> list[nn.BatchNorm1d]:
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm1d)]


def normalised(x: Tensor, *, eps: float) -> Tensor:
    mean = x.mean(0)
    return (x - mean) / torch.sqrt(((x - mean) ** 2).mean(0) + eps)


def test_vanilla_normalises_from_the_second_layer_on() -> None:
    G, D = both(VANILLA)
    assert [layer.norm is None for layer in G.layers] == [True, False, False, False]
    assert [norm.num_features for norm in norms(G)] == [256, 512, 1024]
    assert {norm.eps for norm in norms(G)} == {0.8}
    assert all(norm.affine for norm in norms(G))
    assert norms(D) == []
    assert all(layer.bias is not None for layer in [*dense(G), *dense(D)])


def test_vanilla_is_equal_to_the_layers_written_out() -> None:
    G, D = both(VANILLA)
    with torch.no_grad():  # gains and biases that would be noticed
        for norm in norms(G):
            norm.weight.copy_(1 + 0.1 * noise(norm.num_features))
            norm.bias.copy_(0.1 * noise(norm.num_features))
    x = z = noise(20, 100)
    for number, layer in enumerate(dense(G)[:-1]):
        x = x @ layer.weight.T + layer.bias
        if number > 0:
            norm = norms(G)[number - 1]
            x = normalised(x, eps=0.8) * norm.weight + norm.bias
        x = torch.where(x > 0, x, 0.2 * x)
    x = torch.tanh(x @ dense(G)[-1].weight.T + dense(G)[-1].bias)
    images = G(z)
    torch.testing.assert_close(images, x.view(20, 1, 28, 28), rtol=0, atol=1e-5)
    for layer in dense(D)[:-1]:
        x = x @ layer.weight.T + layer.bias
        x = torch.where(x > 0, x, 0.2 * x)
    x = x @ dense(D)[-1].weight.T + dense(D)[-1].bias
    torch.testing.assert_close(D(images), x.ravel(), rtol=0, atol=1e-5)


def test_vanilla_begins_as_pytorch_would() -> None:
    """Weights and biases within 1 / sqrt(inputs), and up to it; gains 1, biases of norms 0."""
    G, D = both(VANILLA)
    for layer in [*dense(G), *dense(D)]:
        bound = layer.in_features**-0.5
        for values in (layer.weight, layer.bias):
            assert values.abs().max() <= bound
        assert layer.weight.abs().max() > 0.95 * bound
        assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)
        if len(layer.bias) > 100:
            assert layer.bias.std().item() == pytest.approx(bound / 3**0.5, rel=0.2)
    for norm in norms(G):
        assert torch.equal(norm.weight, torch.ones_like(norm.weight))
        assert not norm.bias.any()


def test_baseline_has_the_batch_normalisation_of_the_dcgan() -> None:
    """Not in D's first layer and not at the ends; no gain, no bias, no biases of layers."""
    G, D = both(BASELINE)
    assert [layer.norm is None for layer in G.layers] == [False, False]
    assert [layer.norm is None for layer in D.layers] == [True, False]
    assert {norm.eps for norm in [*norms(G), *norms(D)]} == {1e-8}
    names = [name for n in (G, D) for name, _ in n.named_parameters()]
    assert len(names) == 6
    assert all(name.endswith(("linear.weight", "out.weight", "head.weight")) for name in names)
    shapes = [tuple(layer.weight.shape) for layer in [*dense(G), *dense(D)]]
    assert shapes == [(1024, 110), (1024, 1034), (784, 1034), (1024, 794), (1024, 1034), (1, 1034)]


def test_baseline_is_equal_to_the_layers_written_out() -> None:
    G, D = both(BASELINE)
    z, hot = noise(20, 100), torch.eye(10)[LABELS]
    first, second, last = (layer.weight for layer in dense(G))
    x = F.relu(normalised(torch.cat([z, hot], 1) @ first.T, eps=1e-8))
    x = F.relu(normalised(torch.cat([x, hot], 1) @ second.T, eps=1e-8))
    x = torch.sigmoid(torch.cat([x, hot], 1) @ last.T)
    images = G(z, LABELS)
    assert images.min() >= 0
    torch.testing.assert_close(images, x.view(20, 1, 28, 28), rtol=0, atol=1e-5)
    first, second, last = (layer.weight for layer in dense(D))
    x = F.leaky_relu(torch.cat([x, hot], 1) @ first.T, 0.2)
    x = F.leaky_relu(normalised(torch.cat([x, hot], 1) @ second.T, eps=1e-8), 0.2)
    x = torch.cat([x, hot], 1) @ last.T
    torch.testing.assert_close(D(images, LABELS), x.ravel(), rtol=0, atol=1e-5)


def test_the_order_of_pixels_is_free() -> None:
    """Permutation invariant (§8.1): D of permuted pixels is D with permuted first weights."""
    D = build_discriminator(BASELINE, seed=1)
    x, order = noise(20, 784), torch.randperm(784, generator=torch.Generator().manual_seed(2))
    before = D(x.view(20, 1, 28, 28), LABELS)
    with torch.no_grad():
        dense(D)[0].weight[:, :784] = dense(D)[0].weight[:, :784][:, order]
    after = D(x[:, order].reshape(20, 1, 28, 28), LABELS)
    torch.testing.assert_close(after, before, rtol=0, atol=1e-5)


def test_channels_last_pictures_give_the_same_logits() -> None:
    """Colour pictures: the flat order is channel by channel, whatever the memory format."""
    spec = NetworkSpec(
        kind="fully_connected", image_size=8, generator_units=(5,), discriminator_units=(5,)
    )
    D, x = build_discriminator(spec, seed=1), noise(4, 3, 8, 8)
    logits = D(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(logits, D(x), rtol=0, atol=1e-6)
    by_hand = F.leaky_relu(x.reshape(4, 192) @ dense(D)[0].weight.T, 0.2) @ dense(D)[1].weight.T
    torch.testing.assert_close(logits, by_hand.ravel(), rtol=0, atol=1e-6)
