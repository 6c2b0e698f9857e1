"""Convolutions by patches agree with PyTorch's; a rule, not a timing, decides which use them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from repro.networks import patch_products
from repro.networks.build import build_discriminator, build_generator
from repro.networks.patch_products import (
    NONE,
    Convolution,
    Routes,
    TransposedConvolution,
    patches_pay,
    routes,
)
from repro.specs.network import NetworkSpec

ALL = Routes(gather=True, spread=True, weights=True)


@pytest.fixture
def intel(monkeypatch: pytest.MonkeyPatch) -> None:
    """This processor counts as one where patches pay, for float32 outside autocast."""
    monkeypatch.setattr(patch_products, "is_intel", lambda: True)
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: True)


def weight(coarse: int, fine: int, kernel: int) -> Tensor:
    return torch.empty(coarse, fine, kernel, kernel, device="meta")


@pytest.mark.parametrize(
    ("shape", "stride", "expected"),
    [
        ((1024, 512, 5), 2, ALL),  # 52 MB of weights
        ((512, 256, 4), 2, ALL),  # 8 MB
        ((256, 128, 4), 2, Routes(gather=False, spread=False, weights=True)),
        ((128, 64, 4), 2, Routes(gather=False, spread=False, weights=True)),
        ((64, 32, 5), 2, NONE),
        ((512, 256, 3), 1, NONE),  # stride 1: oneDNN's is as fast as the product
        ((64, 3, 4), 2, Routes(gather=False, spread=True, weights=False)),
        ((64, 1, 5), 2, Routes(gather=False, spread=True, weights=False)),
    ],
)
def test_the_route_follows_from_the_shape(
    shape: tuple[int, int, int], stride: int, expected: Routes
) -> None:
    assert routes(weight(*shape), stride) == expected


def test_patches_are_for_float32_on_intel_or_without_avx512(
    intel: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patch_products, "has_avx512", lambda: True)
    x = torch.zeros(1)
    assert patches_pay(x)
    assert not patches_pay(x.double())
    assert not patches_pay(x.to("meta"))
    with torch.autocast("cpu", torch.bfloat16):
        assert not patches_pay(x)
    monkeypatch.setattr(patch_products, "is_intel", lambda: False)
    assert not patches_pay(x)
    monkeypatch.setattr(patch_products, "has_avx512", lambda: False)
    assert patches_pay(x)


@pytest.mark.usefixtures("intel")
@settings(max_examples=60, deadline=None)
@given(
    kernel=st.sampled_from([3, 4, 5]),
    stride=st.sampled_from([1, 2]),
    fine=st.integers(1, 9),
    coarse=st.integers(5, 9),
    side=st.sampled_from([4, 6, 10]),
    images=st.integers(1, 7),
    transposed=st.booleans(),
    channels_last=st.booleans(),
    a_block=st.integers(1, 40_000),
)
def test_results_and_gradients_are_pytorchs(
    kernel: int,
    stride: int,
    fine: int,
    coarse: int,
    side: int,
    images: int,
    transposed: bool,
    channels_last: bool,
    a_block: int,
) -> None:
    """Every direction by patches, in blocks of any size, against PyTorch's in float64."""
    if kernel % 2 == 0 and stride == 1:
        stride = 2
    settings = (kernel, stride, (kernel - 1) // 2)
    if transposed:
        extra = stride - 1 if kernel % 2 else 0
        ours: nn.Module = TransposedConvolution(coarse, fine, *settings, extra, bias=False)
        theirs: nn.Module = nn.ConvTranspose2d(coarse, fine, *settings, extra, bias=False).double()
    else:
        ours = Convolution(fine, coarse, *settings, bias=False)
        theirs = nn.Conv2d(fine, coarse, *settings, bias=False).double()
    theirs.load_state_dict(ours.state_dict())
    if channels_last:
        ours = ours.to(memory_format=torch.channels_last)
    shape = (coarse, side // stride) if transposed else (fine, side)
    x = torch.randn(images, shape[0], shape[1], shape[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patch_products, "CACHE", 0)
        patch.setattr(patch_products, "WIDE", 0)
        patch.setattr(patch_products, "BLOCK", (a_block, a_block))
        patch.setattr(patch_products, "routes", lambda weight, stride: ALL)
        found = _outcome(ours, x)
    for value, expected in zip(found, _outcome(theirs, x.double()), strict=True):
        assert value.shape == expected.shape
        torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=1e-5)


def _outcome(layer: nn.Module, x: Tensor) -> list[Tensor]:
    """Result, and gradients of a fixed weighting of it by x and by the weights."""
    x = x.clone().requires_grad_()
    y = layer(x)
    (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view(y.shape)).sum().backward()
    gradient = layer.weight.grad
    assert isinstance(gradient, Tensor)
    assert x.grad is not None
    return [y.detach(), x.grad, gradient]


@pytest.mark.slow
def test_networks_by_patches_are_the_same_networks(
    intel: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G and D with layers of every route: pictures, logits and all gradients, within rounding."""
    spec = NetworkSpec(image_size=64, ngf=64, ndf=64, norm_eps=1e-5)
    z = torch.randn(4, spec.z_dim, generator=torch.Generator().manual_seed(0))

    def gradients() -> dict[str, Tensor]:
        G, D = build_generator(spec, seed=1), build_discriminator(spec, seed=1)
        D(G(z)).sum().backward()
        named = {**dict(G.named_parameters(prefix="G")), **dict(D.named_parameters(prefix="D"))}
        return {name: one.grad for name, one in named.items() if one.grad is not None}

    ours = gradients()
    monkeypatch.setattr(patch_products, "patches_pay", lambda x: False)
    theirs = gradients()
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        scale = expected.abs().max().item()
        torch.testing.assert_close(ours[name], expected, rtol=0, atol=1e-3 * scale, msg=name)
    assert any(not torch.equal(ours[name], theirs[name]) for name in ours)  # patches were taken


@pytest.mark.usefixtures("intel")
def test_a_gradient_of_a_gradient_is_refused() -> None:
    layer = Convolution(3, 8, 4, 2, 1, bias=False)
    x = torch.randn(2, 3, 8, 8, requires_grad=True)
    (first,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


@pytest.mark.usefixtures("intel")
@pytest.mark.parametrize(
    "more",
    [
        {"dilation": 2},
        {"groups": 2},
        {"bias": True},
        {"padding_mode": "circular"},
        {"kernel_size": (3, 5)},
        {},  # on maps that are no squares
    ],
)
def test_what_no_layer_of_the_paper_has_is_left_to_pytorch(more: dict) -> None:
    given = {"kernel_size": 4, "stride": 2, "padding": 1, "bias": False, **more}
    side = (8, 8) if more else (8, 4)
    x = torch.rand(2, 64, *side, generator=torch.Generator().manual_seed(1))
    pairs = [(nn.Conv2d, Convolution)]
    if "padding_mode" not in more:
        pairs.append((nn.ConvTranspose2d, TransposedConvolution))
    for pytorchs, ours in pairs:
        expected, layer = pytorchs(64, 64, **given), ours(64, 64, **given)
        layer.load_state_dict(expected.state_dict())
        torch.testing.assert_close(layer(x), expected(x))
