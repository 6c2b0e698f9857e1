"""`precision: auto`: decided by what the device can do, written down, and kept by a resume."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from repro import devices
from repro.devices import resolve_precision
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec
from repro.specs.validation import SpecError
from repro.train import loop
from repro.train.loop import train

CPU = torch.device("cpu")
CASCADE_LAKE = "fpu avx2 avx512f avx512_vnni"  # 2019: AVX-512, no bfloat16
SAPPHIRE_RAPIDS = f"{CASCADE_LAKE} avx512_bf16 amx_bf16 amx_tile"
ZEN_4 = "fpu avx2 avx512f avx512_bf16"
GRAVITON_3 = "fp asimd sve bf16 i8mm"


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the processor one with these flags."""
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    return lambda flags: monkeypatch.setattr(devices, "_cpu_flags", lambda: set(flags.split()))


@pytest.mark.parametrize(
    ("flags", "decided"),
    [
        (CASCADE_LAKE, "float32"),
        (SAPPHIRE_RAPIDS, "bfloat16"),
        (ZEN_4, "bfloat16"),
        (GRAVITON_3, "bfloat16"),
        ("", "float32"),
    ],
)
def test_auto_is_bfloat16_where_the_processor_has_instructions_for_it(
    processor: Callable[[str], None], flags: str, decided: str
) -> None:
    processor(flags)
    assert resolve_precision("auto", CPU) == decided
    assert resolve_precision("float32", CPU) == "float32"
    assert resolve_precision("bfloat16", CPU) == "bfloat16"


@pytest.mark.parametrize(
    ("limit", "decided"), [("AVX2", "float32"), ("avx512_core", "float32"), ("ALL", "bfloat16")]
)
def test_instructions_that_onednn_may_not_use_do_not_count(
    processor: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, limit: str, decided: str
) -> None:
    processor(ZEN_4)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert resolve_precision("auto", CPU) == decided


@pytest.mark.parametrize(("limit", "usable"), [("AVX2", False), ("avx512_core", True), ("", True)])
def test_avx512_counts_where_onednn_may_use_it(
    processor: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, limit: str, usable: bool
) -> None:
    ask = devices.has_avx512.__wrapped__  # not what an earlier test was told
    processor(CASCADE_LAKE)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert ask() is usable
    processor("fpu avx2")
    assert not ask()


@pytest.mark.parametrize(
    ("capability", "decided"), [((7, 5), "float32"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")]
)
def test_on_a_gpu_the_compute_capability_decides(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], decided: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert resolve_precision("auto", torch.device("cuda")) == decided


def test_the_flags_of_this_machine_are_those_that_pytorch_sees() -> None:
    seen = torch.backends.cpu.get_cpu_capability()
    flags = devices._cpu_flags()
    if "AVX512" in seen:
        assert "avx512f" in flags
    elif "AVX2" in seen:
        assert "avx2" in flags


@pytest.mark.slow
def test_a_model_says_what_was_decided_and_is_not_resumed_elsewhere(
    make_dataset: Callable[..., Path],
    tmp_path: Path,
    processor: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = make_dataset(np.random.default_rng(0).integers(0, 256, (32, 16, 16, 3), dtype=np.uint8))
    network = NetworkSpec(image_size=16, ngf=4, ndf=4, z_dim=4, norm_eps=1e-5)
    values = {"batch": 16, "epochs": 2, "precision": "auto", "checkpoint_every": 1}
    spec = ModelSpec(data="data", network=network, training=TrainingSpec.model_validate(values))

    def run(name: str) -> None:
        state, out = tmp_path / "state", tmp_path / name
        train(spec=spec, data=data, dedup=None, state_folder=state, out=out, seed=1, device="cpu")

    processor(CASCADE_LAKE)
    run("float32")
    written = json.loads((tmp_path / "float32" / "spec.json").read_text())
    assert written["spec"]["training"]["precision"] == "float32"
    recorded = json.loads((tmp_path / "float32" / "provenance.json").read_text())
    assert "auto" not in json.dumps(recorded)

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(loop, "write_model", full_disk)
    with pytest.raises(OSError, match="no space left"):
        run("stopped")  # the state folder stays
    assert (tmp_path / "state" / "settings.json").is_file()
    processor(ZEN_4)
    with pytest.raises(SpecError, match=r"'float32' -> 'bfloat16'[\s\S]*the processor decides"):
        run("bfloat16")
