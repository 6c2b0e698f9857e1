"""Guided backpropagation against hand-computed values and an independent NumPy backward pass."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.data.images import to_tensor
from repro.internals.guided_backprop import (
    concentration,
    crop_field,
    field_of,
    guided_gradient,
    last_layer,
    peaks,
    top_images,
)
from repro.networks.dcgan import Discriminator, freeze_statistics, initialise
from repro.networks.layer_shapes import ReceptiveField, receptive_field


def network(*, seed: int = 0, slope: float = 0.2, image_size: int = 16) -> Discriminator:
    """Two 5x5 layers of 4 and 6 channels with frozen statistics."""
    D = Discriminator(image_size=image_size, widths=(4, 6), strides=(2, 2), leaky_slope=slope)
    initialise(D, sd=0.2, seed=seed, purpose="test")
    source = torch.Generator().manual_seed(seed)
    x = torch.rand(8, 3, image_size, image_size, generator=source) * 2 - 1
    freeze_statistics(D, [x])
    return D.requires_grad_(False)


def units(D: Discriminator, x: torch.Tensor, positive: bool = True) -> dict[str, torch.Tensor]:
    """For every image its strongest (or weakest) unit of channel 0."""
    maps = last_layer(D, x)[:, 0]
    place = maps.flatten(1).argmax(1) if positive else maps.flatten(1).argmin(1)
    width = maps.shape[2]
    zero = torch.zeros(len(x), dtype=torch.long)
    return {"channels": zero, "rows": place // width, "columns": place % width}


def test_field_of_four_5x5_layers_is_61_pixels() -> None:
    assert receptive_field([5] * 4, [2] * 4, [2] * 4) == ReceptiveField(61, 16, -30)
    assert receptive_field([4] * 4, [2] * 4, [1] * 4) == ReceptiveField(46, 16, -15)
    assert field_of(network()) == ReceptiveField(13, 4, -6)


@settings(max_examples=20, deadline=None)
@given(
    layers=st.lists(
        st.sampled_from([(3, 1, 1), (5, 2, 2), (4, 2, 1), (3, 2, 1)]), min_size=1, max_size=3
    ),
    place=st.integers(3, 5),
)
def test_field_agrees_with_what_changes_the_unit(layers: list, place: int) -> None:
    """Pixels with a non-zero gradient of an all-ones network are exactly the field."""
    x = torch.ones(1, 1, 96, 96, requires_grad=True)
    maps: torch.Tensor = x
    for kernel, stride, padding in layers:
        maps = torch.nn.functional.conv2d(
            maps, torch.ones(1, 1, kernel, kernel), stride=stride, padding=padding
        )
    (gradient,) = torch.autograd.grad(maps[0, 0, place, place], x)
    seen = torch.nonzero(gradient[0, 0].any(dim=1)).flatten()
    size, stride, offset = receptive_field(*zip(*layers, strict=True))
    first = offset + place * stride
    assert seen.min() == max(first, 0)
    assert seen.max() == min(first + size, 96) - 1


def test_hand_computed_values_on_two_1x1_layers() -> None:
    """One pixel, two hidden units, one output unit: the whole rule on paper.

    x = (1, 1, 1); hidden pre-activations: u0 = 1 - 2 + 3 = 2 and u1 = -3. With output weights
    (5, -7) the output is 5*2 - 7*(-0.6) = 14.2 > 0. Gradient arriving at u0 is 5 (kept), at u1 is
    -7 (both closed), so the guided gradient is 5 * (1, -2, 3); the plain one adds -7*0.2*(-1) to
    each, the deconvolution's rule, which ignores the activations, closes -7 alone.
    """
    D = Discriminator(image_size=1, widths=(2, 1), strides=(1, 1), kernel=1, base_size=1)
    D.layers[1].norm = None
    D.layers[0].conv.weight.data = torch.tensor([[1.0, -2, 3], [-1, -1, -1]]).reshape(2, 3, 1, 1)
    D.layers[1].conv.weight.data = torch.tensor([[5.0, -7]]).reshape(1, 2, 1, 1)
    D.eval()
    x = torch.ones(1, 3, 1, 1, requires_grad=True)
    zero = torch.zeros(1, dtype=torch.long)
    assert last_layer(D, x).item() == pytest.approx(14.2)
    gradient = guided_gradient(D, x, channels=zero, rows=zero, columns=zero)
    assert gradient.flatten().tolist() == pytest.approx([5, -10, 15])
    (plain,) = torch.autograd.grad(last_layer(D, x).sum(), x)
    assert plain.flatten().tolist() == pytest.approx([6.4, -8.6, 16.4])


@pytest.mark.parametrize(("first", "passed"), [(3.0, True), (-3.0, False)])
def test_hand_computed_gate_of_the_slope_side(first: float, passed: bool) -> None:
    """One hidden unit behind a positive weight: only the sign of its input opens it.

    Hidden input 2 * first; output weight 4 (or -4 where the hidden unit is negative, so that the
    output is positive in both). Open: 4 * 2 = 8. Closed: 0, where the plain gradient is
    -4 * 0.2 * 2 = -1.6.
    """
    D = Discriminator(
        image_size=1, channels=1, widths=(1, 1), strides=(1, 1), kernel=1, base_size=1
    )
    D.layers[1].norm = None
    D.layers[0].conv.weight.data.fill_(2)
    D.layers[1].conv.weight.data.fill_(4 if passed else -4)
    D.eval()
    x = torch.full((1, 1, 1, 1), first, requires_grad=True)
    zero = torch.zeros(1, dtype=torch.long)
    assert last_layer(D, x).item() == pytest.approx(24 if passed else 4.8)
    gradient = guided_gradient(D, x, channels=zero, rows=zero, columns=zero)
    assert gradient.item() == pytest.approx(8 if passed else 0)
    (plain,) = torch.autograd.grad(last_layer(D, x).sum(), x)
    assert plain.item() == pytest.approx(8 if passed else -1.6)


def numpy_guided(D: Discriminator, image: np.ndarray, *, row: int, column: int) -> np.ndarray:
    """Guided gradient of channel 0's unit, written with loops over NumPy arrays."""

    def folded(block: torch.nn.Module) -> tuple[np.ndarray, np.ndarray]:
        weight = block.conv.weight.double().numpy()
        if block.norm is None:
            return weight, np.zeros(len(weight))
        n = block.norm
        gain = (n.weight / torch.sqrt(n.running_var + n.eps)).double().numpy()
        shift = (n.bias - n.running_mean * n.weight / torch.sqrt(n.running_var + n.eps)).double()
        return weight * gain[:, None, None, None], shift.numpy()

    def convolve(x: np.ndarray, weight: np.ndarray, shift: np.ndarray) -> np.ndarray:
        padded = np.pad(x, ((0, 0), (2, 2), (2, 2)))
        side = x.shape[1] // 2
        out = np.empty((len(weight), side, side))
        for i in range(side):
            for j in range(side):
                window = padded[:, 2 * i : 2 * i + 5, 2 * j : 2 * j + 5]
                out[:, i, j] = (weight * window).sum(axis=(1, 2, 3)) + shift
        return out

    (w1, s1), (w2, s2) = (folded(block) for block in D.layers)
    u1 = convolve(image.astype(float), w1, s1)
    hidden = np.where(u1 > 0, u1, D.layers[0].slope * u1)
    u2 = convolve(hidden, w2, s2)
    arriving = np.zeros((len(u1), u1.shape[1] + 4, u1.shape[2] + 4))
    if u2[0, row, column] > 0:
        arriving[:, 2 * row : 2 * row + 5, 2 * column : 2 * column + 5] = w2[0]
    passed = np.maximum(arriving[:, 2:-2, 2:-2], 0) * (u1 > 0)
    gradient = np.zeros((3, image.shape[1] + 4, image.shape[2] + 4))
    for i in range(u1.shape[1]):
        for j in range(u1.shape[2]):
            gradient[:, 2 * i : 2 * i + 5, 2 * j : 2 * j + 5] += np.tensordot(
                passed[:, i, j], w1, axes=1
            )
    return gradient[:, 2:-2, 2:-2]


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_agrees_with_an_independent_backward_pass(slope: float) -> None:
    D = network(seed=3, slope=slope)
    x = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(5)) * 2 - 1
    chosen = units(D, x)
    ours = guided_gradient(D, x, **chosen)
    for n in range(3):
        row, column = int(chosen["rows"][n]), int(chosen["columns"][n])
        expected = numpy_guided(D, x[n].numpy(), row=row, column=column)
        np.testing.assert_allclose(ours[n].numpy(), expected, atol=1e-5)
        assert np.abs(expected).max() > 0


