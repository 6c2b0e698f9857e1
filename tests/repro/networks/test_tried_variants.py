"""What the paper says it tried instead (§3), against networks built of PyTorch's layers."""

from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn

from repro.networks.build import build_discriminator, build_generator
from repro.networks.dcgan import freeze_statistics
from repro.networks.layers import stages_of_pair
from repro.specs.network import NetworkSpec
from repro.specs.validation import SpecError, validated

SMALL = {"image_size": 16, "ngf": 4, "ndf": 4, "z_dim": 6, "init_sd": 0.2}
VARIANTS = [
    {},
    {"norm": "all"},
    {"norm": "none"},
    {"average_pooling": True},
    {"bounded": False},
    {"norm": "all", "average_pooling": True, "bounded": False, "kernel": 4},
]


def normed(spec: NetworkSpec, *, inner: bool) -> bool:
    return spec.norm == "all" or (spec.norm == "inner" and inner)


def reference_discriminator(spec: NetworkSpec, weights: dict[str, Tensor]) -> nn.Sequential:
    """16x16: two convolutions, then the unit; weights in the order of the layers."""
    pad = (spec.kernel - 1) // 2
    parts: list[nn.Module] = []
    for index, (start, end) in enumerate([(3, 4), (4, 8)]):
        parts.append(nn.Conv2d(start, end, spec.kernel, 2, pad, bias=False))
        if normed(spec, inner=index > 0):
            parts.append(nn.BatchNorm2d(end, eps=spec.norm_eps))
        parts.append(nn.LeakyReLU(spec.leaky_slope))
    parts += [nn.AdaptiveAvgPool2d(1)] if spec.average_pooling else []
    parts += [nn.Flatten(), nn.Linear(8 if spec.average_pooling else 8 * 16, 1, bias=False)]
    return filled(nn.Sequential(*parts), weights)


def reference_generator(spec: NetworkSpec, weights: dict[str, Tensor]) -> nn.Sequential:
    pad, extra = (spec.kernel - 1) // 2, spec.kernel % 2
    parts: list[nn.Module] = [nn.Linear(6, 8 * 16, bias=False)]
    if spec.norm != "none":
        parts.append(nn.BatchNorm1d(8 * 16, eps=spec.norm_eps))
    parts += [nn.ReLU(), nn.Unflatten(1, (8, 4, 4))]
    for index, (start, end) in enumerate([(8, 4), (4, 3)]):
        parts.append(nn.ConvTranspose2d(start, end, spec.kernel, 2, pad, extra, bias=False))
        if normed(spec, inner=index == 0):
            parts.append(nn.BatchNorm2d(end, eps=spec.norm_eps))
        parts += [nn.ReLU()] if index == 0 else []
    parts += [nn.Tanh()] if spec.bounded else []
    return filled(nn.Sequential(*parts), weights)


def filled(network: nn.Sequential, weights: dict[str, Tensor]) -> nn.Sequential:
    own = network.state_dict()
    named = OrderedDict(zip(own, weights.values(), strict=True))
    network.load_state_dict(named)
    return network


@pytest.mark.parametrize("changed", VARIANTS, ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_both_networks_are_those_of_pytorchs_layers(changed: dict, training: bool) -> None:
    spec = NetworkSpec(**SMALL, **changed)
    source = torch.Generator().manual_seed(0)
    z, images = torch.rand(12, 6, generator=source), torch.rand(12, 3, 16, 16, generator=source)
    for network, reference, x in (
        (build_generator(spec, seed=1), reference_generator, z),
        (build_discriminator(spec, seed=1), reference_discriminator, images),
    ):
        freeze_statistics(network, [x])  # so that frozen statistics differ from a new batch's
        wanted = reference(spec, network.state_dict()).train(training)
        found = network.train(training)(x)
        torch.testing.assert_close(found.flatten(), wanted(x).flatten(), rtol=1e-4, atol=1e-5)


def test_without_tanh_pixels_leave_the_range() -> None:
    z = 10 * torch.rand(12, 6, generator=torch.Generator().manual_seed(0))
    free = build_generator(NetworkSpec(**SMALL, bounded=False, norm="none"), seed=1)(z).detach()
    assert float(free.abs().max()) > 1
    bound = build_generator(NetworkSpec(**SMALL, norm="none"), seed=1)(z)
    torch.testing.assert_close(torch.tanh(free), bound)


def test_the_layers_of_all_variants_are_listed() -> None:
    for changed in VARIANTS:
        spec = NetworkSpec(**SMALL, **changed)
        pair = stages_of_pair(spec)
        head = pair["discriminator"][-1].layer
        assert head is not None
        assert head.taken == ((8,) if spec.average_pooling else (8 * 16,))
        norms = [one.layer.norm for one in pair["generator"][1:] if one.layer]
        assert norms == {"inner": ["unit", "map", ""], "all": ["unit", "map", "map"],
                         "none": ["", "", ""]}[spec.norm]  # fmt: skip


@pytest.mark.parametrize("name", ["norm: none", "average_pooling: true", "bounded: false"])
def test_other_kinds_refuse_them(name: str) -> None:
    key, value = name.split(": ")
    given = {"none": "none", "true": True, "false": False}[value]
    values = {"kind": "conditional", "classes": 10, "image_size": 8, "base_size": 2, key: given}
    with pytest.raises(SpecError, match=f"{key} .* is for kind convolutional"):
        validated(NetworkSpec, values, where="x.yaml")
