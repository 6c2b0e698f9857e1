"""The training of a DCGAN: dataset folder in, model folder out (paper §4; authors' loop).

One "epoch" is one pass over the images: N / batch minibatches. The authors' alternating schedule
uses half of them for G and half for D; the usual one-of-each schedule makes one D step and one G
step with each. spec.json counts both.

Every draw is a function of (seed, purpose, minibatch), so a killed run that is started again by the
same command continues from its last state and ends in the same bytes.

While it runs, the state folder holds log.jsonl (losses, probabilities, diversity of the sample
sheets, troubles by name), samples/ and resume states; `python -m repro tensorboard FOLDER --out
VIEW` shows the first two.

Where in the flow: `python -m repro.train` calls `train`; repro.train.trainer has the step, and
repro.train.state_folder and repro.train.model_writer write the files.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from repro.artefacts.folder_lock import exclusive_lock
from repro.artefacts.provenance import sha256_of_json
from repro.artefacts.recipe import Recipe, is_made
from repro.artefacts.step_folder import step_folder
from repro.data.store import ImageStore
from repro.devices import chosen_device, use
from repro.figures.style import Style
from repro.progress import Progress
from repro.specs.model import ModelSpec
from repro.specs.training import TrainingSpec
from repro.specs.validation import SpecError
from repro.train.minibatches import Images
from repro.train.model_writer import write_model
from repro.train.monitor import Monitor
from repro.train.processes import ALONE, Processes
from repro.train.resume_state import latest_state, save_state
from repro.train.state_folder import TrainingRecord, discard_state, open_state_folder
from repro.train.stopping import stopped, stopping
from repro.train.trainer import Trainer, TrainingError, with_precision


def train(
    *,
    spec: ModelSpec,
    data: Path,
    dedup: Path | None,
    state_folder: Path,
    out: Path,
    seed: int,
    device: str = "auto",
    banner: str = "",
    cuda_graphs: bool = False,
    recipe: Recipe | None = None,
) -> None:
    """Train `spec` on the dataset folder `data`, without the images that `dedup` removes.

    state_folder keeps the resume states and the sample sheets while training; it is removed when
    the model folder `out` is complete. A model that `recipe` has made already is left alone; one
    made otherwise is moved aside when the new one is whole. Raises SpecError when network and
    images do not fit or resuming would mix settings or code, TrainingError when the losses are no
    longer finite, InUseError where another process is training there, and the errors of
    step_folder.
    """
    processes = Processes.launched()
    inputs = {"data": data, **({"dedup": dedup} if dedup else {})}
    if is_made(out, recipe, inputs):
        if processes.first:
            discard_state(state_folder, recipe)  # left by a training killed at its very end
        return
    chosen = _device(device, processes)
    spec = with_precision(spec, chosen)
    store = ImageStore.open(data)
    _check_fit(spec, store, data)
    style = Style(banner=banner)
    with _prepared(
        spec=spec,
        store=store,
        inputs=inputs,
        state_folder=state_folder,
        out=out,
        seed=seed,
        recipe=recipe,
        processes=processes,
    ) as (building, rows):
        network = spec.network
        images = Images(store, rows, chosen, low=network.pixel_low, classes=network.classes)
        with processes.connected(chosen):
            trainer = Trainer(
                spec=spec,
                images=images,
                seed=seed,
                device=chosen,
                processes=processes,
                cuda_graphs=cuda_graphs,
            )
            monitor = _run(trainer, state_folder, style, name=out.name)
        if monitor is not None:
            write_model(
                trainer,
                state=state_folder,
                out=building,
                monitor=monitor,
                style=style,
            )
    if processes.first:
        shutil.rmtree(state_folder)


@contextmanager
def _prepared(
    *,
    spec: ModelSpec,
    store: ImageStore,
    inputs: dict[str, Path],
    state_folder: Path,
    out: Path,
    seed: int,
    recipe: Recipe | None,
    processes: Processes,
) -> Iterator[tuple[Path, np.ndarray]]:
    """The folder where the model is built, whole at the end, and the rows (N,) to train on.

    Only the first process locks and opens the folders, and compares the inputs with their records.
    """
    dedup = inputs.get("dedup")
    with ExitStack() as held:
        building = out
        if processes.first:
            held.enter_context(exclusive_lock(state_folder))
            step = step_folder(
                out,
                inputs=inputs,
                spec=spec.model_dump(),
                seed=seed,
                recipe=recipe,
                keep_older=True,
            )
            building = held.enter_context(step)
        rows = np.arange(len(store)) if dedup is None else _kept_rows(dedup)
        _check_batch(spec.training.batch, images=len(rows), data=store.folder, processes=processes)
        if processes.first:
            given = _settings(spec, seed, store, rows if dedup else None, processes)
            open_state_folder(state_folder, given, recipe=recipe)
        yield building, rows


def _kept_rows(dedup: Path) -> np.ndarray:
    return np.flatnonzero(np.load(dedup / "keep.npy"))


def _settings(
    spec: ModelSpec, seed: int, store: ImageStore, kept: np.ndarray | None, processes: Processes
) -> dict[str, Any]:
    """The settings that a resumed training must share; a state with others is not resumed.

    Device, threads and --cuda-graphs are not compared: they may change the last digits. The
    precision is the one that the first device chose.
    """
    return {
        "spec": spec.model_dump(),
        "seed": seed,
        "images": store.manifest["images_sha256"],
        "rows": "all" if kept is None else sha256_of_json(kept.tolist()),
        "processes": processes.size,
    }


def _check_fit(spec: ModelSpec, store: ImageStore, data: Path) -> None:
    size, channels = store.images.shape[1], store.images.shape[3]
    wanted = spec.network.image_size, spec.network.channels
    if (size, channels) != wanted:
        raise SpecError(
            f"{data} holds images of {size} px with {channels} channels, but the network is for "
            f"{wanted[0]} px with {wanted[1]}; set image_size and channels of both alike"
        )


def _check_batch(batch: int, *, images: int, data: Path, processes: Processes) -> None:
    if images < batch:
        raise SpecError(
            f"{data}: {images} images are fewer than one batch of {batch}; lower training.batch "
            "or give more images (skipped.csv there lists what could not be read)"
        )
    if batch < 2 * processes.size:
        raise SpecError(
            f"a batch of {batch} is too small for {processes.size} processes: each needs at least "
            f"2 images of it for its batch statistics; raise training.batch to "
            f"{2 * processes.size} or start fewer processes"
        )


def _device(name: str, processes: Processes = ALONE) -> torch.device:
    """The device of this process: with several processes, each has its own GPU."""
    device = chosen_device(name, own=processes.size == 1)
    if device.type != "cuda" or processes.size == 1:
        return device
    if processes.local_rank >= torch.cuda.device_count():
        raise SpecError(
            f"process {processes.local_rank} of this machine finds no GPU of its own among "
            f"{torch.cuda.device_count()}; lower --nproc_per_node to that, or use --device cpu"
        )
    return use(torch.device("cuda", processes.local_rank))


class _Due(NamedTuple):
    """What follows a minibatch: a line of the log, a sample sheet, a state to resume from."""

    logs: bool
    draws: bool
    saves: bool

    @classmethod
    def after(cls, done: int, training: TrainingSpec, *, last: bool) -> "_Due":
        every = (training.log_every, training.sample_every, training.checkpoint_every)
        return cls(*(last or done % each == 0 for each in every))


def _run(trainer: Trainer, folder: Path, style: Style, *, name: str) -> Monitor | None:
    """Run all minibatches from the last state on; writes log, sheets and snapshots to `folder`.

    name: of the model, for messages. Returns the monitor, which only the first process has.
    """
    schedule, training, processes = trainer.schedule, trainer.spec.training, trainer.processes
    start = _resume(trainer, folder)
    record = TrainingRecord(trainer, folder, style, start=start) if processes.first else None
    stops = processes.from_first(record is not None and record.log.stops, trainer.device)
    progress = Progress(
        f"training of {name}",
        unit="minibatches",
        initial=start,
        total=schedule.length,
        shown=processes.first,
    )
    with progress, stopping(alone=processes.size == 1) as stop_request:
        for t in range(start, schedule.length):
            if stops:
                break
            trainer.step(t)
            done = t + 1
            last = done == schedule.length
            due = _Due.after(done, training, last=last)
            if any(due):
                _check_finite(trainer, record, done)
            line = trainer.log_line(done) if due.logs else None
            if line:
                progress.note(_losses(line))
            if record:
                record.after(done, line=line, draws=due.draws)
            if due.logs or due.draws:  # either may have revealed a trouble
                ends = record is not None and record.log.stops
                stops = processes.from_first(ends, trainer.device)
            signal = stop_request.agreed(done, processes, trainer.device)
            if due.saves or stops or signal:
                state = trainer.state()
                if processes.first:
                    save_state(folder, done, state)
            progress.update()
            if signal and not last:
                processes.from_first(True, trainer.device)  # the others wait for the state
                raise stopped(signal, done, processes)
    return record.log.monitor if record else None


def _losses(line: Mapping[str, float | int]) -> str:
    """The losses in a line of the log, as text."""
    names = {"loss_d": "loss of D", "loss_g": "loss of G"}
    return ", ".join(f"{words} {line[key]:.2f}" for key, words in names.items() if key in line)


def _check_finite(trainer: Trainer, record: TrainingRecord | None, done: int) -> None:
    """End a training whose losses are no longer finite; log and health.json say when it began."""
    try:
        trainer.check_finite()
    except TrainingError as error:
        if record:
            record.failed(done, error)
        raise


def _resume(trainer: Trainer, folder: Path) -> int:
    """Load the newest state into all processes; returns the number of minibatches done."""
    processes, device = trainer.processes, trainer.device
    found = latest_state(folder, device) if processes.first else None
    state = processes.from_first(found, device)
    if state is None:
        return 0
    trainer.load(state)
    return int(state["step"])
