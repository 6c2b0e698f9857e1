"""One training by two and three processes on the CPU (gloo), against one and plain loops.

Longer than 300 lines: one group of processes and one small dataset serve all the tests here.
"""

import copy
import json
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

from repro.artefacts.step_folder import step_folder
from repro.data.store import ImageStore
from repro.data.store_writer import StoreWriter
from repro.networks.build import build_discriminator, build_generator
from repro.networks.model_folder import ModelFolder, draw
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec
from repro.specs.validation import SpecError
from repro.train.loop import _device, train
from repro.train.minibatches import Images
from repro.train.processes import ALONE, Processes
from repro.train.trainer import Trainer, TrainingError

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
IMAGES = 71  # four minibatches of 16 and one of 7: shares of 4 and 3, or of 3, 2 and 2
STEPS = 10
RATE = 0.01
PATIENCE = 120.0  # seconds that a busy machine may take for one group of processes
NETWORK = NetworkSpec(image_size=16, ngf=4, ndf=4, z_dim=8, norm_eps=1e-5)
CONDITIONAL = NetworkSpec(
    kind="conditional",
    image_size=16,
    classes=3,
    z_dim=8,
    ngf=4,
    ndf=4,
    hidden_units=12,
    norm_affine=False,
    norm_eps=1e-5,
)
CASES = {
    "alternating, synchronised": ("alternating", "synchronised", NETWORK),
    "one_of_each, synchronised": ("one_of_each", "synchronised", NETWORK),
    "conditional, synchronised": ("one_of_each", "synchronised", CONDITIONAL),
    "alternating, local": ("alternating", "local", NETWORK),
    "one_of_each, local": ("one_of_each", "local", NETWORK),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("processes") / "data"
    source = np.random.default_rng(0)
    with (
        step_folder(folder, inputs={}) as building,
        StoreWriter(
            building,
            source="test",
            spec={},
            image_size=16,
            channels=3,
            label_fields={"class": "<i8"},
        ) as writer,
    ):
        for i in range(IMAGES):
            image = source.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            writer.append(image, f"key{i}", {"class": i % 3})
    return folder


def model_spec(network: NetworkSpec = NETWORK, **training: object) -> ModelSpec:
    # a large epsilon and rate make Adam nearly plain descent: the usual ones blow differences of
    # rounding up to whole steps where a gradient is almost 0
    values: dict[str, object] = {
        "batch": 16,
        "epochs": 4,
        "learning_rate_g": RATE,
        "learning_rate_d": RATE,
        "adam_eps": 0.1,
        "sample_every": 10,
        "log_every": 3,
        "checkpoint_every": 3,
        "statistics_batches": 2,
    }
    return ModelSpec(data="data", network=network, training=TrainingSpec(**values | training))


def make_trainer(data: Path, spec: ModelSpec, processes: Processes = ALONE) -> Trainer:
    store = ImageStore.open(data)
    images = Images(store, np.arange(len(store)), CPU, classes=spec.network.classes)
    return Trainer(spec=spec, images=images, seed=1, device=CPU, processes=processes)


def trained(data: Path, case: str, processes: Processes = ALONE) -> dict[str, Any]:
    """Weights and log line after STEPS minibatches of a case."""
    schedule, statistics, network = CASES[case]
    spec = model_spec(network, schedule=schedule, batch_statistics=statistics)
    trainer = make_trainer(data, spec, processes)
    for t in range(STEPS):
        trainer.step(t)
    return {
        "G": {k: v.detach().clone() for k, v in trainer.G.named_parameters()},
        "D": {k: v.detach().clone() for k, v in trainer.D.named_parameters()},
        "line": trainer.log_line(STEPS),
    }


# --- starting processes -------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


class Group:
    """task(rank, *given) in `size` processes with torchrun's environment."""

    def __init__(self, task: Callable[..., None], *given: object, size: int) -> None:
        # forks of a server that has imported PyTorch and the training (tests/conftest.py)
        context = multiprocessing.get_context("forkserver")
        port = free_port()
        self.members = [
            context.Process(target=member, args=(task, rank, size, port, given), daemon=True)
            for rank in range(size)
        ]
        for process in self.members:
            process.start()

    def ended(self) -> list[int | None]:
        """Exit statuses by rank, None of what has to be killed after PATIENCE."""
        end = time.monotonic() + PATIENCE
        for process in self.members:
            process.join(max(0.0, end - time.monotonic()))
        codes = [process.exitcode for process in self.members]
        for process in self.members:
            process.kill()
        return codes


def member(task: Callable[..., None], rank: int, size: int, port: int, given: tuple) -> None:
    torch.set_num_threads(1)
    values = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in values.items()})
    os.environ.update(MASTER_ADDR="127.0.0.1", GLOO_SOCKET_IFNAME="lo")
    task(rank, *given)


