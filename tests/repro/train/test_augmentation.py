"""Augmentation: each change against torchvision's, what is drawn, ranges, shares of a minibatch."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torchvision.transforms.v2 import functional as reference

from repro.specs.training import AugmentationSpec
from repro.train.augmentation import augmented, drawn, gaussian_kernels
from repro.train.processes import Processes

ALL = AugmentationSpec(
    flip=0.5, brightness=0.3, contrast=0.3, saturation=0.4, hue=0.2, blur=0.5, blur_sigma=1.5
)


def pictures(n: int = 12, *, side: int = 16, channels: int = 3, low: int = -1) -> Tensor:
    """Random pixels in [low, 1], among them black, white, grey and pure colours."""
    source = np.random.default_rng(5)
    made = source.random((n, channels, side, side), dtype=np.float32)
    made[0, :, 0, :4] = [0, 1, 0.5, 0.25]
    if channels == 3:
        made[0, :, 1, :6] = np.array([*np.eye(3), *(1 - np.eye(3))]).T
    pixels = torch.from_numpy(made) * (1 - low) + low
    return pixels.contiguous(memory_format=torch.channels_last)


def change(images: Tensor, spec: AugmentationSpec, *, minibatch: int = 3, low: int = -1) -> Tensor:
    return augmented(
        images, spec, low=low, seed=7, minibatch=minibatch, places=np.arange(len(images))
    )


def by_torchvision(images: Tensor, spec: AugmentationSpec, *, minibatch: int = 3) -> Tensor:
    """The same changes, image by image, by torchvision's functions."""
    changes = drawn(spec, seed=7, minibatch=minibatch, places=np.arange(len(images)))
    radius = int(np.ceil(3 * spec.blur_sigma))
    made = []
    for i, image in enumerate((images + 1) / 2):
        if changes.mirrored[i]:
            image = reference.horizontal_flip(image)
        image = reference.adjust_brightness(image, float(changes.brightness[i]))
        image = reference.adjust_contrast(image, float(changes.contrast[i]))
        image = reference.adjust_saturation(image, float(changes.saturation[i]))
        image = reference.adjust_hue(image, float(changes.hue[i]))
        if changes.blurred[i]:
            size, sigma = [2 * radius + 1] * 2, [float(changes.sigma[i])] * 2
            image = reference.gaussian_blur(image, size, sigma)
        made.append(image)
    return torch.stack(made) * 2 - 1


@pytest.mark.parametrize(
    "spec",
    [
        AugmentationSpec(flip=0.5),
        AugmentationSpec(brightness=0.9),
        AugmentationSpec(contrast=0.9),
        AugmentationSpec(saturation=0.9),
        AugmentationSpec(hue=0.5),
        AugmentationSpec(blur=0.6, blur_sigma=2),
        ALL,
    ],
    ids=["flip", "brightness", "contrast", "saturation", "hue", "blur", "all"],
)
def test_pixels_are_those_of_torchvision(spec: AugmentationSpec) -> None:
    images = pictures()
    made = change(images, spec)
    torch.testing.assert_close(made, by_torchvision(images, spec), rtol=0, atol=3e-5)
    assert (made - images).abs().mean() > 0.02


def test_nothing_asked_nothing_changed() -> None:
    images = pictures()
    assert torch.equal(change(images, AugmentationSpec()), images)


def test_the_images_given_stay_as_they_are() -> None:
    images = pictures()
    before = images.clone()
    change(images, ALL)
    change(images, AugmentationSpec()).zero_()
    assert torch.equal(images, before)


@given(st.integers(0, 2**32), st.sampled_from([-1, 0]), st.sampled_from([1, 3]))
def test_range_and_layout_are_kept(minibatch: int, low: int, channels: int) -> None:
    images = pictures(4, channels=channels, low=low)
    made = change(images, ALL, minibatch=minibatch, low=low)
    assert made.shape == images.shape
    assert made.dtype == torch.float32
    assert made.is_contiguous(memory_format=torch.channels_last)
    assert made.min() >= low
    assert made.max() <= 1
    assert not torch.equal(made, images)


def test_the_range_says_nothing_of_the_change() -> None:
    images = pictures()
    made = change((images + 1) / 2, ALL, low=0)
    torch.testing.assert_close(made * 2 - 1, change(images, ALL), rtol=0, atol=1e-5)


def test_grey_images_know_no_colour() -> None:
    images = pictures(channels=1)
    assert torch.allclose(
        change(images, AugmentationSpec(saturation=0.5, hue=0.3)), images, atol=1e-6
    )
    spec = AugmentationSpec(brightness=0.4, contrast=0.4, blur=1)
    grey_in_colour = change(images.expand(-1, 3, -1, -1), spec)
    made = change(images, spec).expand(-1, 3, -1, -1)  # torchvision's luma of white is 0.9999
    torch.testing.assert_close(made, grey_in_colour, rtol=0, atol=1e-4)


def test_a_grey_picture_in_colour_stays_grey() -> None:
    images = pictures(channels=1).expand(-1, 3, -1, -1)
    made = change(images, ALL)
    assert (made.amax(1) - made.amin(1)).max() < 1e-6


