"""The autoencoder: its size, inputs and learning, and that equal pictures get equal codes."""

import hashlib
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sklearn.decomposition import PCA

from repro.data.shards import Shard
from repro.dedup.autoencoder import Autoencoder, HashInputs, encode
from repro.dedup.binary_codes import first_with_same_code
from repro.dedup.options import Options
from repro.dedup.training import minibatches, train_autoencoder


def scenes(n: int, *, side: int = 32, seed: int = 0) -> np.ndarray:
    """Smooth random pictures (n, side, side, 3) uint8: coarse colours, enlarged."""
    coarse = np.random.default_rng(seed).integers(0, 256, (n, 4, 4, 3), np.uint8)
    x = torch.from_numpy(coarse).permute(0, 3, 1, 2).float()
    fine = torch.nn.functional.interpolate(x, (side, side), mode="bilinear")
    return fine.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


@pytest.fixture(scope="module")
def trained() -> Autoencoder:
    return train_autoencoder(HashInputs(scenes(600)), seed=3, steps=80)[0]


def test_789632_parameters() -> None:
    assert sum(p.numel() for p in Autoencoder().parameters()) == 789_632


def test_inputs_are_repeated_means() -> None:
    large = scenes(3, side=128)
    expected = large.reshape(3, 32, 4, 32, 4, 3).mean(axis=(2, 4))
    made = HashInputs(large).rows(0, 3)
    assert made.shape == (3, 32, 32, 3)
    assert np.abs(made - expected).max() <= 1  # two roundings to halves upwards
    assert np.array_equal(HashInputs(made).rows(1, 9), made[1:])


def test_grey_becomes_three_equal_channels() -> None:
    grey = scenes(2)[..., :1]
    assert np.array_equal(HashInputs(grey).rows(0, 2), np.repeat(grey, 3, axis=3))


