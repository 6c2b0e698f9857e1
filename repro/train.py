"""Train a DCGAN: dataset folder in, model folder out (paper §4; authors' loop).

One "epoch" is one pass over the images: N / batch minibatches, of which the authors' alternating
schedule spends half on G and half on D, and the usual one-of-each schedule one D and one G step
each; spec.json counts both.

Every draw is a function of (seed, purpose, minibatch), so a run that was killed and is started
again by the same command continues from its last state and ends in the same bytes.

    python -m repro.train --spec SPEC.json --data DATASET [--dedup DIR] --state DIR --out DIR
"""

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from tqdm import tqdm

from repro import random
from repro.checkpoint import (
    DISCRIMINATOR_FILE,
    GENERATOR_FILES,
    draw,
    latest_state,
    read_log,
    save_network,
    save_state,
)
from repro.figures import Style, grid, save_figure, save_picture, training_curves
from repro.minibatches import Images
from repro.networks import freeze_statistics, parameter_count
from repro.provenance import sha256_of_json, step_folder, write_json
from repro.specs import ModelSpec, SpecError, validated
from repro.store import ImageStore
from repro.trainer import SHEET_SIDE, Trainer


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
) -> None:
    """Train `spec` on the dataset folder `data`, without what the folder `dedup` leaves out.

    state_folder keeps the resume states and the sample sheets while training; it is removed when
    the model folder `out` stands. Raises SpecError when network and images do not fit or resuming
    would mix settings, TrainingError when the losses are no longer finite.
    """
    store = ImageStore.open(data)
    _check_fit(spec, store, data)
    chosen = _device(device)
    rows = np.arange(len(store)) if dedup is None else np.flatnonzero(np.load(dedup / "keep.npy"))
    if len(rows) < spec.training.batch:
        raise SpecError(
            f"{data}: {len(rows)} images are fewer than one batch of {spec.training.batch}; "
            "lower training.batch or give more images"
        )
    style = Style(banner=banner)
    inputs = {"data": data, **({"dedup": dedup} if dedup else {})}
    settings = {
        "spec": spec.model_dump(),
        "seed": seed,
        "images": store.manifest["images_sha256"],
        "rows": sha256_of_json(rows.tolist()) if dedup else "all",
    }
    _open_state_folder(state_folder, settings)
    images = Images(store, rows, chosen, low=spec.network.pixel_low, classes=spec.network.classes)
    trainer = Trainer(spec=spec, images=images, seed=seed, device=chosen)
    with step_folder(out, inputs=inputs, spec=spec.model_dump(), seed=seed) as building:
        _run(trainer, state_folder, style)
        _write_model(trainer, state_folder, building, style)
    shutil.rmtree(state_folder)


def _check_fit(spec: ModelSpec, store: ImageStore, data: Path) -> None:
    size, channels = store.images.shape[1], store.images.shape[3]
    wanted = spec.network.image_size, spec.network.channels
    if (size, channels) != wanted:
        raise SpecError(
            f"{data} holds images of {size} px with {channels} channels, but the network is for "
            f"{wanted[0]} px with {wanted[1]}; set image_size and channels of both alike"
        )


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise SpecError("--device cuda: PyTorch finds no GPU here; use --device cpu")
    return torch.device(name)


def _open_state_folder(folder: Path, settings: dict[str, Any]) -> None:
    """Make the state folder, or check that the states in it are of the same training."""
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    path = folder / "settings.json"
    settings = json.loads(json.dumps(settings))
    if path.is_file():
        before = _flat(json.loads(path.read_text()))
        now = _flat(settings)
        changed = [
            f"  {key}: {before.get(key)!r} -> {now.get(key)!r}"
            for key in sorted(before.keys() | now.keys())
            if before.get(key) != now.get(key)
        ]
        if changed:
            raise SpecError(
                f"{folder} holds the state of an unfinished training with other settings:\n"
                + "\n".join(changed)
                + "\nrestore them to resume it, or delete that folder to start anew"
            )
    write_json(path, settings)


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    parts = [_flat(v, f"{prefix}.{k}" if prefix else k) for k, v in value.items()]
    return {key: v for part in parts for key, v in part.items()}


def _run(trainer: Trainer, folder: Path, style: Style) -> None:
    """All minibatches from the last state on; leaves log, sheets and snapshots in `folder`."""
    schedule, training = trainer.schedule, trainer.spec.training
    state = latest_state(folder, trainer.device)
    start = 0
    if state is not None:
        trainer.load(state)
        start = int(state["step"])
    log = folder / "log.jsonl"
    _cut_log(log, start)
    progress = tqdm(
        range(start, schedule.length), initial=start, total=schedule.length, disable=None
    )
    for t in progress:
        trainer.step(t)
        done = t + 1
        last = done == schedule.length
        if done % training.log_every == 0 or last:
            line = trainer.log_line(done)
            with log.open("a") as stream:
                stream.write(json.dumps(line) + "\n")
            progress.set_postfix({k: line[k] for k in ("loss_d", "loss_g") if k in line})
        if done % training.sample_every == 0 or last:
            sheet = folder / "samples" / f"step_{done:08d}.png"
            save_picture(sheet, grid(trainer.sheet(), SHEET_SIDE), style=style)
        if done == schedule.early:
            save_network(trainer.G, folder / "early.partial")
            (folder / "early.partial").replace(folder / GENERATOR_FILES["early"])
        if done % training.checkpoint_every == 0 or last:
            save_state(folder, done, trainer.state())


