"""Shapes and counts of the paper, placement of batch normalisation, frozen statistics."""

import numpy as np
import pytest
import torch
from torch import nn

from repro.networks.build import build_discriminator, build_generator
from repro.networks.dcgan import freeze_statistics
from repro.specs.network import NetworkSpec

PAPER = NetworkSpec()
IMAGENET = NetworkSpec(image_size=32, layers="paired", kernel=3, z_dim=256)
SMALL = NetworkSpec(image_size=16, ngf=4, ndf=4, z_dim=6)


def test_imagenet_layers_pool_to_28672_features() -> None:
    D = build_discriminator(IMAGENET, seed=0)
    maps = D.features(torch.zeros(1, 3, 32, 32))
    sides = [(m.shape[1], m.shape[2]) for m in maps]
    assert sides == [(128, 32), (128, 16), (256, 16), (256, 8), (512, 8), (512, 4)]
    assert sum(m.shape[1] * 16 for m in maps) == 28_672


def test_fig_1_maps() -> None:
    G = build_generator(NetworkSpec(ngf=2), seed=0)
    sizes: list[tuple[int, ...]] = []
    for layer in G.layers:
        layer.register_forward_hook(lambda _m, _i, out: sizes.append(tuple(out.shape[1:])))
    G(torch.zeros(2, 100))
    # Fig 1 at 1/64 of the width: 1024x4x4, 512x8x8, 256x16x16, 128x32x32, 3x64x64
    assert sizes == [(8, 8, 8), (4, 16, 16), (2, 32, 32), (3, 64, 64)]


@pytest.mark.parametrize("size", [16, 32, 64, 128, 256])
@pytest.mark.parametrize("kernel", [3, 4, 5])
def test_every_size_and_kernel(size: int, kernel: int) -> None:
    spec = NetworkSpec(image_size=size, kernel=kernel, ngf=1, ndf=1, z_dim=5)
    images = build_generator(spec, seed=0)(torch.rand(2, 5))
    assert images.shape == (2, 3, size, size)
    assert images.abs().max() <= 1
    assert build_discriminator(spec, seed=0)(images).shape == (2,)


def test_one_unit_of_the_fourth_layer_sees_61_pixels() -> None:
    """Receptive field 61 (Fig 5's tiles), measured by the gradient of one central unit."""
    D = build_discriminator(NetworkSpec(image_size=128, ndf=1), seed=0).eval()
    image = torch.randn(1, 3, 128, 128, requires_grad=True)
    D.features(image)[3][0, :, 4, 4].sum().backward()
    assert image.grad is not None
    touched = image.grad[0].abs().sum(0) > 0
    rows = torch.nonzero(touched.any(1)).ravel()
    assert rows.max() - rows.min() + 1 == 61


@pytest.mark.slow
def test_normalisation_only_where_the_paper_has_it() -> None:
    G, D = build_generator(PAPER, seed=0), build_discriminator(PAPER, seed=0)
    assert isinstance(G.project_norm, nn.BatchNorm1d)
    assert G.project_norm.num_features == 16_384  # per unit
    assert [layer.norm is None for layer in G.layers] == [False, False, False, True]
    assert [layer.norm is None for layer in D.layers] == [True, False, False, False]
    biases = [n for n, _ in [*G.named_parameters(), *D.named_parameters()] if n.endswith("bias")]
    assert all("norm" in name for name in biases)


@pytest.mark.slow
def test_initial_weights() -> None:
    D = build_discriminator(PAPER, seed=3)
    weight = D.layers[3].conv.weight.detach().numpy()
    assert abs(weight.mean()) < 1e-4
    assert weight.std() == pytest.approx(0.02, rel=0.01)
    gain = D.layers[3].norm.weight.detach().numpy()
    assert gain.mean() == pytest.approx(1, abs=0.003)
    assert gain.std() == pytest.approx(0.02, rel=0.1)
    again = build_discriminator(PAPER, seed=3).layers[3].conv.weight
    other = build_discriminator(PAPER, seed=4).layers[3].conv.weight
    assert torch.equal(D.layers[3].conv.weight, again)
    assert not torch.equal(again, other)


def test_transposed_convolution_against_a_loop() -> None:
    """The 5x5 stride-2 layer equals scattering each input pixel's kernel (authors' geometry)."""
    G = build_generator(SMALL, seed=1)
    conv = G.layers[-1].conv
    x = torch.randn(1, conv.in_channels, 3, 3)
    weight = conv.weight.detach().numpy()  # (in, out, 5, 5)
    padded = np.zeros((conv.out_channels, 2 * 3 + 4, 2 * 3 + 4))
    for i in range(3):
        for j in range(3):
            patch = np.einsum("c,cokl->okl", x[0, :, i, j].numpy(), weight)
            padded[:, 2 * i : 2 * i + 5, 2 * j : 2 * j + 5] += patch
    expected = padded[:, 2 : 2 + 6, 2 : 2 + 6]
    np.testing.assert_allclose(conv(x)[0].detach().numpy(), expected, atol=1e-6)


