"""The training step against a plain loop, schedules, labels, rates, and what is refused.

Longer than 300 lines: one small dataset and one small model serve all the tests here.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from short_training import train_in

from repro.data.store import ImageStore
from repro.networks.build import build_discriminator, build_generator
from repro.networks.model_folder import CheckpointError, ModelFolder, draw
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec
from repro.specs.validation import SpecError
from repro.train.diff_augment import diff_augmented, drawn_changes
from repro.train.loop import train
from repro.train.minibatches import Images, Schedule
from repro.train.monitor import Finding, Monitor
from repro.train.resume_state import latest_state, save_state
from repro.train.state_folder import open_state_folder
from repro.train.trainer import Trainer, TrainingError

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


def test_differentiable_augmentation_changes_all_that_d_sees(data: Path) -> None:
    """The plain loop, with each use of the images changed by its own draws."""
    kinds = ("colour", "translation", "cutout")
    trainer = make_trainer(data, schedule="one_of_each", l2=0, diff_augment=kinds)
    G, D = build_generator(NETWORK, seed=1), build_discriminator(NETWORK, seed=1)
    adam_g = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
    adam_d = torch.optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999))
    for t in range(3):
        real = trainer.images.batch(trainer.schedule.rows(t))
        draws = drawn_changes(seed=1, minibatch=t, places=np.arange(len(real)))
        trainer.step(t)
        fake = G(trainer.latents(len(real), purpose="z of the step", index=t))
        adam_d.zero_grad()
        on_real = D(diff_augmented(real, draws[0], kinds))
        on_fake = D(diff_augmented(fake.detach(), draws[1], kinds))
        (F.softplus(-on_real).mean() + F.softplus(on_fake).mean()).backward()
        adam_d.step()
        adam_g.zero_grad()
        F.softplus(-D(diff_augmented(fake, draws[2], kinds))).mean().backward()
        adam_g.step()
    for ours, plain in ((trainer.G, G), (trainer.D, D)):
        for (name, a), b in zip(ours.named_parameters(), plain.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=3e-5, msg=name)


@pytest.mark.slow
def test_the_stored_generator_is_the_moving_average_of_its_weights(
    data: Path, tmp_path: Path
) -> None:
    settings = {"schedule": "one_of_each", "epochs": 3, "ema": 0.5}
    trainer = make_trainer(data, **settings)
    mean = [p.detach().clone() for p in trainer.G.parameters()]
    for t in range(trainer.schedule.length):
        trainer.step(t)
        decay = min(0.5, (2 + t) / (11 + t))
        for one, now in zip(mean, trainer.G.parameters(), strict=True):
            one.mul_(decay).add_((1 - decay) * now.detach())
    stored = ModelFolder.open(train_in(tmp_path, model_spec(**settings), data)).generator()
    for (name, a), b in zip(stored.named_parameters(), mean, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6, msg=name)
    differs = [
        not torch.equal(a, b)
        for a, b in zip(stored.parameters(), trainer.G.parameters(), strict=True)
    ]
    assert all(differs)


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


def test_passes_are_rounded_up_by_no_float_error() -> None:
    for passes, minibatches in ((1.1, 110), (0.07, 7), (2.005, 201)):
        training = TrainingSpec(batch=10, epochs=passes)
        assert Schedule(images=1000, training=training, seed=1).length == minibatches


@pytest.mark.parametrize("images", [32, 33, 40, 47, 49])
def test_an_epoch_shows_every_image_once(images: int) -> None:
    schedule = Schedule(images=images, training=TrainingSpec(batch=16), seed=1)
    batches = [schedule.rows(t) for t in range(schedule.per_epoch)]
    assert sorted(np.concatenate(batches)) == list(range(images))
    assert min(map(len, batches)) >= 2  # a single image has no batch statistics
    assert not np.array_equal(batches[0], schedule.rows(schedule.per_epoch))


def test_rates_fall_as_in_the_authors_mnist_script(data: Path) -> None:
    """Full rate through epoch 101 of 200, then a hundredth less each epoch, 1 % in the last."""
    training = TrainingSpec(batch=128, epochs=200, decay_epochs=100)
    schedule = Schedule(images=50_000, training=training, seed=1)
    of_epoch = [schedule.rate_factor(epoch * 391) for epoch in range(200)]
    assert schedule.per_epoch == 391
    assert of_epoch[:101] == [1.0] * 101
    assert of_epoch[101] == pytest.approx(0.99)
    assert 2e-4 * of_epoch[150] == pytest.approx(2e-4 - 50 * 2e-6)
    assert schedule.rate_factor(200 * 391 - 1) == of_epoch[199] == pytest.approx(0.01)
    trainer = make_trainer(
        data, epochs=4, decay_epochs=2, learning_rate_g=1e-3, schedule="one_of_each"
    )
    trainer.step(trainer.schedule.per_epoch * 3)
    rates = [adam.param_groups[0]["lr"] for adam in (trainer.adam_g, trainer.adam_d)]
    assert rates == pytest.approx([0.5e-3, 1e-4])


def test_minibatches_read_ahead_are_those_of_the_schedule(data: Path) -> None:
    trainer = make_trainer(data, schedule="alternating")
    pixels = ImageStore.open(data).images
    for t in (0, 1, 2, 9, 3, 4):  # also out of turn, as after a resume
        batch = trainer.minibatches.at(t)
        rows = trainer.schedule.rows(t)
        assert batch.n == batch.total == len(rows)
        if t % 2 == 0:  # trains G only: no image is read
            assert batch.images is None
        else:
            assert batch.images is not None
            expected = pixels[rows].astype(np.float32).transpose(0, 3, 1, 2) / 127.5 - 1
            np.testing.assert_allclose(batch.images.numpy(), expected, atol=1e-6)


CONDITIONAL = NetworkSpec(
    kind="conditional",
    image_size=8,
    base_size=2,
    channels=1,
    classes=3,
    pixel_low=0,
    ngf=4,
    ndf=4,
    z_dim=4,
    hidden_units=8,
    norm_affine=False,
    norm_eps=1e-5,
)


def grey_with_labels(make_dataset: Callable[..., Path], labels: np.ndarray) -> Path:
    source = np.random.default_rng(0)
    images = source.integers(0, 256, (len(labels), 8, 8, 1), dtype=np.uint8)
    return make_dataset(images, **{"class": labels.astype(np.uint8)})


def test_labels_come_with_their_images(make_dataset: Callable[..., Path]) -> None:
    folder = grey_with_labels(make_dataset, np.arange(60) % 3)
    store = ImageStore.open(folder)
    images = Images(store, np.arange(5, 60), CPU, low=0, classes=3)
    spec = ModelSpec(data="data", network=CONDITIONAL, training=TrainingSpec(batch=16))
    trainer = Trainer(spec=spec, images=images, seed=1, device=CPU)
    batch = trainer.minibatches.at(1)
    rows = images.rows[trainer.schedule.rows(1)]
    assert batch.images is not None
    assert batch.labels is not None
    assert batch.labels.tolist() == (rows % 3).tolist()
    assert 0 <= batch.images.min() < 0.05 < 0.95 < batch.images.max() <= 1
    trainer.step(0)
    trainer.step(1)
    assert trainer.sheet().shape == (3 * 8, 8, 8, 1)  # a row per class


def test_a_label_beyond_the_classes_is_refused(make_dataset: Callable[..., Path]) -> None:
    store = ImageStore.open(grey_with_labels(make_dataset, np.arange(60) % 4))
    with pytest.raises(SpecError, match=r"`class` lies in 0 \.\. 3, but the network has 3 classes"):
        Images(store, np.arange(60), CPU, low=0, classes=3)


def test_images_and_labels_are_on_the_device_whichever_it_is(
    make_dataset: Callable[..., Path],
) -> None:
    """The device "meta", which holds no values, is the only other one that is always here."""
    store = ImageStore.open(grey_with_labels(make_dataset, np.arange(60) % 3))
    images = Images(store, np.arange(60), torch.device("meta"), low=0, classes=3)
    rows = np.array([4, 1])
    labels = images.labels_of(rows)
    assert labels is not None
    assert images.batch(rows).device == labels.device == torch.device("meta")


@pytest.mark.slow
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


@pytest.mark.slow
def test_generators_are_kept_on_the_way(data: Path, tmp_path: Path) -> None:
    """Each is the last generator of a training of the same seed that ended there."""
    arguments = {"data": data, "dedup": None, "state_folder": tmp_path / "state", "seed": 1}
    train(spec=model_spec(snapshots=3), out=tmp_path / "model", device="cpu", **arguments)
    model = ModelFolder.open(tmp_path / "model")
    assert model.snapshots() == [7, 14, 20]  # of 20 minibatches
    z = model.latents(4, seed=1, purpose="test")
    pictures = [draw(model.generator(step), z) for step in model.snapshots()]
    np.testing.assert_array_equal(pictures[-1], draw(model.generator(), z))
    shorter = model_spec(epochs=14 / 5)
    train(spec=shorter, out=tmp_path / "shorter", device="cpu", **arguments)
    G = ModelFolder.open(tmp_path / "shorter").generator()
    np.testing.assert_array_equal(pictures[1], draw(G, z))
    with pytest.raises(CheckpointError, match=r"step_00000008\.safetensors"):
        model.generator(8)
    assert Schedule(images=70, training=TrainingSpec(), seed=1).snapshots == []


@pytest.mark.slow
def test_networks_are_kept_after_stated_passes(data: Path, tmp_path: Path) -> None:
    """Of 5 minibatches a pass: after passes 1 and 2.5, and at the end, stated or not."""
    spec = model_spec(snapshots=(1, 2.5), snapshots_of=("generator", "discriminator"))
    arguments = {"data": data, "dedup": None, "state_folder": tmp_path / "state", "seed": 1}
    train(spec=spec, out=tmp_path / "model", device="cpu", **arguments)
    model = ModelFolder.open(tmp_path / "model")
    assert model.snapshots() == model.snapshots("discriminator") == [5, 13, 20]
    assert spec.training.networks_kept == 3
    for stated in ((1, 2.5, 4), (4,)):
        training = model_spec(snapshots=stated).training
        schedule = Schedule(images=70, training=training, seed=1)
        assert schedule.snapshots == [5, 13][: len(stated) - 1]
        assert training.networks_kept == len(stated)


def test_passes_after_which_networks_are_kept_ascend_and_lie_in_the_training() -> None:
    with pytest.raises(ValueError, match=r"must ascend, found \[2.0, 1.0\]"):
        TrainingSpec(snapshots=(2, 1))
    with pytest.raises(ValueError, match="after pass 6, but the training ends after epochs 5"):
        TrainingSpec(snapshots=(1, 6))
    for wrong in (-1, (0,)):
        with pytest.raises(ValueError, match="greater than"):
            TrainingSpec(snapshots=wrong)


@pytest.mark.slow
def test_discriminators_are_kept_on_the_way(data: Path, tmp_path: Path) -> None:
    """Each is the last one, frozen alike, of a training of the same seed that ended there."""
    arguments = {"data": data, "dedup": None, "state_folder": tmp_path / "state", "seed": 1}
    spec = model_spec(snapshots=3, snapshots_of=("discriminator",))
    train(spec=spec, out=tmp_path / "model", device="cpu", **arguments)
    model = ModelFolder.open(tmp_path / "model")
    assert (model.snapshots("discriminator"), model.snapshots()) == ([7, 14, 20], [20])
    images = model.latents(4, seed=1, purpose="test")[:, :1, None, None].expand(4, 3, 16, 16)
    scores = [model.discriminator(step)(images) for step in (7, 14, 20)]
    torch.testing.assert_close(scores[-1], model.discriminator()(images), rtol=0, atol=0)
    train(spec=model_spec(epochs=14 / 5), out=tmp_path / "shorter", device="cpu", **arguments)
    shorter = ModelFolder.open(tmp_path / "shorter").discriminator()
    torch.testing.assert_close(scores[1], shorter(images), rtol=0, atol=0)
    with pytest.raises(CheckpointError, match=r"discriminator_step_00000008\.safetensors"):
        model.discriminator(8)


@pytest.mark.slow
def test_the_images_that_the_hash_removed_are_not_trained_on(data: Path, tmp_path: Path) -> None:
    keep = np.arange(70) % 2 == 0
    (tmp_path / "dedup").mkdir()
    np.save(tmp_path / "dedup" / "keep.npy", keep)
    arguments = {"data": data, "state_folder": tmp_path / "state", "seed": 1, "device": "cpu"}
    train(spec=model_spec(), dedup=tmp_path / "dedup", out=tmp_path / "model", **arguments)
    assert ModelFolder.open(tmp_path / "model").description["images"] == 35


def test_resuming_under_other_settings_is_refused(data: Path, tmp_path: Path) -> None:
    open_state_folder(tmp_path / "state", {"spec": model_spec().model_dump(), "seed": 1})
    other = model_spec(learning_rate_d=1e-3).model_dump()
    with pytest.raises(SpecError, match=r"training\.learning_rate_d: 0\.0002 -> 0\.001"):
        open_state_folder(tmp_path / "state", {"spec": other, "seed": 1})


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


def test_a_flipped_bit_in_a_state_is_never_loaded(tmp_path: Path) -> None:
    """Either the state before is taken, or (a bit of padding or of a date) the same values."""
    values = torch.arange(4000, dtype=torch.float32)
    for step in (1, 2):
        save_state(tmp_path, step, {"x": values * step})
    newest = tmp_path / "step_00000002.pt"
    whole = newest.read_bytes()
    source = np.random.default_rng(0)
    passed_over = 0
    places = source.choice(8 * len(whole), 60)  # bits of the file
    for place, bit in zip(places // 8, places % 8, strict=True):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(bit)
        newest.write_bytes(damaged)
        state = latest_state(tmp_path, CPU)
        assert state is not None
        assert torch.equal(state["x"], values * state["step"])
        passed_over += state["step"] == 1
    assert passed_over > 45


def test_a_nan_is_named_with_its_first_minibatch(data: Path) -> None:
    trainer = make_trainer(data)
    for t in range(4):
        trainer.step(t)
    trainer.check_finite()
    with torch.no_grad():
        trainer.D.get_parameter("head.weight").fill_(float("nan"))
    trainer.step(4)  # of G
    trainer.step(5)  # of D
    with pytest.raises(TrainingError, match=r"loss_d since minibatch 6, loss_g since minibatch 5"):
        trainer.check_finite()


def test_a_training_that_diverges_ends_and_says_so(data: Path, tmp_path: Path) -> None:
    """No resume state holds the NaN; log, health.json and so the report have the minibatch."""
    spec = model_spec(learning_rate_g=1e30, checkpoint_every=1, log_every=5, sample_every=100)
    state = tmp_path / "state"
    arguments = {"data": data, "dedup": None, "state_folder": state, "seed": 1, "device": "cpu"}
    for _ in range(2):  # started again, it comes to the same
        with pytest.raises(TrainingError, match="not finite") as raised:
            train(spec=spec, out=tmp_path / "model", **arguments)
        assert not (tmp_path / "model").exists()
        health = json.loads((state / "health.json").read_text())
        last = json.loads((state / "log.jsonl").read_text().splitlines()[-1])
        assert last["trouble"] == [health["findings"][0]["trouble"]] == ["not_finite"]
        first = health["findings"][0]["step"]
        assert raised.value.minibatch == first == last["since"] <= last["step"]
        saved = latest_state(state, CPU)
        assert saved is not None
        assert saved["step"] < first
        assert all(torch.isfinite(x).all() for x in saved["G"].values())


def test_too_few_images_for_a_batch(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="70 images are fewer than one batch of 71"):
        train_in(tmp_path, model_spec(batch=71), data)


def test_network_of_another_size_than_the_images(data: Path, tmp_path: Path) -> None:
    spec = ModelSpec(data="data", network=NetworkSpec(image_size=32, ngf=2, ndf=2))
    with pytest.raises(SpecError, match="holds images of 16 px with 3 channels"):
        train_in(tmp_path, spec, data)


class Alarmist(Monitor):
    """Finds a collapse in the fourth line it sees."""

    seen = 0

    def see(self, line: dict[str, Any]) -> list[Finding]:
        self.seen += 1
        new = [Finding("collapse", line["step"], "made up")] if self.seen == 4 else []
        self.findings += new
        return new


@pytest.mark.slow
def test_a_trouble_is_named_and_changes_nothing_unless_asked(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(name: str, **training: object) -> Path:
        folders = {"state_folder": tmp_path / f"{name} state", "out": tmp_path / name}
        spec = model_spec(early_epochs=4, **training)
        train(spec=spec, data=data, dedup=None, seed=1, device="cpu", **folders)
        return tmp_path / name

    plain = run("plain")
    monkeypatch.setattr("repro.train.log.Monitor", Alarmist)
    watched = run("watched", stop_on=())
    other = run("other trouble", stop_on=("oscillation",))
    stopped = run("stopped", stop_on=("collapse",))
    for name in ("generator.safetensors", "discriminator.safetensors", "samples.png"):
        assert (plain / name).read_bytes() == (watched / name).read_bytes()
        assert (plain / name).read_bytes() == (other / name).read_bytes()
    log = [json.loads(line) for line in (watched / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log if "trouble" in line] == [log[3]["step"]]
    health = json.loads((watched / "health.json").read_text())
    assert [found["trouble"] for found in health["findings"]] == ["collapse"]
    assert health["stopped_early_at"] is None
    ended = json.loads((stopped / "health.json").read_text())["stopped_early_at"]
    description = ModelFolder.open(stopped).description
    assert ended == description["minibatches"] == log[3]["step"] < 20
    assert description["steps_g"] + description["steps_d"] == ended
    z = torch.zeros(2, 8)
    np.testing.assert_array_equal(  # ended before the early snapshot: its last G stands for it
        draw(ModelFolder.open(stopped).generator("early"), z),
        draw(ModelFolder.open(stopped).generator(), z),
    )
