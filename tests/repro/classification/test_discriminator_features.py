"""Discriminator features against loops in NumPy, the paper's count, and their independence."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.classification import discriminator_features as features_module
from repro.classification.discriminator_features import (
    discriminator_features,
    feature_count,
    feature_scale,
    frozen_features,
    pixel_features,
    standardise,
)
from repro.networks.build import build_discriminator
from repro.networks.dcgan import Discriminator
from repro.networks.discriminator_inputs import freeze_on
from repro.specs.network import NetworkSpec


def pictures(n: int, size: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


@pytest.fixture(scope="module", name="D")
def small_discriminator() -> Discriminator:
    spec = NetworkSpec(image_size=16, layers="paired", kernel=3, ndf=3)
    made = build_discriminator(spec, seed=5).requires_grad_(False)
    freeze_on(made, pictures(40), batch=16)
    return made


def convolved(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Correlation of maps (C, H, W) with (K, C, 3, 3), zero padding 1, by its definition."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    side = x.shape[1] // stride
    result = np.zeros((len(kernel), side, side))
    for row in range(side):
        for column in range(side):
            top, left = row * stride, column * stride
            window = padded[:, top : top + 3, left : left + 3]
            result[:, row, column] = (kernel * window).sum((1, 2, 3))
    return result


def pooled_by_hand(x: np.ndarray) -> np.ndarray:
    """Largest value of each of the 4x4 windows of every map (C, S, S)."""
    width = x.shape[1] // 4
    result = np.empty((len(x), 4, 4))
    for channel in range(len(x)):
        for row in range(4):
            for column in range(4):
                rows = slice(row * width, (row + 1) * width)
                columns = slice(column * width, (column + 1) * width)
                result[channel, row, column] = x[channel, rows, columns].max()
    return result.ravel()


def test_equals_loops_in_numpy(D):
    image = pictures(1, seed=1)
    x = image[0].transpose(2, 0, 1) / 127.5 - 1
    expected = []
    for layer in D.layers:
        x = convolved(x, layer.conv.weight.numpy().astype(np.float64), layer.conv.stride[0])
        if layer.norm is not None:
            mean, variance, gain, bias = (
                t.numpy().astype(np.float64)[:, None, None]
                for t in (
                    layer.norm.running_mean,
                    layer.norm.running_var,
                    layer.norm.weight,
                    layer.norm.bias,
                )
            )
            x = (x - mean) / np.sqrt(variance + layer.norm.eps) * gain + bias
        x = np.where(x > 0, x, 0.2 * x)
        expected.append(pooled_by_hand(x))
    np.testing.assert_allclose(
        discriminator_features(D, image)[0], np.concatenate(expected), rtol=1e-4, atol=1e-5
    )


def test_the_papers_count_and_windows():
    """28,672 units from windows 8, 4, 4, 2, 2, 1 (paper §5.1)."""
    D = build_discriminator(NetworkSpec(image_size=32, layers="paired", kernel=3), seed=0)
    x = pictures(2, size=32)
    freeze_on(D, x)
    assert discriminator_features(D, x).shape == (2, 28_672)
    with torch.no_grad():
        sides = [maps.shape[-1] for maps in D.features(torch.zeros(1, 3, 32, 32))]
    assert [side // 4 for side in sides] == [8, 4, 4, 2, 2, 1]


def test_the_first_layers_give_the_first_columns():
    """12,288 of the 28,672: the four layers of which the authors' weights are there."""
    D = build_discriminator(NetworkSpec(image_size=32, layers="paired", kernel=3), seed=0)
    x = pictures(2, size=32)
    freeze_on(D, x)
    before = discriminator_features(D, x)
    with torch.no_grad():
        D.layers[4].conv.weight.zero_()
    after = discriminator_features(D, x)
    assert (before[:, 12_288:] != after[:, 12_288:]).any(axis=0).all()
    np.testing.assert_array_equal(before[:, :12_288], after[:, :12_288])
    assert (feature_count(D, 4), feature_count(D)) == (12_288, 28_672)