def test_frozen_statistics_are_the_mean_over_batches() -> None:
    D = build_discriminator(SMALL, seed=1)
    batches = [torch.randn(8, 3, 16, 16) for _ in range(3)]
    seen = [D.layers[1].conv(D.layers[0](b)).detach() for b in batches]
    freeze_statistics(D, batches)
    means = torch.stack([s.mean((0, 2, 3)) for s in seen]).mean(0)
    variances = torch.stack([s.var((0, 2, 3)) for s in seen]).mean(0)
    torch.testing.assert_close(D.layers[1].norm.running_mean, means)
    torch.testing.assert_close(D.layers[1].norm.running_var, variances)
    assert not D.training


KINDS = {
    "convolutional": SMALL,
    "conditional": NetworkSpec(
        kind="conditional", image_size=16, classes=3, ngf=4, ndf=4, hidden_units=20, z_dim=6
    ),
    "fully_connected": NetworkSpec(
        kind="fully_connected",
        image_size=16,
        classes=3,
        z_dim=6,
        generator_units=(20, 30),
        discriminator_units=(20, 30),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_same_z_same_picture_whatever_the_batch(kind: str) -> None:
    """Under the same label where there are labels; and the same picture, the same logit."""
    spec = KINDS[kind]
    labels = torch.arange(64) % spec.classes if spec.classes else None
    few = None if labels is None else labels[:3]
    ten = None if labels is None else labels[:10]
    G, D = build_generator(spec, seed=1), build_discriminator(spec, seed=1)
    freeze_statistics(G, [(torch.rand(64, 6) * 2 - 1, labels) for _ in range(4)])
    freeze_statistics(D, [(torch.rand(64, 3, 16, 16) * 2 - 1, labels) for _ in range(4)])
    z = torch.rand(10, 6)
    images = G(z, ten)
    torch.testing.assert_close(images[:3], G(z[:3], few), rtol=0, atol=1e-6)
    torch.testing.assert_close(D(images, ten)[:3], D(images[:3], few), rtol=0, atol=1e-5)
    G.train()
    D.train()
    assert not torch.allclose(G(z, ten)[:3], G(z[:3], few), atol=1e-3)
    assert not torch.allclose(D(images, ten)[:3], D(images[:3], few), atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_initial_statistics_of_every_kind(kind: str) -> None:
    """Weights N(0, 0.02), gains N(1, 0.02), biases 0, over all layers of G and D together."""
    wide = KINDS[kind].model_copy(update={"z_dim": 300})
    if kind == "fully_connected":
        wide = wide.model_copy(update={"generator_units": (500,), "biases": True})
    G, D = build_generator(wide, seed=3), build_discriminator(wide, seed=3)
    parameters = [*G.named_parameters(), *D.named_parameters()]
    of_norms = [(name, p) for name, p in parameters if "norm" in name]
    weights = torch.cat([p.ravel() for name, p in parameters if p.dim() > 1])
    gains = torch.cat([p for name, p in of_norms if name.endswith("weight")])
    for values, mean in ((weights, 0), (gains, 1)):
        n = len(values)
        assert abs(values.mean() - mean) < 5 * 0.02 / n**0.5
        assert abs(values.std() - 0.02) < 5 * 0.02 / (2 * n) ** 0.5
    assert all(not p.any() for name, p in parameters if name.endswith("bias"))


@pytest.mark.parametrize("kind", KINDS)
def test_initial_weights_by_inputs_are_pytorchs_own(kind: str) -> None:
    """init fan_in: uniform within the bounds that PyTorch's own layers of the shape keep."""
    spec = KINDS[kind].model_copy(update={"init": "fan_in"})
    for network in (build_generator(spec, seed=3), build_discriminator(spec, seed=3)):
        for layer in network.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                torch.manual_seed(0)
                ours = layer.weight.detach().clone()
                layer.reset_parameters()  # PyTorch's
                theirs, n = layer.weight.detach(), ours.numel()
                bound = theirs.std() * 3**0.5
                assert ours.abs().max() <= theirs.abs().max() * (1 + 20 / n)
                assert abs(ours.std() * 3**0.5 / bound - 1) < 5 / n**0.5
            elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                assert torch.equal(layer.weight, torch.ones_like(layer.weight))


@pytest.mark.parametrize("kind", KINDS)
def test_labels_missing_or_not_wanted_are_refused(kind: str) -> None:
    spec = KINDS[kind]
    wrong = None if spec.classes else torch.zeros(4, dtype=torch.int64)
    with pytest.raises(ValueError, match=f"the network has {spec.classes} classes, but was given"):
        build_generator(spec, seed=0)(torch.rand(4, 6), wrong)
    with pytest.raises(ValueError, match=f"the network has {spec.classes} classes, but was given"):
        build_discriminator(spec, seed=0)(torch.rand(4, 3, 16, 16), wrong)


def test_training_leaves_frozen_statistics_alone() -> None:
    G = build_generator(SMALL, seed=1)
    freeze_statistics(G, [torch.rand(64, 6)])
    before = G.project_norm.running_mean.clone()
    G.train()
    G(torch.rand(32, 6))
    assert torch.equal(before, G.project_norm.running_mean)


def test_freezing_without_a_batch_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one batch"):
        freeze_statistics(build_generator(SMALL, seed=1), [])