def _cut_log(log: Path, start: int) -> None:
    """Drop the lines after minibatch `start`: they will be written again."""
    lines = log.read_text().splitlines(keepends=True) if log.is_file() else []
    # a line that a kill cut short can only be the last, and is after `start`
    kept = [line for line in lines if line.endswith("}\n") and json.loads(line)["step"] <= start]
    log.write_text("".join(kept))


def _write_model(trainer: Trainer, folder: Path, out: Path, style: Style) -> None:
    """Freeze the statistics of the networks and write the model folder."""
    shutil.copytree(folder / "samples", out / "samples")
    shutil.copy(folder / "log.jsonl", out / "log.jsonl")
    freeze_statistics(trainer.D, _real_batches(trainer))
    save_network(trainer.D, out / DISCRIMINATOR_FILE)
    freeze_statistics(trainer.G, _latent_batches(trainer))
    save_network(trainer.G, out / GENERATOR_FILES["final"])
    samples = draw(trainer.G, trainer.sheet_latents(), trainer.sheet_labels())
    save_picture(out / "samples.png", grid(samples, SHEET_SIDE), style=style)
    _freeze_early(trainer, folder, out)
    save_figure(out / "curves.png", training_curves(read_log(out / "log.jsonl")), style=style)
    write_json(out / "spec.json", _description(trainer))


def _freeze_early(trainer: Trainer, folder: Path, out: Path) -> None:
    trainer.G.load_state_dict(load_file(folder / GENERATOR_FILES["early"]))
    freeze_statistics(trainer.G, _latent_batches(trainer))
    save_network(trainer.G, out / GENERATOR_FILES["early"])


def _real_batches(trainer: Trainer) -> Iterator[tuple[Tensor | None, ...]]:
    """(images, labels) of real minibatches in a random order, for the statistics of D."""
    for rows in _statistics_rows(trainer):
        yield trainer.images.batch(rows), trainer.images.labels_of(rows)


def _latent_batches(trainer: Trainer) -> Iterator[tuple[Tensor | None, ...]]:
    """(z, labels) for the statistics of G: labels as frequent as in the training images."""
    batch = trainer.spec.training.batch
    for i in range(trainer.spec.training.statistics_batches):
        z = trainer.latents(batch, purpose="statistics of G", index=i)
        source = random.generator(trainer.seed, "labels of the statistics of G", i)
        rows = source.integers(0, len(trainer.images), batch)
        yield z, trainer.images.labels_of(rows)


def _statistics_rows(trainer: Trainer) -> Iterator[np.ndarray]:
    training = trainer.spec.training
    order = random.shuffled(len(trainer.images), seed=trainer.seed, purpose="statistics of D")
    whole = max(1, len(order) // training.batch)
    for i in range(min(training.statistics_batches, whole)):
        yield order[i * training.batch : (i + 1) * training.batch]


def _description(trainer: Trainer) -> dict[str, Any]:
    steps_d, steps_g = trainer.schedule.steps()
    return {
        "spec": trainer.spec.model_dump(),
        "seed": trainer.seed,
        "images": len(trainer.images),
        "minibatches": trainer.schedule.length,
        "minibatches_per_epoch": trainer.schedule.per_epoch,
        "early_minibatch": trainer.schedule.early,
        "steps_d": steps_d,
        "steps_g": steps_g,
        "parameters": {"G": parameter_count(trainer.G), "D": parameter_count(trainer.D)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spec", type=Path, required=True, help="JSON of a ModelSpec and a seed")
    parser.add_argument("--data", type=Path, required=True, help="prepared dataset folder")
    parser.add_argument(
        "--dedup", type=Path, help="de-duplication folder; default: keep all images"
    )
    parser.add_argument("--state", type=Path, required=True, help="folder of the resume states")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default auto)")
    parser.add_argument("--threads", type=int, help="CPU threads (default: PyTorch's choice)")
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    values = json.loads(given.spec.read_text())
    train(
        spec=validated(ModelSpec, values["model"], where=str(given.spec)),
        data=given.data,
        dedup=given.dedup,
        state_folder=given.state,
        out=given.out,
        seed=values["seed"],
        device=given.device,
        banner=values.get("banner", ""),
    )


if __name__ == "__main__":
    main()