@pytest.mark.parametrize("size", [2, 3])
def test_a_share_of_a_minibatch_gives_its_part_of_the_whole(size: int) -> None:
    images, places = pictures(32), np.arange(32)
    whole = change(images, ALL)
    for rank in range(size):
        own = Processes(rank=rank, size=size)
        part = augmented(
            own.share(images), ALL, low=-1, seed=7, minibatch=3, places=own.share(places)
        )
        assert torch.equal(part, own.share(whole))


def test_same_arguments_same_bytes_other_minibatch_or_seed_others() -> None:
    images, places = pictures(), np.arange(12)
    made = change(images, ALL)
    assert torch.equal(made, change(images, ALL))
    others = [
        change(images, ALL, minibatch=4),
        augmented(images, ALL, low=-1, seed=8, minibatch=3, places=places),
        augmented(images, ALL, low=-1, seed=7, minibatch=3, places=places + 1),
    ]
    for other in others:
        assert all(not torch.equal(a, b) for a, b in zip(made, other, strict=True))


def all_drawn(spec: AugmentationSpec, name: str) -> np.ndarray:
    places = np.arange(128)
    parts = [getattr(drawn(spec, seed=1, minibatch=t, places=places), name) for t in range(50)]
    return np.concatenate(parts)  # (6400,)


@pytest.mark.parametrize(("name", "share"), [("mirrored", 0.5), ("blurred", 0.2)])
def test_the_share_is_met(name: str, share: float) -> None:
    spec = AugmentationSpec(flip=0.5, blur=0.2)
    assert abs(all_drawn(spec, name).mean() - share) < 4 * np.sqrt(share * (1 - share) / 6400)
    assert all_drawn(AugmentationSpec(flip=1, blur=1), name).all()
    assert not all_drawn(AugmentationSpec(), name).any()


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("brightness", (0.7, 1.3)),
        ("contrast", (0.7, 1.3)),
        ("saturation", (0.6, 1.4)),
        ("hue", (-0.2, 0.2)),
        ("sigma", (0.0, 1.5)),
    ],
)
def test_factors_are_uniform_between_their_ends(name: str, ends: tuple[float, float]) -> None:
    values, (low, high) = all_drawn(ALL, name), ends
    assert values.min() >= low
    assert values.max() <= high + 1e-6
    quartiles = (np.quantile(values, [0.25, 0.5, 0.75]) - low) / (high - low)
    assert np.abs(quartiles - [0.25, 0.5, 0.75]).max() < 0.025
    assert name != "sigma" or values.min() > 0


def test_changes_are_drawn_apart() -> None:
    names = ("mirrored", "brightness", "contrast", "saturation", "hue", "blurred", "sigma")
    correlation = np.corrcoef([all_drawn(ALL, name) for name in names])
    assert np.abs(correlation - np.eye(7)).max() < 0.06
    alone = AugmentationSpec(hue=0.2)  # requesting another change alters no draw
    assert np.array_equal(all_drawn(alone, "hue"), all_drawn(ALL, "hue"))


def test_blur_spreads_by_its_sigma() -> None:
    for sigma in (0.4, 1.0, 2.0):
        (kernel,) = gaussian_kernels(np.array([sigma]), 12)
        image = np.zeros((25, 25))
        image[12, 12] = 1
        expected = gaussian_filter(image, sigma, radius=12)
        assert np.abs(np.outer(kernel, kernel) - expected).max() < 1e-7
    (still,) = gaussian_kernels(np.array([1e-300]), 2)
    assert still.tolist() == [0, 0, 1, 0, 0]


def test_a_blur_wider_than_the_picture() -> None:
    images = pictures(side=8)
    made = change(images, AugmentationSpec(blur=1, blur_sigma=50))
    assert made.std() < images.std() / 2
    assert torch.isfinite(made).all()


@pytest.mark.parametrize("places", [np.arange(3), np.arange(0)])
def test_places_must_be_those_of_the_images(places: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"places for 12 images"):
        augmented(pictures(), ALL, low=-1, seed=7, minibatch=3, places=places)


def test_no_image_none_changed() -> None:
    none = np.arange(0)
    assert len(augmented(pictures()[:0], ALL, low=-1, seed=7, minibatch=3, places=none)) == 0


def test_minibatches_hand_over_changed_images(make_dataset: Callable) -> None:
    from repro.data.store import ImageStore
    from repro.specs.training import TrainingSpec
    from repro.train.minibatches import Images, Minibatches, Schedule

    data = make_dataset(np.random.default_rng(1).integers(0, 256, (20, 16, 16, 3), np.uint8))
    store = ImageStore.open(data)
    images = Images(store, np.arange(20), torch.device("cpu"))
    training = TrainingSpec(
        batch=8, augmentation=ALL, schedule="one_of_each", epochs=2, early_epochs=1
    )
    schedule = Schedule(images=20, training=training, seed=7)
    at = [
        Minibatches(images=images, schedule=schedule, processes=Processes(rank, size)).at(1).images
        for rank, size in ((0, 1), (0, 2), (1, 2))
    ]
    plain = images.batch(schedule.rows(1))
    expected = augmented(plain, ALL, low=-1, seed=7, minibatch=1, places=np.arange(8))
    assert torch.equal(at[0], expected)
    assert torch.equal(at[1], expected[::2])
    assert torch.equal(at[2], expected[1::2])