def as_modules(D: Discriminator) -> torch.nn.Sequential:
    """The same layers, each ReLU a module of its own, which is what captum replaces."""
    made: list[torch.nn.Module] = []
    for block in D.layers:
        made.append(block.conv)
        if block.norm is not None:
            made.append(block.norm)
        made.append(torch.nn.ReLU() if block.slope == 0 else torch.nn.LeakyReLU(block.slope))
    return torch.nn.Sequential(*made).eval()


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_equals_captum_on_a_relu_network() -> None:
    attr = pytest.importorskip("captum.attr")
    D = network(seed=3, slope=0.0)
    x = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(5)) * 2 - 1
    chosen = units(D, x)
    theirs = attr.GuidedBackprop(as_modules(D))
    ours = guided_gradient(D, x, **chosen)
    for n in range(3):
        target = (0, int(chosen["rows"][n]), int(chosen["columns"][n]))
        expected = theirs.attribute(x[n : n + 1].clone().requires_grad_(), target=target)
        torch.testing.assert_close(ours[n : n + 1], expected.detach())
        assert ours[n].any()


def test_differs_from_the_plain_gradient_on_leaky_relu() -> None:
    D = network(seed=3)
    x = (
        torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(5)) * 2 - 1
    ).requires_grad_()
    chosen = units(D, x.detach())
    maps = D.features(x)[-1]
    out = maps[torch.arange(2), chosen["channels"], chosen["rows"], chosen["columns"]].sum()
    (plain,) = torch.autograd.grad(out, x)
    guided = guided_gradient(D, x, **chosen)
    assert (guided - plain).abs().max() > 0.1 * plain.abs().max()