# --- two processes, step by step ----------------------------------------------------------------


def two_train(rank: int, data: Path, results: Path) -> None:
    """All cases, what the processes tell each other, and a NaN in one of them."""
    processes = Processes.launched()
    with processes.connected(CPU):
        found: dict[str, Any] = {case: trained(data, case, processes) for case in CASES}
        own = torch.arange(3) + 10 * rank
        found["gathered"] = processes.gathered(own)
        said = {"step": 7, "weights": torch.ones(2, 3)} if rank == 0 else None
        found["from_first"] = processes.from_first(said, CPU)
        found["nothing"] = processes.from_first(None if rank == 0 else said, CPU)
        trainer = make_trainer(data, model_spec(), processes)
        if rank == 1:
            trainer.meters.note(torch.tensor(4), weight=2, loss_g=torch.tensor(float("nan")))
        try:
            trainer.check_finite()
        except TrainingError as error:
            found["nan"] = str(error)
    torch.save(found, results / f"{rank}.pt")


@pytest.fixture(scope="module")
def two(data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("two")
    assert Group(two_train, data, folder, size=2).ended() == [0, 0]
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


def distance(a: dict[str, Tensor], b: dict[str, Tensor]) -> float:
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


@pytest.mark.parametrize("case", CASES)
def test_both_processes_hold_the_same_weights(two: list[dict[str, Any]], case: str) -> None:
    first, second = (found[case] for found in two)
    assert distance(first["G"], second["G"]) == 0
    assert distance(first["D"], second["D"]) == 0
    assert first["line"] == second["line"]


@pytest.mark.parametrize("case", [case for case in CASES if "synchronised" in case])
def test_synchronised_statistics_train_as_one_process(
    data: Path, two: list[dict[str, Any]], case: str
) -> None:
    alone, found = trained(data, case), two[0][case]
    assert distance(alone["G"], found["G"]) < 2e-6
    assert distance(alone["D"], found["D"]) < 2e-6
    assert found["line"] == pytest.approx(alone["line"], abs=1e-5)


@pytest.mark.parametrize("case", [case for case in CASES if "local" in case])
def test_local_statistics_average_the_gradients_of_the_shares(
    data: Path, two: list[dict[str, Any]], case: str
) -> None:
    """Each share through the networks by itself, its gradient counted by its size."""
    spec = model_spec(schedule=CASES[case][0])
    trainer = make_trainer(data, spec)  # only for its images, schedule and z
    G, D = build_generator(NETWORK, seed=1), build_discriminator(NETWORK, seed=1)
    adam = {"lr": RATE, "betas": (0.5, 0.999), "eps": 0.1, "weight_decay": 1e-5}
    adam_g = torch.optim.Adam(G.parameters(), **adam)
    adam_d = torch.optim.Adam(D.parameters(), **adam)
    for t in range(STEPS):
        rows = trainer.schedule.rows(t)
        z = trainer.latents(len(rows), purpose="z of the step", index=t)
        fakes = [G(z[rank::2]) for rank in range(2)]
        counts = [len(fake) / len(rows) for fake in fakes]
        if trainer.schedule.trains_d(t):
            adam_d.zero_grad()
            for rank, fake in enumerate(fakes):
                real = trainer.images.batch(rows[rank::2])
                loss = F.softplus(-D(real)).mean() + F.softplus(D(fake.detach())).mean()
                (loss * counts[rank]).backward()
            adam_d.step()
        if trainer.schedule.trains_g(t):
            adam_g.zero_grad()
            for rank, fake in enumerate(fakes):
                (F.softplus(-D(fake)).mean() * counts[rank]).backward()
            adam_g.step()
    found, one_process = two[0][case], trained(data, case)
    for network, name in ((G, "G"), (D, "D")):
        weights = {k: v.detach() for k, v in network.named_parameters()}
        assert distance(weights, found[name]) < 2e-6
        assert distance(weights, one_process[name]) > 2e-3  # statistics do make a difference


def test_what_the_processes_tell_each_other(two: list[dict[str, Any]]) -> None:
    for found in two:
        assert found["gathered"].tolist() == [[0, 1, 2], [10, 11, 12]]
        assert found["from_first"]["step"] == 7
        assert torch.equal(found["from_first"]["weights"], torch.ones(2, 3))
        assert found["nothing"] is None


def test_a_nan_in_one_process_ends_all(two: list[dict[str, Any]]) -> None:
    for found in two:
        assert "not finite: loss_g since minibatch 4" in found["nan"]


def one_fails(rank: int) -> None:
    processes = Processes.launched()
    with pytest.raises(RuntimeError, match="an error" if rank == 1 else "closed|reset"):
        fail_in_one(processes)
    assert not dist.is_initialized()


def fail_in_one(processes: Processes) -> None:
    with processes.connected(CPU):
        if processes.rank == 1:
            raise RuntimeError("an error of one process")
        processes.gathered(torch.zeros(3))  # waits for rank 1


def test_an_error_in_one_process_ends_the_others() -> None:
    assert Group(one_fails, size=2).ended() == [0, 0]


# --- three processes: the order of a sum matters ------------------------------------------------


def three_resume(rank: int, data: Path) -> None:
    processes = Processes.launched()
    network = NetworkSpec(image_size=16, ngf=16, ndf=16, z_dim=8, norm_eps=1e-5)
    spec = model_spec(network, schedule="one_of_each")
    with processes.connected(CPU):
        trainer = make_trainer(data, spec, processes)
        for t in range(3):
            trainer.step(t)
        state = copy.deepcopy(trainer.state())
        resumed = make_trainer(data, spec, processes)
        resumed.load(state)
        for t in range(3, 5):
            trainer.step(t)
            resumed.step(t)
        for ours, theirs in ((trainer.G, resumed.G), (trainer.D, resumed.D)):
            for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
                assert torch.equal(a, b)
        assert torch.equal(trainer.meters.sums, resumed.meters.sums)


def test_three_processes_resume_to_the_same_bits(data: Path) -> None:
    assert Group(three_resume, data, size=3).ended() == [0, 0, 0]


# --- whole trainings ----------------------------------------------------------------------------

WHOLE = model_spec(epochs=6, schedule="one_of_each", batch_statistics="synchronised")
MANY = model_spec(  # minibatches: enough to stop in twice
    epochs=24, schedule="one_of_each", batch_statistics="synchronised", checkpoint_every=1000
)


def whole_training(rank: int, data: Path, folder: Path, spec: ModelSpec = WHOLE) -> None:
    """Folders of its own for each process: what the others write or need would show."""
    state, out = folder / f"state{rank}", folder / f"model{rank}"
    train(spec=spec, data=data, dedup=None, state_folder=state, out=out, seed=1, device="cpu")


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    assert Group(whole_training, data, folder, size=2).ended() == [0, 0]
    return folder


def test_only_the_first_process_writes(whole: Path) -> None:
    assert [path.name for path in whole.iterdir()] == ["model0"]


def test_the_model_is_one_like_any_other(whole: Path) -> None:
    model = ModelFolder.open(whole / "model0")
    assert model.description["steps_g"] == model.description["steps_d"] == 30
    assert model.log()["step"].tolist() == [3, 6, 9, 10, 12, 15, 18, 20, 21, 24, 27, 30, 30]
    z = model.latents(5, seed=1, purpose="test")
    pictures = draw(model.generator(), z)
    np.testing.assert_array_equal(pictures[:2], draw(model.generator(), z[:2]))
    assert not np.array_equal(pictures, draw(model.generator("early"), z))


def test_killed_and_resumed_it_gives_the_same_bytes(
    data: Path, whole: Path, tmp_path: Path
) -> None:
    killed, state = Group(whole_training, data, tmp_path, size=2), tmp_path / "state0"
    end = time.monotonic() + PATIENCE
    while len(list(state.glob("step_*.pt"))) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    killed.members[0].kill()
    codes = killed.ended()
    assert codes[0] == -signal.SIGKILL, "it ended before it could be killed"
    assert codes[1] == 1  # the other ended by itself
    with pytest.raises(SpecError, match="processes: 2 -> 1"):
        whole_training(0, data, tmp_path)
    assert Group(whole_training, data, tmp_path, size=2).ended() == [0, 0]
    assert not state.exists()
    files = [p.relative_to(whole) for p in (whole / "model0").rglob("*") if p.is_file()]
    assert len(files) > 8
    for file in files:
        if file.name != "provenance.json":
            assert (whole / file).read_bytes() == (tmp_path / file).read_bytes(), file


def together(
    python: Path, *words: str, repository: Path, **environment: str
) -> subprocess.Popen[str]:
    """Two processes of a module, as the pipeline starts them."""
    return subprocess.Popen(
        [python, "-m", "repro.train.together", "2", "-m", *words],
        cwd=repository,
        env=os.environ | {"GLOO_SOCKET_IFNAME": "lo"} | environment,
        stderr=subprocess.PIPE,
        text=True,
        # a suite in the background passes on to its children that interrupts are ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def test_asked_to_stop_all_end_at_one_minibatch_and_continue_there(
    warm: Path, data: Path, tmp_path: Path, repository: Path
) -> None:
    assert Group(whole_training, data, tmp_path, MANY, size=2).ended() == [0, 0]
    stopped = tmp_path / "stopped"
    stopped.mkdir()
    (stopped / "spec.json").write_text(json.dumps({"model": MANY.model_dump(), "seed": 1}))
    own = {"--spec": stopped / "spec.json", "--data": data, "--device": "cpu", "--threads": 1}
    own |= {"--state": stopped / "state", "--out": stopped / "model"}
    words = ["repro.train", *(str(word) for pair in own.items() for word in pair)]
    states = stopped / "state"
    for number in (signal.SIGTERM, signal.SIGINT):
        begun = len(list(states.glob("samples/*"))), len(list(states.glob("step_*.pt")))
        process = together(warm, *words, repository=repository)
        end = time.monotonic() + PATIENCE
        while len(list(states.glob("samples/*"))) <= begun[0] and time.monotonic() < end:
            time.sleep(0.005)
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 128 + number, said
        assert "Traceback" not in said
        (done,) = re.findall(r"stopped at minibatch (\d+); the same command continues", said)
        newest = max(path.name for path in states.glob("step_*.pt"))
        assert newest == f"step_{int(done):08d}.pt"
        assert len(list(states.glob("step_*.pt"))) == begun[1] + 1
    assert not (stopped / "model").exists()
    process = together(warm, *words, repository=repository)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    for name in ("generator.safetensors", "discriminator.safetensors", "log.jsonl"):
        found = [(model / name).read_bytes() for model in (tmp_path / "model0", stopped / "model")]
        assert found[0] == found[1], name


def test_how_the_first_process_that_failed_ended_is_how_all_end(
    warm: Path, tmp_path: Path, repository: Path
) -> None:
    """The second of them fails, and reports it; the first one is ended in its wait."""
    (tmp_path / "planted.py").write_text(
        "import os, sys, time\n"
        f"time.sleep({PATIENCE} if os.environ['RANK'] == '0' else 0)\n"
        "print('error: planted', file=sys.stderr)\n"
        "sys.exit(3)\n"
    )
    process = together(warm, "planted", repository=repository, PYTHONPATH=str(tmp_path))
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert said.count("error: planted") == 1
    assert "Traceback" not in said


# --- without any other process ------------------------------------------------------------------


def as_launched(monkeypatch: pytest.MonkeyPatch, *, rank: int, size: int) -> None:
    for name, value in {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size}.items():
        monkeypatch.setenv(name, str(value))


def test_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Processes.launched() == ALONE
    as_launched(monkeypatch, rank=2, size=4)
    launched = Processes.launched()
    assert (launched.rank, launched.size, launched.local_rank) == (2, 4, 2)
    assert not launched.first
    assert launched.share(np.arange(11)).tolist() == [2, 6, 10]


def test_a_batch_too_small_for_the_processes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_launched(monkeypatch, rank=0, size=9)
    with pytest.raises(SpecError, match=r"batch of 16 is too small for 9 processes.*batch to 18"):
        whole_training(0, data, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    used: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "set_device", used.append)
    with torch.backends.cudnn.flags(enabled=True, deterministic=False):
        assert _device("auto", Processes(rank=5, size=8, local_rank=1)) == torch.device("cuda:1")
        assert torch.backends.cudnn.deterministic
    assert used == [torch.device("cuda:1")]  # and no context on the first GPU
    assert _device("cpu", Processes(rank=5, size=8, local_rank=1)) == CPU
    with pytest.raises(SpecError, match="process 2 of this machine finds no GPU of its own among"):
        _device("cuda", Processes(rank=6, size=8, local_rank=2))