@pytest.mark.parametrize("shape", [(2, 28, 28, 1), (2, 32, 64, 3), (2, 32, 32, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="32, 64, 128 or 256"):
        HashInputs(np.zeros(shape, np.uint8))


def test_streaming_gives_the_same_as_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    images = scenes(700, side=64)
    cached = HashInputs(images)
    monkeypatch.setattr("repro.dedup.autoencoder.CACHED_ROWS", 0)
    streamed = HashInputs(images)
    assert np.array_equal(cached.rows(250, 300), streamed.rows(250, 300))
    pairs = zip(
        minibatches(cached, batch=64, seed=1), minibatches(streamed, batch=64, seed=1), strict=False
    )
    assert all(np.array_equal(a, b) for a, b in islice(pairs, 15))


def test_every_pass_shows_every_image_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repro.dedup.training.POOL_BLOCKS", 2)  # several pools a pass
    n = 1536  # 6 blocks of 256 rows
    images = np.zeros((n, 32, 32, 3), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.divmod(np.arange(n), 256)
    drawn = list(islice(minibatches(HashInputs(images), batch=96, seed=5), 2 * n // 96))
    rows = np.concatenate(drawn)[:, 0, 0, :2].astype(int) @ [256, 1]
    first, second = rows[:n], rows[n:]
    assert sorted(first) == sorted(second) == list(range(n))
    assert not np.array_equal(first, second)
    assert np.mean(np.diff(first) == 1) < 0.02  # neighbours in the source do not stay so


def test_a_batch_may_be_larger_than_the_dataset() -> None:
    batch = next(minibatches(HashInputs(scenes(10)), batch=25, seed=0))
    assert len(batch) == 25


def test_scaling_by_image_ignores_brightness_and_contrast() -> None:
    picture = scenes(1) // 2
    brighter = picture + 40
    network = Autoencoder(scaling="image")
    torch.testing.assert_close(network.inputs(picture), network.inputs(brighter), rtol=0, atol=1e-4)
    torch.testing.assert_close(
        network.inputs(picture), network.inputs(picture * 2), rtol=0, atol=1e-4
    )
    x = network.inputs(picture)
    assert float(x.mean()) == pytest.approx(0, abs=1e-5)
    assert float(x.std(correction=0)) == pytest.approx(1, abs=1e-4)


def test_scaling_by_dataset_subtracts_the_mean_picture() -> None:
    pictures = scenes(50)
    network = Autoencoder(scaling="dataset")
    network.fit_scaling(pictures)
    x = network.inputs(pictures)
    assert x.mean(dim=0).abs().max() < 1e-5
    assert float(x.square().mean()) == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_without_noise_it_reconstructs_as_principal_components_do() -> None:
    pictures = scenes(500)  # 48 dimensions before the scaling: well within 128 units
    network, error = train_autoencoder(
        HashInputs(pictures), seed=0, steps=150, noise=0.0, code_dropout=0.0
    )
    x = network.inputs(pictures[:200]).numpy()
    mean_only = float(np.square(x - x.mean(axis=0)).mean())
    assert error < 0.2 * mean_only
    rank_10 = PCA(10).fit(x)
    by_ten = float(np.square(x - rank_10.inverse_transform(rank_10.transform(x))).mean())
    assert error < by_ten


@pytest.mark.slow
def test_same_seed_same_weights_other_seed_others() -> None:
    inputs = HashInputs(scenes(200))
    weights = [
        train_autoencoder(inputs, seed=seed, steps=10)[0].encoder.weight for seed in (1, 1, 2)
    ]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.slow
@pytest.mark.parametrize("corruption", ["masking", "gaussian"])
def test_noise_makes_the_task_harder(corruption) -> None:
    inputs = HashInputs(scenes(300))
    clean, noisy = (
        train_autoencoder(inputs, seed=0, steps=40, corruption=corruption, noise=n)[1]
        for n in (0.0, 0.99)
    )
    assert noisy > clean


@pytest.mark.slow
def test_equal_pictures_get_equal_codes_wherever_they_stand(trained: Autoencoder) -> None:
    originals = scenes(300, seed=8)
    order = np.random.default_rng(0).integers(0, 300, 1500)  # over two batches, the last partial
    codes, _ = encode(trained, HashInputs(originals[order]))
    alone, _ = encode(trained, HashInputs(originals))
    assert np.array_equal(codes, alone[order])
    assert len(np.unique(first_with_same_code(alone))) > 250


def test_codes_are_the_signs_of_the_code_layer(trained: Autoencoder) -> None:
    pictures = scenes(20, seed=9)
    x = pictures.reshape(20, -1) / 255
    x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    weight, bias = (p.detach().double().numpy() for p in trained.encoder.parameters())
    before = x @ weight.T + bias
    bits = np.unpackbits(encode(trained, HashInputs(pictures))[0], axis=1)
    clear = np.abs(before) > 1e-4
    assert clear.mean() > 0.99
    assert np.array_equal(bits[clear], (before > 0)[clear])


def test_contrast_is_the_standard_deviation_in_grey_levels(trained: Autoencoder) -> None:
    pictures = np.zeros((2, 32, 32, 3), np.uint8)
    pictures[1, :16] = 100
    assert encode(trained, HashInputs(pictures))[1].tolist() == [0.0, 50.0]


def test_a_picture_of_one_colour_is_flat(trained: Autoencoder) -> None:
    pictures = np.zeros((2, 32, 32, 3), np.uint8)
    pictures[:, ..., 2] = 200  # blue
    pictures[1, :16, :, 0] = 100  # half of it also red: one channel of three varies by 50
    contrast = encode(trained, HashInputs(pictures))[1]
    assert contrast.tolist() == pytest.approx([0.0, (50**2 / 3) ** 0.5])


def test_saved_weights_are_the_same_bytes_and_values(trained: Autoencoder, tmp_path: Path) -> None:
    for name in ("a", "b"):
        trained.save(tmp_path / name)
    digests = [hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("a", "b")]
    assert digests[0] == digests[1]
    again = Autoencoder.load(tmp_path / "a")
    assert again.scaling == trained.scaling
    assert np.array_equal(again.bits(scenes(5)), trained.bits(scenes(5)))


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"no weights at all")
    save_file({"encoder.weight": torch.zeros(2, 3)}, tmp_path / "other")
    save_file(Autoencoder().state_dict(), tmp_path / "no scaling")
    save_file(Autoencoder().state_dict(), tmp_path / "another", metadata={"scaling": "pixels"})
    for name in ("text", "other", "no scaling", "another"):
        with pytest.raises(ValueError, match=f"{name}: not an autoencoder of this kind"):
            Autoencoder.load(tmp_path / name)


def test_a_mapped_file_is_read_like_an_array(trained: Autoencoder, tmp_path: Path) -> None:
    pictures = scenes(700, side=64, seed=4)
    np.save(tmp_path / "images.npy", pictures)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    expected = HashInputs(pictures).rows(0, 700)
    assert np.array_equal(HashInputs(mapped).rows(0, 700), expected)
    assert np.array_equal(HashInputs(mapped[300:]).rows(0, 400), expected[300:])


def test_codes_do_not_depend_on_the_number_of_shards(trained: Autoencoder) -> None:
    inputs = HashInputs(scenes(2500, seed=5))  # three batches
    whole = encode(trained, inputs)
    for shards in (3, 7):
        parts = [encode(trained, inputs, shard=Shard(k, shards)) for k in range(1, shards + 1)]
        for number in (0, 1):
            assert np.array_equal(np.concatenate([part[number] for part in parts]), whole[number])


def test_nothing_to_train_on_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 steps"):
        train_autoencoder(HashInputs(scenes(2)), seed=0, steps=0)


@pytest.mark.slow
def test_the_penalty_makes_units_agree_on_a_grey_picture() -> None:
    """Fewer bits of unseen pictures change when their colour goes."""
    inputs, unseen = HashInputs(scenes(400)), scenes(300, seed=5)
    luma = unseen @ np.array([0.299, 0.587, 0.114])
    grey = np.repeat(luma.round().astype(np.uint8)[..., None], 3, axis=3)
    shares = []
    for agreement in (0.0, 3.0):
        network, _ = train_autoencoder(
            inputs,
            seed=0,
            steps=40,
            corruption="views",
            agreement=agreement,
            view_kinds=("grey",),
        )
        shares.append(float((network.bits(unseen) != network.bits(grey)).mean()))
    assert shares[1] < 0.7 * shares[0]


def test_views_are_a_function_of_the_seed_and_their_kinds() -> None:
    inputs = HashInputs(scenes(200))
    weights = [
        train_autoencoder(inputs, seed=1, steps=4, corruption="views", view_kinds=kinds)[0]
        for kinds in (("grey",), ("grey",), ("crop",))
    ]
    first, again, other = (network.encoder.weight for network in weights)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_options_that_a_corruption_ignores_are_refused() -> None:
    assert "agreement" not in Options().training(1000)
    views = Options(corruption="views", agreement=2.0).training(1000)
    assert (views["corruption"], views["agreement"], "noise" in views) == ("views", 2.0, False)
    with pytest.raises(ValueError, match="corruption: views does not use noise"):
        Options(corruption="views", noise=0.5)
    with pytest.raises(ValueError, match="corruption: masking does not use agreement"):
        Options(agreement=0.5)
    for options in (Options(), Options(corruption="views", agreement=2.0)):
        assert Options(**options.model_dump()) == options  # as the record of a step has them
