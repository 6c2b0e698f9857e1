"""Released weights: nothing unpickled is run, and the networks equal Theano's in NumPy.

Longer than 300 lines: Theano's operations in NumPy, by hand, serve all the tests here.
"""

import hashlib
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from released_folder import WRAPPER, discriminator_arrays, index_bytes, write_list, write_pair
from scipy.signal import convolve2d, correlate2d

from repro.classification.discriminator_features import discriminator_features
from repro.networks.dcgan import parameter_count
from repro.networks.discriminator_inputs import freeze_on
from repro.released.__main__ import main
from repro.released.arrays import ReleasedError, index_files
from repro.released.networks import description, released_networks

WIDTHS = {"svhn": (3, 4, 5), "imagenet": (3, 2, 4, 3, 4, 5)}
STRIDES = {"svhn": (2, 2, 2), "imagenet": (1, 2, 1, 2, 1, 2)}


def theano_convolution(x: np.ndarray, W: np.ndarray, stride: int) -> np.ndarray:
    """True convolution of (N, I, H, W) with kernels (O, I, k, k), border k // 2, subsampled."""
    border = W.shape[2] // 2
    padded = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
    whole = [
        [sum(convolve2d(m, k, "valid") for m, k in zip(one, of_map, strict=True)) for of_map in W]
        for one in padded
    ]
    return np.array(whole)[:, :, ::stride, ::stride]


def theano_deconvolution(x: np.ndarray, W: np.ndarray, stride: int) -> np.ndarray:
    """The gradient of that convolution: (N, I, h, w) with kernels (I, O, k, k) to size * stride."""
    border, side = W.shape[2] // 2, x.shape[2] * stride
    spread = np.zeros((*x.shape[:2], side, side))
    spread[:, :, ::stride, ::stride] = x
    whole = [
        [sum(correlate2d(m, W[i, o], "full") for i, m in enumerate(one)) for o in range(W.shape[1])]
        for one in spread
    ]
    return np.array(whole)[:, :, border : border + side, border : border + side]


def batch_normalised(x: np.ndarray, gain: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """By the batch in hand: a channel of (N, C, H, W), a unit of (N, U); biased variance, 1e-8."""
    axes = (0, 2, 3)[: x.ndim - 1]
    shape = (1, -1, 1, 1)[: x.ndim]
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-8) * gain.reshape(shape) + bias.reshape(shape)


def doubles(arrays: list[np.ndarray]) -> list[np.ndarray]:
    return [array.astype(np.float64) for array in arrays]


def maps_by_hand(arrays: list[np.ndarray], x: np.ndarray, strides: tuple[int, ...]):
    """Maps of all layers after the leaky ReLU, and the logits."""
    *rest, last = doubles(arrays)
    maps = []
    for layer, stride in enumerate(strides):
        x = theano_convolution(x, rest.pop(0), stride)
        if layer:
            x = batch_normalised(x, rest.pop(0), rest.pop(0))
        x = np.where(x > 0, x, 0.2 * x)
        maps.append(x)
    return maps, x.reshape(len(x), -1) @ last[:, 0]


def pictures_by_hand(arrays: list[np.ndarray], z: np.ndarray, strides: tuple[int, ...]):
    rest = doubles(arrays)
    x = batch_normalised(z @ rest.pop(0), rest.pop(0), rest.pop(0))
    x = np.maximum(x, 0).reshape(len(z), -1, 4, 4)
    for stride in strides[:-1]:
        x = theano_deconvolution(x, rest.pop(0), stride)
        x = np.maximum(batch_normalised(x, rest.pop(0), rest.pop(0)), 0)
    return np.tanh(theano_deconvolution(x, rest.pop(0), strides[-1]))


def test_by_hand_the_deconvolution_is_the_gradient_of_the_convolution():
    """<convolution(x), y> = <x, deconvolution(y)>."""
    source = np.random.default_rng(0)
    W = source.normal(size=(2, 3, 5, 5))
    x, y = source.normal(size=(1, 3, 8, 8)), source.normal(size=(1, 2, 4, 4))
    there = (theano_convolution(x, W, 2) * y).sum()
    assert there == pytest.approx((x * theano_deconvolution(y, W, 2)).sum())


