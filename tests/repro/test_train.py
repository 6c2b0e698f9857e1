"""The training step against a plain loop, schedules, and resuming after SIGKILL."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from repro.build import build_discriminator, build_generator
from repro.checkpoint import CheckpointError, ModelFolder, draw, latest_state, save_state
from repro.minibatches import Images, Schedule
from repro.specs import ModelSpec, NetworkSpec, SpecError, TrainingSpec
from repro.store import ImageStore
from repro.train import train
from repro.trainer import Trainer, TrainingError

NETWORK = NetworkSpec(image_size=16, ngf=4, ndf=4, z_dim=8, norm_eps=1e-5)
CPU = torch.device("cpu")


@pytest.fixture
def data(make_dataset: Callable[..., Path]) -> Path:
    source = np.random.default_rng(0)
    return make_dataset(source.integers(0, 256, (70, 16, 16, 3), dtype=np.uint8))


def model_spec(**training: object) -> ModelSpec:
    values = {"batch": 16, "epochs": 4, "sample_every": 7, "log_every": 3, "statistics_batches": 2}
    return ModelSpec(data="data", network=NETWORK, training=TrainingSpec(**values | training))


def make_trainer(data: Path, **training: object) -> Trainer:
    store = ImageStore.open(data)
    images = Images(store, np.arange(len(store)), CPU)
    return Trainer(spec=model_spec(**training), images=images, seed=1, device=CPU)


def test_step_equals_the_plain_loop(data: Path) -> None:
    """One D and one G update with BCELoss on sigmoids, as the paper and the tutorial write it."""
    trainer = make_trainer(data, schedule="one_of_each", l2=1e-3)
    G, D = build_generator(NETWORK, seed=1), build_discriminator(NETWORK, seed=1)
    adam = {"lr": 2e-4, "betas": (0.5, 0.999), "weight_decay": 1e-3}
    adam_g = torch.optim.Adam(G.parameters(), **adam)
    adam_d = torch.optim.Adam(D.parameters(), **adam)
    for t in range(3):
        real = trainer.images.batch(trainer.schedule.rows(t))
        n = len(real)
        trainer.step(t)
        fake = G(trainer.latents(n, purpose="z of the step", index=t))
        adam_d.zero_grad()
        loss = F.binary_cross_entropy(D(real).sigmoid(), torch.ones(n))
        loss = loss + F.binary_cross_entropy(D(fake.detach()).sigmoid(), torch.zeros(n))
        loss.backward()
        adam_d.step()
        adam_g.zero_grad()
        F.binary_cross_entropy(D(fake).sigmoid(), torch.ones(n)).backward()
        adam_g.step()
    for ours, plain in ((trainer.G, G), (trainer.D, D)):
        for (name, a), b in zip(ours.named_parameters(), plain.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=3e-5, msg=name)


def test_alternating_minibatches_train_one_network_each(data: Path) -> None:
    trainer = make_trainer(data, schedule="alternating")
    before = [p.clone() for p in trainer.D.parameters()]
    trainer.step(0)  # even: G only (authors' code)
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.D.parameters(), strict=True))
    of_g = [p.clone() for p in trainer.G.parameters()]
    trainer.step(1)
    assert all(torch.equal(a, b) for a, b in zip(of_g, trainer.G.parameters(), strict=True))
    assert not torch.equal(before[0], next(trainer.D.parameters()))


# update counts of the facts: minibatches an epoch, and D = G steps of the authors' loop
@pytest.mark.parametrize(
    ("images", "batch", "epochs", "per_epoch", "d_steps", "g_steps"),
    [
        (3_033_042, 128, 5, 23_696, 59_240, 59_240),
        (350_000, 128, 25, 2_735, 34_187, 34_188),
        (1_281_167, 128, 30, 10_010, 150_150, 150_150),
        (63_257, 64, 200, 989, 98_900, 98_900),
    ],
)
def test_update_counts_of_the_paper(
    images: int, batch: int, epochs: int, per_epoch: int, d_steps: int, g_steps: int
) -> None:
    training = TrainingSpec(batch=batch, epochs=epochs)
    schedule = Schedule(images=images, training=training, seed=1)
    assert schedule.per_epoch == per_epoch
    assert schedule.steps() == (d_steps, g_steps)
    both = TrainingSpec(batch=batch, epochs=epochs, schedule="one_of_each")
    total = Schedule(images=images, training=both, seed=1).steps()
    assert total == (per_epoch * epochs, per_epoch * epochs)


@pytest.mark.parametrize("images", [32, 33, 40, 47, 49])
def test_an_epoch_shows_every_image_once(images: int) -> None:
    schedule = Schedule(images=images, training=TrainingSpec(batch=16), seed=1)
    batches = [schedule.rows(t) for t in range(schedule.per_epoch)]
    assert sorted(np.concatenate(batches)) == list(range(images))
    assert min(map(len, batches)) >= 2  # a single image has no batch statistics
    assert not np.array_equal(batches[0], schedule.rows(schedule.per_epoch))


def test_model_folder(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    arguments = {"data": data, "dedup": None, "state_folder": tmp_path / "state", "seed": 1}
    train(spec=model_spec(), out=out, device="cpu", **arguments)
    model = ModelFolder.open(out)
    assert not (tmp_path / "state").exists()
    assert model.description["steps_g"] == model.description["steps_d"] == 10
    assert len(list((out / "samples").glob("*.png"))) == 3  # minibatches 7, 14 and 20
    log = model.log()
    assert log["step"].tolist() == [3, 6, 7, 9, 12, 14, 15, 18, 20, 20]
    assert log["diversity"].dropna().index.tolist() == [2, 5, 9]  # with the sample sheets
    z = model.latents(5, seed=1, purpose="test")
    early, final = draw(model.generator("early"), z), draw(model.generator(), z)
    assert final.shape == (5, 16, 16, 3)
    assert not np.array_equal(early, final)
    np.testing.assert_array_equal(final[:2], draw(model.generator(), z[:2]))


def test_the_images_that_the_hash_removed_are_not_trained_on(data: Path, tmp_path: Path) -> None:
    keep = np.arange(70) % 2 == 0
    (tmp_path / "dedup").mkdir()
    np.save(tmp_path / "dedup" / "keep.npy", keep)
    arguments = {"data": data, "state_folder": tmp_path / "state", "seed": 1, "device": "cpu"}
    train(spec=model_spec(), dedup=tmp_path / "dedup", out=tmp_path / "model", **arguments)
    assert ModelFolder.open(tmp_path / "model").description["images"] == 35


def command(data: Path, folder: Path) -> list[str]:
    spec = model_spec(epochs=60, checkpoint_every=5, schedule="one_of_each")
    (folder / "spec.json").write_text(json.dumps({"model": spec.model_dump(), "seed": 5}))
    options = {"--spec": folder / "spec.json", "--data": data}
    options |= {"--state": folder / "state", "--out": folder / "model", "--threads": 1}
    words = [str(word) for pair in options.items() for word in pair]
    return [sys.executable, "-m", "repro.train", "--device", "cpu", *words]


def test_killed_and_resumed_gives_the_same_bytes(
    data: Path, tmp_path: Path, repository: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    subprocess.run(command(data, whole), check=True, cwd=repository)
    process = subprocess.Popen(command(data, killed), cwd=repository)
    while len(list((killed / "state").glob("step_*.pt"))) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
    subprocess.run(command(data, killed), check=True, cwd=repository)
    files = [p.relative_to(whole) for p in (whole / "model").rglob("*") if p.is_file()]
    assert len(files) > 8
    for file in files:
        if file.name != "provenance.json":
            assert (whole / file).read_bytes() == (killed / file).read_bytes(), file


def test_resuming_under_other_settings_is_refused(data: Path, tmp_path: Path) -> None:
    from repro.train import _open_state_folder

    _open_state_folder(tmp_path / "state", {"spec": model_spec().model_dump(), "seed": 1})
    other = model_spec(learning_rate_d=1e-3).model_dump()
    with pytest.raises(SpecError, match=r"training\.learning_rate_d: 0\.0002 -> 0\.001"):
        _open_state_folder(tmp_path / "state", {"spec": other, "seed": 1})


def test_damaged_state_is_passed_over_for_the_one_before(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save_state(tmp_path, step, {"x": torch.tensor(step)})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step_00000002.pt", "step_00000003.pt"]
    newest = tmp_path / "step_00000003.pt"
    newest.write_bytes(newest.read_bytes()[:100])
    state = latest_state(tmp_path, CPU)
    assert state is not None
    assert state["step"] == 2
    (tmp_path / "step_00000002.pt").write_bytes(b"")
    with pytest.raises(CheckpointError, match="no resume state"):
        latest_state(tmp_path, CPU)


def test_a_nan_stops_the_training_and_is_named(data: Path) -> None:
    trainer = make_trainer(data)
    with torch.no_grad():
        trainer.D.head.weight.fill_(float("nan"))
    trainer.step(0)
    trainer.step(1)
    with pytest.raises(TrainingError, match=r"loss_d, loss_g.* not finite"):
        trainer.log_line(2)


def test_too_few_images_for_a_batch(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="70 images are fewer than one batch of 71"):
        train(
            spec=model_spec(batch=71),
            data=data,
            dedup=None,
            state_folder=tmp_path / "state",
            out=tmp_path / "model",
            seed=1,
        )


def test_network_of_another_size_than_the_images(data: Path, tmp_path: Path) -> None:
    spec = ModelSpec(data="data", network=NetworkSpec(image_size=32, ngf=2, ndf=2))
    with pytest.raises(SpecError, match="holds images of 16 px with 3 channels"):
        train(
            spec=spec,
            data=data,
            dedup=None,
            state_folder=tmp_path / "state",
            out=tmp_path / "model",
            seed=1,
        )