def test_statistics_are_frozen_when_features_are_first_needed_and_only_then(tmp_path):
    """On the images given, or not at all; later extractions leave them as they are."""
    spec = NetworkSpec(image_size=16, layers="paired", kernel=3, ndf=3)
    D, by_hand = (build_discriminator(spec, seed=5) for _ in range(2))
    extract = frozen_features(D, pictures(40), torch.device("cpu"))
    assert D.training
    freeze_on(by_hand, pictures(40))
    for number in (1, 2):
        images = pictures(9, seed=number)
        found = extract(images, tmp_path / f"{number}.npy")
        np.testing.assert_array_equal(found, discriminator_features(by_hand, images))
    kept = frozen_features(by_hand, None, torch.device("cpu"))(images, tmp_path / "kept.npy")
    np.testing.assert_array_equal(kept, found)


@given(batch=st.integers(1, 12), seed=st.integers(0, 5))
@settings(max_examples=12, deadline=None)
def test_a_row_depends_on_its_own_image_only(D, batch, seed):
    images = pictures(11, seed=seed)
    order = np.random.default_rng(seed).permutation(11)
    alone = np.concatenate([discriminator_features(D, images[i : i + 1]) for i in order])
    together = discriminator_features(D, images[order], batch=batch)
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)


def test_statistics_are_the_mean_over_batches():
    """Of the first normalised layer, from its input maps; batches are spread over the images."""
    D = build_discriminator(NetworkSpec(image_size=16, layers="paired", kernel=3, ndf=3), seed=5)
    images = pictures(10)
    freeze_on(D, images, batch=4)
    x = torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
    with torch.no_grad():
        maps = D.layers[1].conv(D.layers[0](x))
    parts = [maps[[0, 3, 6, 9]], maps[[1, 4, 7]], maps[[2, 5, 8]]]
    mean = torch.stack([part.mean((0, 2, 3)) for part in parts]).mean(0)
    variance = torch.stack([part.var((0, 2, 3)) for part in parts]).mean(0)
    torch.testing.assert_close(D.layers[1].norm.running_mean, mean, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(D.layers[1].norm.running_var, variance, rtol=1e-4, atol=1e-6)


def test_memory_map_holds_the_same(D, tmp_path):
    images = pictures(9)
    mapped = discriminator_features(D, images, batch=4, out=tmp_path / "features.npy")
    assert isinstance(mapped, np.memmap)
    mapped.flush()
    np.testing.assert_array_equal(
        np.load(tmp_path / "features.npy"), discriminator_features(D, images, batch=4)
    )


def test_a_file_that_was_broken_off_is_not_there(D, tmp_path, monkeypatch):
    pooled, calls = features_module._pooled, []

    def breaks(maps):
        calls.append(1)
        if len(calls) > 8:
            raise KeyboardInterrupt
        return pooled(maps)

    monkeypatch.setattr(features_module, "_pooled", breaks)
    with pytest.raises(KeyboardInterrupt):
        discriminator_features(D, pictures(9), batch=2, out=tmp_path / "features.npy")
    assert not (tmp_path / "features.npy").exists()


def test_pixel_features_are_scaled_to_plus_minus_one():
    images = np.array([0, 255, 51], np.uint8).reshape(1, 1, 1, 3)
    np.testing.assert_allclose(pixel_features(images), [[-1, 1, -0.6]], atol=1e-6)


def test_standardise_equals_numpy_and_keeps_constants():
    values = np.random.default_rng(0).normal(5, 3, (3000, 4)).astype(np.float32)
    values[:, 2] = 7
    mean, deviation = values.mean(0, dtype=np.float64), values.std(0, dtype=np.float64)
    deviation[2] = 1
    scaled = values.copy()
    standardise(scaled, feature_scale(values))
    np.testing.assert_allclose(scaled, (values - mean) / deviation, atol=1e-5)


def test_refusals_say_what_to_do(D):
    with pytest.raises(ValueError, match=r"\(8, 8, 3\).*\(16, 16, 3\).*prepare the dataset"):
        discriminator_features(D, pictures(2, size=8))
    with pytest.raises(ValueError, match="found no images"):
        discriminator_features(D, pictures(0))
    fresh = build_discriminator(NetworkSpec(image_size=16, layers="paired", kernel=3), seed=0)
    with pytest.raises(ValueError, match="freeze_on"):
        discriminator_features(fresh.train(), pictures(2))
    odd = Discriminator(image_size=12, widths=(2,), strides=(2,), base_size=6).eval()
    with pytest.raises(ValueError, match="multiple of 4"):
        discriminator_features(odd, pictures(2, size=12))
