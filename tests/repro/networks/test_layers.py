"""Layers read off the networks: the paper's counts, and fields that gradients confirm."""

import pytest
import torch
from torch import Tensor

from repro.networks.build import build_discriminator, build_generator
from repro.networks.dcgan import parameter_count
from repro.networks.diagram import pair_diagram
from repro.networks.layer_shapes import projective_fields, receptive_fields
from repro.networks.layers import (
    discriminator_without_memory,
    generator_without_memory,
    layers_of,
    stages,
    stages_of_pair,
)
from repro.specs.network import NetworkSpec
from repro.specs.presets import read_presets

# parameters and products of one image, worked out by hand from the shapes
BY_HAND = {
    "paper_64": ((18_885_760, 640_614_400), (17_232_768, 638_992_384)),
    "imagenet32": ((6_690_688, None), (4_586_112, None)),
    "svhn_released": ((1_446_976, None), (1_033_664, None)),
}
GFLOP = {"imagenet32": (0.540, 0.536), "svhn_released": (0.056, 0.055)}  # 2 x products, rounded
PRESETS = {preset.name: preset.spec.network for preset in read_presets()}


@pytest.mark.parametrize("name", BY_HAND)
def test_counts_are_those_worked_out_by_hand(name: str) -> None:
    spec = PRESETS[name]
    networks = generator_without_memory(spec), discriminator_without_memory(spec)
    for network, (parameters, products) in zip(networks, BY_HAND[name], strict=True):
        layers = layers_of(network)
        assert sum(layer.parameters for layer in layers) == parameters
        if products is not None:
            assert sum(layer.products for layer in layers) == products
    for network, gflop in zip(networks, GFLOP.get(name, ()), strict=False):
        assert 2e-9 * sum(layer.products for layer in layers_of(network)) == pytest.approx(
            gflop, abs=5e-4
        )


@pytest.mark.parametrize("name", PRESETS)
def test_all_parameters_are_counted_once(name: str) -> None:
    spec = PRESETS[name]
    for network in (generator_without_memory(spec), discriminator_without_memory(spec)):
        assert sum(layer.parameters for layer in layers_of(network)) == parameter_count(network)


def test_the_paper_s_generator_layer_by_layer() -> None:
    layers = layers_of(generator_without_memory(NetworkSpec()))
    assert [layer.products for layer in layers] == [
        1_638_400, 209_715_200, 209_715_200, 209_715_200, 9_830_400,
    ]  # fmt: skip
    shapes = [stage.shape for stage in stages(NetworkSpec(), "generator")]
    assert shapes == [
        (100,), (1024, 4, 4), (512, 8, 8), (256, 16, 16), (128, 32, 32), (3, 64, 64),
    ]  # fmt: skip
    assert [field.size for field in projective_fields(layers)] == [61, 29, 13, 5, 1]
    assert [layer.norm for layer in layers] == ["unit", "map", "map", "map", ""]


def test_the_paper_s_discriminator_sees_61_pixels() -> None:
    layers = layers_of(discriminator_without_memory(NetworkSpec()))
    assert [field.size for field in receptive_fields(layers)] == [5, 13, 29, 61, 64]


def extent(gradient: Tensor) -> tuple[int, int]:
    """Rows and columns between the first and the last pixel that is not zero: (C, H, W)."""
    touched = gradient.abs().sum(0) > 0
    rows, columns = touched.any(1).nonzero(), touched.any(0).nonzero()
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


SMALL = [
    NetworkSpec(image_size=64, ngf=2, ndf=2, z_dim=4, base_size=8, norm_eps=1e-5),
    NetworkSpec(image_size=32, ngf=2, ndf=2, z_dim=4, layers="paired", kernel=3, base_size=8),
    NetworkSpec(image_size=32, ngf=2, ndf=2, z_dim=4, kernel=4, base_size=8, norm_eps=1e-5),
]


@pytest.mark.parametrize("spec", SMALL, ids=["5x5", "3x3 paired", "4x4"])
def test_a_unit_of_d_sees_what_its_gradient_touches(spec: NetworkSpec) -> None:
    D = build_discriminator(spec, seed=1).eval()
    fields = receptive_fields(layers_of(discriminator_without_memory(spec)))
    images = torch.randn(1, 3, spec.image_size, spec.image_size).requires_grad_()
    x = images
    for layer, field in zip(D.layers, fields, strict=False):
        x = layer(x)
        middle = x.shape[-1] // 2
        (gradient,) = torch.autograd.grad(
            x[0, :, middle, middle].square().sum(), images, retain_graph=True
        )
        seen = extent(gradient[0])
        # edges cut the square; in the middle of a large enough picture nothing is cut
        assert seen == (field.size, field.size) or max(seen) < field.size >= spec.image_size // 2


@pytest.mark.parametrize("spec", SMALL, ids=["5x5", "3x3 paired", "4x4"])
def test_a_unit_of_g_reaches_what_changes_with_it(spec: NetworkSpec) -> None:
    G = build_generator(spec, seed=1).eval()
    fields = projective_fields(layers_of(generator_without_memory(spec)))
    maps = torch.randn(1, spec.generator_widths[0], spec.base_size, spec.base_size)
    for start, field in enumerate(fields[:-1]):
        middle = maps.shape[-1] // 2
        changed = maps.clone()
        changed[:, :, middle, middle] += 1
        with torch.no_grad():
            pictures = []
            for x in (maps, changed):
                for layer in G.layers[start:]:
                    # no ReLU between: it may hide a unit
                    x = layer.conv(x)
                pictures.append(x)
            reached = extent((pictures[1] - pictures[0])[0])
            maps = G.layers[start].conv(maps)
        assert reached == (field.size, field.size) or max(reached) < field.size
        if field.size <= spec.image_size // 2:
            assert reached == (field.size, field.size)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_drawn(name: str) -> None:
    drawn = pair_diagram(stages_of_pair(PRESETS[name]))
    words = {text.get_text() for axes in drawn.axes for text in axes.texts}
    spec = PRESETS[name]
    assert str(spec.z_dim) in words
    assert f"{spec.channels}×{spec.image_size}×{spec.image_size}" in words
    assert any(word.startswith("Generator: ") for word in words)
