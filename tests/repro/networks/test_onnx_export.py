"""The ONNX file draws PyTorch's pictures, for any number of z; a wrong one is not left behind."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from untrained_model import write_model

from repro.data.images import to_uint8
from repro.errors import UnusableError
from repro.networks import onnx_export
from repro.networks.model_folder import ModelFolder, draw


@pytest.fixture
def model(tmp_path: Path) -> ModelFolder:
    return ModelFolder.open(write_model(tmp_path / "model"))


@pytest.mark.slow
def test_any_number_of_pictures_equals_pytorchs(model: ModelFolder, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    file = tmp_path / "generator.onnx"
    onnx_export.main([str(model.folder), "--onnx", str(file)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generator.onnx", "model"]
    session = onnxruntime.InferenceSession(file.read_bytes())
    for n in (1, 9):
        z = model.latents(n, seed=n, purpose="test")
        (images,) = session.run(None, {"z": z.numpy()})
        found = to_uint8(torch.from_numpy(images)).astype(int)
        assert np.abs(found - draw(model.generator(), z)).max() <= 1


@pytest.mark.slow
def test_a_file_that_draws_something_else_gets_no_name(
    model: ModelFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "_difference", lambda *_: 2)
    with pytest.raises(UnusableError, match="differ from PyTorch's by 2 grey levels"):
        onnx_export.export_onnx(model, tmp_path / "generator.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_missing_package_is_named(
    model: ModelFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(UnusableError, match="package 'onnxscript' is missing: python -m pip"):
        onnx_export.export_onnx(model, tmp_path / "generator.onnx")