@pytest.mark.parametrize("kind", WIDTHS)
def test_discriminator_equals_theanos_convolution_in_numpy(kind, tmp_path):
    arrays, _ = write_pair(tmp_path / kind, kind, widths=WIDTHS[kind])
    (released,) = released_networks(tmp_path)
    assert (released.kind, released.name, released.prefix) == (kind, kind, 7)
    x = np.random.default_rng(1).uniform(-1, 1, (3, 3, 32, 32))
    expected, logits = maps_by_hand(arrays, x, STRIDES[kind])
    D = released.discriminator().train()  # batch statistics
    batch = torch.from_numpy(x.astype(np.float32))
    for maps, by_hand in zip(D.features(batch), expected, strict=True):
        np.testing.assert_allclose(maps.numpy(), by_hand, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(D(batch).numpy(), logits, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", WIDTHS)
def test_generator_equals_theanos_deconvolution_in_numpy(kind, tmp_path):
    _, arrays = write_pair(tmp_path, kind, widths=WIDTHS[kind])
    (released,) = released_networks(tmp_path)
    z = released.latents(4, seed=1, purpose="test")
    G = released.generator(batches=1).train()  # batch statistics
    expected = pictures_by_hand(arrays, z.numpy().astype(np.float64), STRIDES[kind][::-1])
    assert expected.shape == (4, 3, 32, 32)
    np.testing.assert_allclose(G(z).numpy(), expected, rtol=1e-3, atol=1e-4)


def test_generators_come_frozen_and_draw_z_as_trained(tmp_path):
    for kind in WIDTHS:
        write_pair(tmp_path / kind, kind, widths=WIDTHS[kind])
    imagenet, svhn = released_networks(tmp_path)
    z = svhn.latents(400, seed=0, purpose="test")
    G = svhn.generator(batches=4)
    assert not G.training
    torch.testing.assert_close(G(z[:3]), G(z[:40])[:3], rtol=1e-4, atol=1e-5)
    assert float(z.abs().max()) > 2  # gaussian, by the folder's name
    assert float(imagenet.latents(400, seed=0, purpose="test").abs().max()) <= 1
    # statistics of N(0, 1): those of the projection are the sums of squared weights
    variance = G.project.weight.square().sum(1)
    torch.testing.assert_close(G.project_norm.running_var, variance, rtol=0.2, atol=0)


def test_of_missing_layers_only_the_leading_complete_ones_are_used(tmp_path):
    arrays, _ = write_pair(tmp_path / "whole", "imagenet", widths=WIDTHS["imagenet"])
    write_pair(
        tmp_path / "part",
        "imagenet",
        widths=WIDTHS["imagenet"],
        missing_d=(11, 14),
        missing_g=(1, 4),
    )
    part, whole = released_networks(tmp_path)
    assert (part.complete_layers, part.layers, whole.complete_layers) == (4, 6, 6)
    assert part.missing == {
        "7_discrim_params.jl_11.npy": "discriminator, layer 5, kernels",
        "7_discrim_params.jl_14.npy": "discriminator, layer 6, kernels",
        "7_gen_params.jl_01.npy": "generator, projection, weights",
        "7_gen_params.jl_04.npy": "generator, layer 1, kernels",
    }
    images = np.random.default_rng(2).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
    features = []
    for one in (part, whole):
        D = one.discriminator()
        freeze_on(D, images, batch=10)
        features.append(discriminator_features(D, images))
    assert features[0].shape == (20, 16 * (3 + 2 + 4 + 3))
    np.testing.assert_array_equal(features[0], features[1][:, : features[0].shape[1]])
    assert not part.discriminator().head.weight.any()  # the true one does not fit on 8x8 maps
    np.testing.assert_array_equal(whole.discriminator().head.weight[0], arrays[-1][:, 0])
    with pytest.raises(ReleasedError, match=r"7_gen_params\.jl_01\.npy, 7_gen_params\.jl_04\.npy"):
        part.generator()


@pytest.mark.parametrize("missing", [(2,), (3,), (4,)])
def test_a_layer_without_kernels_gain_or_bias_ends_the_usable_ones(missing, tmp_path):
    write_pair(tmp_path, "svhn", widths=(3, 4, 5), missing_d=missing)
    (released,) = released_networks(tmp_path)
    assert (released.complete_layers, released.widths) == (1, (3,))


def test_without_the_first_layer_or_the_last_unit(tmp_path):
    write_pair(tmp_path / "first", "svhn", widths=(3, 4, 5), missing_d=(1,))
    write_pair(tmp_path / "last", "svhn", widths=(3, 4, 5), missing_d=(8,))
    first, last = released_networks(tmp_path)
    with pytest.raises(ReleasedError, match=r"first layer is not complete.*7_discrim_params.jl_01"):
        first.discriminator()
    assert last.complete_layers == 3
    assert last.missing == {"7_discrim_params.jl_08.npy": "discriminator, last unit, weights"}
    assert not last.discriminator().head.weight.any()


def test_an_index_that_is_missing_beside_its_arrays_is_said(tmp_path):
    write_pair(tmp_path, "svhn", widths=(3, 4, 5))
    (tmp_path / "7_discrim_params.jl").unlink()
    (released,) = released_networks(tmp_path)
    assert (released.kind, released.complete_layers) == ("svhn", 0)
    assert "7_discrim_params.jl (index of the discriminator; 8 of its .npy files are there" in (
        description(released)
    )
    with pytest.raises(ReleasedError, match=r"missing: 7_discrim_params\.jl;"):
        released.discriminator()
    assert released.generator(batches=1).z_dim == 6


def test_random_weights_have_the_same_shape_and_are_a_function_of_the_seed(tmp_path):
    write_pair(tmp_path, "imagenet", widths=WIDTHS["imagenet"], missing_d=(8,))
    (released,) = released_networks(tmp_path)
    one, same, other = (released.random_discriminator(seed) for seed in (1, 1, 2))
    shapes = [p.shape for p in released.discriminator().parameters()]
    assert [p.shape for p in one.parameters()] == shapes
    first = one.layers[1].conv.weight
    assert torch.equal(first, same.layers[1].conv.weight)
    assert not torch.equal(first, other.layers[1].conv.weight)
    weights = torch.cat([p.flatten() for p in one.parameters() if p.ndim == 4])
    assert float(weights.std()) == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize(
    ("kind", "widths", "z_dim", "features", "of_d", "of_g"),
    [
        ("svhn", (64, 128, 256), 100, 7_168, 1_033_664, 1_446_976),
        ("imagenet", (128, 128, 256, 256, 512, 512), 256, 28_672, 4_586_112, None),
    ],
)
def test_the_authors_shapes(kind, widths, z_dim, features, of_d, of_g, tmp_path):
    """Features of Table 1 and of the authors' SVHN script; parameters of the released shapes."""
    write_pair(tmp_path, kind, widths=widths, z_dim=z_dim)
    (released,) = released_networks(tmp_path)
    assert (released.features, released.image_size) == (features, 32)
    assert parameter_count_of(released.discriminator()) == of_d
    if of_g:
        assert parameter_count_of(released.generator(batches=1)) == of_g


def parameter_count_of(network: torch.nn.Module) -> int:
    """Whether or not they have gradients; released ones have none."""
    return parameter_count(network.requires_grad_(True))


@pytest.mark.parametrize(
    ("name", "count", "sha256"),
    [
        ("200_discrim_params", 8, "0c0a0b1b95c2790ae83c72c443ea6ec7"),
        ("30_gen_params", 19, "f24276736159bcb4e9ccccd8fd7fe2c8"),
    ],
)  # fmt: skip
def test_the_index_is_byte_for_byte_the_authors(name, count, sha256, tmp_path):
    names = [f"{name}.jl_{number:02d}.npy" for number in range(1, count + 1)]
    data = index_bytes(names)
    assert hashlib.sha256(data).hexdigest().startswith(sha256)
    (tmp_path / "index.jl").write_bytes(data)
    assert index_files(tmp_path / "index.jl") == tuple(names)


class Touch:
    """Pickles as a call that would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def one_file(name: str) -> bytes:
    return index_bytes([name])


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"cos\nsystem\n(S'mkdir ran'\ntR.", r"os\.system"),
        (index_bytes(["a.npy"])[:-2] + b"cos\nsystem\nU\x05mkdir\x85Re.", r"os\.system"),
        (index_bytes(["a.npy"])[:-2] + b"h\x01)Re.", "an entry is not a reference"),
        (index_bytes(["a.npy"]).replace(b"numpy_pickle", b"numpy_pickel"), "numpy_pickel"),
        (pickle.dumps([1.0], protocol=4), "BINFLOAT"),
        (b"\x80\x02]q\x00r\xff\xff\xff\x7f.", "holds no list of arrays"),
        (one_file("../a.npy"), r"'\.\./a\.npy' is not a plain name"),
        (one_file("b\\a.npy"), "is not a plain name"),
        (one_file("/etc/a.npy"), "is not a plain name"),
        (one_file("passwd"), "is not a plain name"),
        (index_bytes(["a.npy", "a.npy"]), "names a file twice"),
        (index_bytes(["a.npy", "b.npy"])[:-9], "not a list of arrays"),
        (b"\x80\x02].", "holds no list of arrays"),
        (b"\x80\x02]U\x05a.npya.", "an entry is not a reference"),
        (b"\x80\x02" + WRAPPER + b")\x81.", "not a list of arrays"),
        (b"", "not a list of arrays"),
        (b"<html>not found</html>", "not a list of arrays"),
        (b"\x80\x02](" + b"\x88" * 70_000 + b"e.", "expected at most 65536"),
    ],
)
def test_an_index_of_anything_else_is_refused_by_name(data, complaint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "index.jl").write_bytes(data)
    with pytest.raises(ReleasedError, match=r"index\.jl") as raised:
        index_files(tmp_path / "index.jl")
    raised.match(complaint)
    assert [path.name for path in tmp_path.iterdir()] == ["index.jl"]


@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_an_index_asks_for_is_run(protocol, tmp_path):
    data = pickle.dumps([Touch(tmp_path / "ran")], protocol=protocol)
    (tmp_path / "index.jl").write_bytes(data)
    with pytest.raises(ReleasedError):
        index_files(tmp_path / "index.jl")
    assert not (tmp_path / "ran").exists()
    pickle.loads(data)
    assert (tmp_path / "ran").exists()


def damaged(path: Path, how: str) -> None:
    if how == "cut off":
        path.write_bytes(path.read_bytes()[:-10])
    elif how == "too long":
        path.write_bytes(path.read_bytes() + b"\0" * 4)
    elif how == "a pointer":
        path.write_text("version https://git-lfs.github.com/spec/v1\n")
    elif how == "a folder":
        path.unlink()
        path.mkdir()
    elif how == "pickled":
        np.save(path, np.array([Touch(path.with_name("ran"))], dtype=object), allow_pickle=True)
    elif how == "doubles":
        np.save(path, np.load(path).astype(np.float64))
    else:
        array = np.load(path)
        array.flat[-1] = np.nan
        np.save(path, array)


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ("cut off", "not a complete .npy file"),
        ("too long", "4 bytes more than its header says"),
        ("a pointer", "not a complete .npy file"),
        ("a folder", "not a complete .npy file"),
        ("pickled", "not a complete .npy file"),
        ("doubles", r"holds float64 \(4, 3, 5, 5\), expected float32"),
        ("not a number", "not finite"),
    ],
)
def test_a_damaged_array_is_named(how, complaint, tmp_path):
    write_pair(tmp_path, "svhn", widths=(3, 4, 5))
    damaged(tmp_path / "7_discrim_params.jl_02.npy", how)
    with pytest.raises(ReleasedError, match=r"7_discrim_params\.jl_02\.npy") as raised:
        released_networks(tmp_path)
    raised.match(complaint)
    raised.match("download it again")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("number", "shape", "wanted"),
    [
        (2, (4, 2, 5, 5), r"\(4, 3, 5, 5\)"),
        (2, (4, 3, 3, 3), r"\(4, 3, 5, 5\)"),
        (2, (4, 3, 5), r"\(\[width 2\], 3, 5, 5\)"),
        (4, (5,), r"\(4\)"),
        (8, (5 * 15, 1), r"\(80, 1\)"),
        (8, (5 * 16, 2), r"\(80, 1\)"),
    ],
)
def test_a_shape_that_does_not_fit_is_named(number, shape, wanted, tmp_path):
    write_pair(tmp_path, "svhn", widths=(3, 4, 5))
    file = tmp_path / f"7_discrim_params.jl_{number:02d}.npy"
    np.save(file, np.ones(shape, np.float32))
    with pytest.raises(ReleasedError, match=rf"{file.name}: shape .*expected {wanted}"):
        released_networks(tmp_path)


def test_networks_of_another_layout_are_refused(tmp_path):
    source = np.random.default_rng(0)
    arrays = discriminator_arrays("svhn", (3, 4, 5), source=source)
    write_list(tmp_path / "odd/7_discrim_params.jl", arrays[:-1])
    with pytest.raises(ReleasedError, match="names 7 arrays, expected 2, 5, 8 and so on"):
        released_networks(tmp_path / "odd")
    write_pair(tmp_path / "uneven", "imagenet", widths=(3, 4, 5))
    with pytest.raises(
        ReleasedError, match=r"not one of the released pairs.*of 3 layers, kernels 3"
    ):
        released_networks(tmp_path / "uneven")
    write_pair(tmp_path / "mixed", "svhn", widths=(3, 4))
    write_list(tmp_path / "mixed/7_discrim_params.jl", arrays)
    with pytest.raises(ReleasedError, match="of 3 layers, kernels 5, a generator of 2 layers"):
        released_networks(tmp_path / "mixed")


def test_folders_are_searched_two_deep_and_their_absence_is_said(tmp_path, monkeypatch, capsys):
    write_pair(tmp_path / "code/models/pair", "svhn", widths=(3, 4, 5), missing_g=(10,))
    monkeypatch.setattr("sys.argv", ["released", str(tmp_path / "code")])
    main()
    text = capsys.readouterr().out
    assert "pair: svhn, files 7_*, 32x32, kernels 5x5" in text
    assert "discriminator: 8 of 8 arrays; usable layers: the first 3 of 3 (3-4-5 maps)" in text
    assert "generator: 9 of 10 arrays; not usable" in text
    assert "missing: 7_gen_params.jl_10.npy (generator, layer 3, kernels)" in text
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReleasedError, match=r"empty: no released weights.*Newmu/dcgan_code"):
        released_networks(tmp_path / "empty")
    with pytest.raises(ReleasedError, match="no such folder"):
        released_networks(tmp_path / "nowhere")
