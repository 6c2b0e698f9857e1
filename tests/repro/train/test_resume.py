"""Killed and resumed, a training ends in the same bytes; a full disk costs only time."""

import errno
import json
import re
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from repro.artefacts.step_folder import step_folder
from repro.data.store_writer import StoreWriter
from repro.networks.model_folder import CheckpointError
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.training import AugmentationSpec, TrainingSpec
from repro.train.loop import train
from repro.train.resume_state import latest_state, save_state

NETWORK = NetworkSpec(image_size=16, ngf=4, ndf=4, z_dim=8, norm_eps=1e-5)
EPOCHS = 30
STEPS = 5 * EPOCHS


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images") / "data"
    pixels = np.random.default_rng(0).integers(0, 256, (70, 16, 16, 3), dtype=np.uint8)
    with (
        step_folder(folder, inputs={}) as building,
        StoreWriter(
            building, source="test", spec={}, image_size=16, channels=3, label_fields={}
        ) as writer,
    ):
        for i, image in enumerate(pixels):
            writer.append(image, f"key{i:02d}", {})
    return folder


def command(python: Path, data: Path, folder: Path) -> list[str]:
    training = TrainingSpec(
        batch=16,
        epochs=EPOCHS,
        decay_epochs=10,
        schedule="one_of_each",
        augmentation=AugmentationSpec(flip=0.5, brightness=0.2),
        diff_augment=("colour", "translation", "cutout"),
        ema=0.99,
        sample_every=25,
        log_every=3,
        checkpoint_every=7,
        statistics_batches=2,
        snapshots=6,
        snapshots_of=("generator", "discriminator"),
    )
    spec = ModelSpec(data="data", network=NETWORK, training=training)
    folder.mkdir()
    (folder / "spec.json").write_text(json.dumps({"model": spec.model_dump(), "seed": 5}))
    options = {"--spec": folder / "spec.json", "--data": data}
    options |= {"--state": folder / "state", "--out": folder / "model", "--threads": 1}
    words = [str(word) for pair in options.items() for word in pair]
    return [str(python), "-m", "repro.train", "--device", "cpu", *words]


def logged_step(log: Path) -> int:
    """Last minibatch in a log that is being written, 0 before there is any."""
    lines = log.read_text().splitlines() if log.is_file() else []
    whole = [line for line in lines if line.endswith("}")]
    return int(json.loads(whole[-1])["step"]) if whole else 0


@pytest.fixture(scope="module")
def whole(
    warm: Path, data: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The training that nothing interrupts, in a folder with its state and its model."""
    whole = tmp_path_factory.mktemp("uninterrupted") / "whole"
    words = command(warm, data, whole)
    done = subprocess.run(words, check=True, cwd=repository, capture_output=True, text=True)
    first, *_, last = done.stderr.splitlines()
    assert first.endswith(f"sample sheets appear in {whole / 'state' / 'samples'}")
    assert last.endswith(f"trained; look at {whole / 'model' / 'samples.png'}")
    assert (whole / "model/samples.png").is_file()
    return whole


@pytest.mark.slow
def test_killed_and_asked_to_stop_it_continues_to_the_same_bytes(
    warm: Path, whole: Path, data: Path, tmp_path: Path, repository: Path
) -> None:
    """Killed, stopped by Ctrl-C and by SIGTERM, each of which saves its state, and killed again."""
    folder = tmp_path / "stopped"
    words = command(warm, data, folder)
    log = folder / "state" / "log.jsonl"
    # minibatches to wait for; where within the next ones a signal falls is left to the machine
    waits = np.random.default_rng().integers(8, 26, 4)
    numbers = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
    for number, wait in zip(numbers, waits, strict=True):
        begun = logged_step(log)
        process = subprocess.Popen(
            words,
            cwd=repository,
            stderr=subprocess.PIPE,
            text=True,
            # a suite in the background passes on to its children that interrupts are ignored
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        while logged_step(log) < begun + wait and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        killed = number == signal.SIGKILL
        assert process.returncode == (-number if killed else 128 + number), (said, waits)
        assert not (folder / "model").exists()
        if not killed:
            saved_and_says_how_to_continue(folder / "state", said)
    subprocess.run(words, check=True, cwd=repository, capture_output=True)
    files = [p.relative_to(whole) for p in (whole / "model").rglob("*") if p.is_file()]
    assert {p.name for p in files} >= {"generator.safetensors", "log.jsonl", "samples.webp"}
    for file in files:
        if file.name != "provenance.json":
            assert (whole / file).read_bytes() == (folder / file).read_bytes(), (file, waits)


def saved_and_says_how_to_continue(state: Path, said: str) -> None:
    assert "Traceback" not in said
    found = re.search(r"stopped at minibatch (\d+); the same command continues from there$", said)
    assert found, said
    newest = max(path.name for path in state.glob("step_*.pt"))
    assert newest == f"step_{int(found[1]):08d}.pt"


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """The system refuses to write beyond `size` bytes a file, as a full disk does in its way."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_disk_full_while_saving_leaves_the_state_before(tmp_path: Path) -> None:
    save_state(tmp_path, 1, {"x": torch.ones(10)})
    with (
        no_file_larger_than(100_000),
        pytest.raises(CheckpointError, match=r"step_00000002\.pt.*earlier states are intact"),
    ):
        save_state(tmp_path, 2, {"x": torch.ones(100_000)})
    assert [p.name for p in tmp_path.iterdir()] == ["step_00000001.pt"]
    state = latest_state(tmp_path, torch.device("cpu"))
    assert state is not None
    assert state["step"] == 1


@pytest.mark.slow
def test_disk_full_in_a_training_which_goes_on_once_there_is_room(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = TrainingSpec(batch=16, epochs=4, checkpoint_every=4, statistics_batches=2)
    spec = ModelSpec(data="data", network=NETWORK, training=training)
    arguments = {"spec": spec, "data": data, "dedup": None, "seed": 1, "device": "cpu"}
    folders = {"state_folder": tmp_path / "state", "out": tmp_path / "model"}
    saved = torch.save

    def full_at_the_second(state: dict[str, object], path: Path) -> None:
        if state["step"] == 8:
            path.write_bytes(b"the part that found room")
            raise OSError(errno.ENOSPC, "No space left on device")
        saved(state, path)

    monkeypatch.setattr(torch, "save", full_at_the_second)
    with pytest.raises(CheckpointError, match="No space left on device"):
        train(**arguments, **folders)
    assert [p.name for p in (tmp_path / "state").glob("step_*")] == ["step_00000004.pt"]
    assert not (tmp_path / "model").exists()
    monkeypatch.undo()
    train(**arguments, **folders)
    other = {"state_folder": tmp_path / "state2", "out": tmp_path / "model2"}
    train(**arguments, **other)
    for name in ("generator.safetensors", "discriminator.safetensors", "log.jsonl"):
        assert (tmp_path / "model" / name).read_bytes() == (tmp_path / "model2" / name).read_bytes()