def test_an_inactive_unit_gives_nothing_and_the_network_is_left_as_it_was() -> None:
    D = network()
    x = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1
    before = D(x)
    weakest = units(D, x, positive=False)
    assert last_layer(D, x)[0, 0, weakest["rows"][0], weakest["columns"][0]] < 0
    assert not guided_gradient(D, x, **weakest)[0].any()
    assert torch.equal(D(x), before)
    assert all(p.grad is None for p in D.parameters())


def test_training_mode_is_refused() -> None:
    D = network().train()
    zero = torch.zeros(1, dtype=torch.long)
    with pytest.raises(ValueError, match="training mode"):
        guided_gradient(D, torch.zeros(1, 3, 16, 16), channels=zero, rows=zero, columns=zero)


def test_peaks_are_the_largest_responses_whatever_the_batch() -> None:
    D = network()
    images = np.random.default_rng(0).integers(0, 256, (7, 16, 16, 3), dtype=np.uint8)
    found = peaks(D, images, batch=3)
    maps = last_layer(D, to_tensor(images)).numpy()
    np.testing.assert_allclose(found.value, maps.max(axis=(2, 3)), atol=1e-5)
    np.testing.assert_allclose(
        found.concentration, concentration(torch.from_numpy(maps)).numpy(), atol=1e-5
    )
    n, c = np.indices(found.value.shape)
    np.testing.assert_allclose(maps[n, c, found.row, found.column], found.value, atol=1e-5)
    # leaky ReLU keeps the order, so D's own features name the same images
    own = D.features(to_tensor(images))[-1].amax(dim=(2, 3)).numpy()
    assert np.array_equal(top_images(found.value, 3), top_images(own, 3))


@pytest.mark.parametrize(("place", "extent"), [(0, 31), (1, 47), (2, 61), (3, 46)])
def test_crops_have_the_extents_of_the_authors_tiles(place: int, extent: int) -> None:
    """Measured on the authors' picture: 31, 46-47 and 61 pixels, centred on grey."""
    field = receptive_field([5] * 4, [2] * 4, [2] * 4)
    tile = crop_field(np.ones((64, 64, 1), np.uint8), field, row=place, column=2, fill=128)
    assert tile.shape == (61, 61, 1)
    rows = np.flatnonzero(tile[:, 30, 0] == 1)
    assert len(rows) == extent
    assert abs((rows[0] + rows[-1]) / 2 - 30) <= 0.5  # centred


def test_crop_holds_the_right_pixels() -> None:
    image = np.arange(64 * 64).reshape(64, 64, 1)
    tile = crop_field(image, ReceptiveField(13, 4, -6), row=5, column=6, fill=0)
    assert np.array_equal(tile, image[14:27, 18:31])


def test_uncentred_crop_keeps_the_place_in_the_field() -> None:
    image = np.ones((64, 64, 1), np.uint8)
    field = receptive_field([5] * 4, [2] * 4, [2] * 4)
    tile = crop_field(image, field, row=0, column=3, fill=0, centred=False)
    assert np.flatnonzero(tile[:, 0, 0]).tolist() == list(range(30, 61))  # 30 above the image
    assert np.flatnonzero(tile[40, :, 0]).tolist() == list(range(46))  # 15 right of it
