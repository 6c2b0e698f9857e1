"""A model at half the size: read like any other, its rounding measured, nothing else changed."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from recorded_again import record_again
from safetensors.torch import load_file, save_file
from untrained_model import write_model

from repro.networks.half_precision import main, write_half
from repro.networks.model_folder import CheckpointError, ModelFolder, draw


@pytest.fixture
def model(tmp_path: Path) -> ModelFolder:
    return ModelFolder.open(write_model(tmp_path / "model"))


def test_weights_are_the_nearest_float16_and_vectors_are_as_they_were(
    model: ModelFolder, tmp_path: Path
) -> None:
    write_half(model, tmp_path / "half")
    for name in ("generator.safetensors", "discriminator.safetensors"):
        whole, half = load_file(model.folder / name), load_file(tmp_path / "half" / name)
        assert whole.keys() == half.keys()
        for key, values in whole.items():
            expected = values.numpy().astype(np.float16) if values.ndim > 1 else values.numpy()
            assert half[key].numpy().dtype == expected.dtype
            assert np.array_equal(half[key].numpy(), expected)
    assert (tmp_path / "half" / "spec.json").read_bytes() == (
        model.folder / "spec.json"
    ).read_bytes()


def test_weights_may_be_read_by_whoever_may_read_the_other_files(
    model: ModelFolder, tmp_path: Path
) -> None:
    write_half(model, tmp_path / "half")
    for folder in (model.folder, tmp_path / "half"):
        modes = {path.name: path.stat().st_mode for path in folder.iterdir() if path.is_file()}
        assert modes["generator.safetensors"] == modes["spec.json"]


def test_what_the_rounding_does_is_measured_on_what_a_reader_gets(
    model: ModelFolder, tmp_path: Path
) -> None:
    measured = write_half(model, tmp_path / "half")
    assert json.loads((tmp_path / "half" / "rounding.json").read_text()) == measured
    half = ModelFolder.open(tmp_path / "half")
    assert next(half.generator().parameters()).dtype == torch.float32
    z = model.latents(256, seed=0, purpose="half precision, pictures")
    one, other = (draw(m.generator(), z).astype(int) for m in (model, half))
    assert measured["pixels"] == np.abs(one - other).max() <= 2
    assert 0 < measured["features"] < 1e-3  # float16 rounds to 2^-11


def test_one_network_alone(model: ModelFolder, tmp_path: Path, capsys: pytest.CaptureFixture):
    text = "# A\n\n## Use\n\nDraw like this.\n\n## Limits\n"
    (model.folder / "MODEL_CARD.md").write_text(text)
    argv = [str(model.folder), "--only", "discriminator", "--out", str(tmp_path / "half")]
    main(argv)
    said = capsys.readouterr().out
    assert "discriminator.safetensors" in said
    assert "standard deviations" in said
    assert not (tmp_path / "half" / "generator.safetensors").exists()
    assert ModelFolder.open(tmp_path / "half").discriminator()
    card = (tmp_path / "half" / "MODEL_CARD.md").read_text()
    assert "The folder holds the discriminator, in float16." in card
    assert "discriminator_features(model.discriminator()" in card
    assert not any(word in card for word in ("Draw", "draw(", "dcgan sample"))
    assert card.endswith("\n\n## Limits\n")


def test_a_weight_beyond_float16_is_refused_and_nothing_is_left(
    model: ModelFolder, tmp_path: Path
) -> None:
    path = model.folder / "discriminator.safetensors"
    weights = load_file(path)
    name = next(key for key, values in weights.items() if values.ndim == 4)
    weights[name][0, 0, 0, 0] = 70_000.0
    save_file(weights, path)
    record_again(model.folder)
    with pytest.raises(CheckpointError, match=name):
        write_half(model, tmp_path / "half")
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_dir()) == ["model"]
