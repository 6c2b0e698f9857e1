"""The weights file of FID and KID: the right one fits and gives torch-fidelity's own numbers."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from repro.quality import inception_weights
from repro.quality.fid import scores
from repro.quality.inception import InceptionFeatures
from repro.quality.inception_weights import read_weights, require_weights
from repro.rng import stream_key
from repro.specs.validation import SpecError

torch_fidelity = pytest.importorskip("torch_fidelity", reason="torch-fidelity is optional")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from inception_file import write_inception

    return write_inception(tmp_path_factory.mktemp("weights") / "made-up.pth")


def pictures(count: int, *, seed: int, side: int = 16, light: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).integers(0, 200, (count, side, side, 3))
    return (drawn + light).astype(np.uint8)


class Pictures(torch.utils.data.Dataset):
    """As torch-fidelity takes them: uint8 (3, H, W)."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> torch.Tensor:
        return self.images[row]


@pytest.mark.slow
def test_the_numbers_are_those_of_torch_fidelity_itself(weights: Path) -> None:
    first, second = pictures(8, seed=1), pictures(10, seed=2, light=40)
    whole = torch_fidelity.calculate_metrics(
        input1=Pictures(first),
        input2=Pictures(second),
        cuda=False,
        fid=True,
        kid=True,
        feature_layer_fid="64",
        feature_layer_kid="64",
        feature_extractor_weights_path=str(weights),
        kid_subset_size=4,
        rng_seed=stream_key(3, "test, subsets") % 2**32,
        save_cpu_ram=True,
        cache=False,
        verbose=False,
    )
    network = InceptionFeatures(read_weights(weights), layer="64")
    features = [network.of(images) for images in (first, second)]
    found = scores(*features, seed=3, purpose="test", subset_size=50)
    assert found.subset_size == 4
    assert found.fid == pytest.approx(whole["frechet_inception_distance"], rel=1e-4)
    assert found.kid == pytest.approx(whole["kernel_inception_distance_mean"], rel=1e-3)
    assert found.kid_sd == pytest.approx(whole["kernel_inception_distance_std"], rel=1e-3)
    assert found.fid > 10 * scores(features[0], features[0], seed=3, purpose="test").fid
    assert "not the published ones" in network.words
    assert "layer of 64 features" in network.words
    assert np.array_equal(network.of_blocks([first[:3], first[3:]])[:3], network.of(first[:3]))


@pytest.mark.slow
def test_all_features_of_the_full_network(weights: Path) -> None:
    network = InceptionFeatures(read_weights(weights))
    features = network.of(pictures(2, seed=1))
    assert features.shape == (2, network.width) == (2, 2048)
    assert np.abs(features[0] - features[1]).max() > 0
    assert "layer" not in network.words
    with pytest.raises(SpecError, match=r"\(2, 16, 16, 1\), expected colour images"):
        network.of(np.zeros((2, 16, 16, 1), np.uint8))


class Doctored:
    """What a pickle may do: write a file when it is read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple:
        return Path.write_text, (self.file, "ran")


def written(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


def test_wrong_files_are_refused_by_name(tmp_path: Path) -> None:
    missing = tmp_path / "weights.pth"
    with pytest.raises(SpecError, match=r"weights\.pth: no such file.*6726825d\.pth.*v0\.2\.0"):
        read_weights(missing)
    with pytest.raises(SpecError, match="a folder; expected"):
        require_weights(tmp_path)
    missing.write_bytes(b"no weights at all")
    with pytest.raises(SpecError, match=r"weights\.pth: cannot be read as weights") as refused:
        read_weights(missing)
    assert "weights_only" not in str(refused.value)  # PyTorch's advice: to run the file's code
    own = {"conv.weight": torch.ones(3), "conv.bias": torch.ones(1)}
    whole = written(tmp_path / "own.pth", own)
    with pytest.raises(SpecError, match=r"own\.pth: its 2 tensors \(conv\.weight, conv\.bias"):
        InceptionFeatures(read_weights(whole))
    cut = tmp_path / "cut.pth"
    cut.write_bytes(whole.read_bytes()[:-200])
    with pytest.raises(SpecError, match=r"cut\.pth: cannot be read"):
        read_weights(cut)
    with pytest.raises(SpecError, match="holds a Tensor, expected tensors by name"):
        read_weights(written(tmp_path / "one.pth", torch.ones(3)))
    with pytest.raises(SpecError, match="holds a dict, expected tensors by name"):
        read_weights(written(tmp_path / "whole.pth", {"state_dict": own, "epoch": 3}))
    own["conv.bias"][0] = torch.nan
    with pytest.raises(SpecError, match=r"'conv\.bias' holds NaN"):
        read_weights(written(tmp_path / "nan.pth", own))


@pytest.mark.parametrize("protocol", ["zip", "pickle"])
def test_a_doctored_file_runs_nothing(tmp_path: Path, protocol: str) -> None:
    victim, file = tmp_path / "victim", tmp_path / "doctored.pth"
    content = {"conv.weight": Doctored(victim)}
    if protocol == "zip":
        torch.save(content, file)
    else:
        file.write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(SpecError, match="not opened for safety"):
        read_weights(file)
    assert not victim.exists()
    torch.load(io.BytesIO(file.read_bytes()), weights_only=False) if protocol == "zip" else (
        pickle.loads(file.read_bytes())
    )
    assert victim.read_text() == "ran"  # it would have, had torch-fidelity read it


def test_the_name_promises_a_sha256(tmp_path: Path) -> None:
    import hashlib

    plain = written(tmp_path / "plain.pth", {"a": torch.ones(2)})
    sha256 = hashlib.sha256(plain.read_bytes()).hexdigest()
    named = plain.rename(tmp_path / f"weights-2015-12-05-{sha256[:8]}.pth")
    require_weights(named)
    assert read_weights(named).sha256 == sha256
    other = named.rename(tmp_path / inception_weights.FILE)
    for check in (require_weights, read_weights):
        with pytest.raises(SpecError, match=rf"begins with 6726825d, but it is {sha256}"):
            check(other)


def test_without_torch_fidelity_the_way_to_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        SpecError, match=r'which is optional: pip install "\.\[fid\]" in the checkout'
    ):
        require_weights(tmp_path)
