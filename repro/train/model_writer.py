"""The end of a training: freeze the batch statistics and write the model folder.

Where in the flow: repro.train.loop calls `write_model` when the minibatches are done (or were ended
early); every experiment reads the folder through repro.networks.model_folder.ModelFolder. Besides
the weights the folder holds the sample sheets and their animation, the curves, real and generated
images side by side, the rows trained on, and health.json with the findings of the monitor.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file
from torch import Tensor, nn

from repro import rng
from repro.artefacts.whole_file import write_json
from repro.figures.animation import save_animation
from repro.figures.drawing import grid, save_figure, save_picture, training_curves
from repro.figures.style import Style
from repro.networks.dcgan import freeze_statistics, parameter_count
from repro.networks.model_card import CARD_FILE, model_card
from repro.networks.model_folder import (
    DISCRIMINATOR_FILE,
    GENERATOR_FILES,
    draw,
    read_log,
    save_network,
)
from repro.train.monitor import Finding, Monitor
from repro.train.trainer import SHEET_SIDE, Trainer

Batches = Callable[[Trainer], Iterator[tuple[Tensor | None, ...]]]


def write_model(
    trainer: Trainer, *, state: Path, out: Path, monitor: Monitor, style: Style
) -> None:
    """Freeze the statistics of the networks and write the model folder `out`.

    state: the folder with log.jsonl, samples/ and the generators stored during training.
    """
    shutil.copytree(state / "samples", out / "samples")
    shutil.copy(state / "log.jsonl", out / "log.jsonl")
    freeze_statistics(trainer.D, _real_batches(trainer))
    save_network(trainer.D, out / DISCRIMINATOR_FILE)
    freeze_statistics(trainer.kept_g, latent_batches(trainer))
    save_network(trainer.kept_g, out / GENERATOR_FILES["final"])
    _save_pictures(trainer, out, style)
    _freeze_kept(trainer, state, out)
    np.save(out / "training_rows.npy", trainer.images.rows)
    log = read_log(out / "log.jsonl")
    began = {finding.trouble: finding.step for finding in monitor.findings}
    save_figure(out / "curves.png", training_curves(log, began=began), style=style)
    done = int(log["step"].max())
    ended = done if done < trainer.schedule.length else None
    write_health(out, monitor.findings, stopped_at=ended, stop_on=trainer.spec.training.stop_on)
    description = {**_description(trainer, done=done), "banner": style.banner}
    write_json(out / "spec.json", description)
    card = model_card(
        description,
        log.ffill().iloc[-1].to_dict(),
        [f"{found.trouble.replace('_', ' ')} since {found.step:,}" for found in monitor.findings],
    )
    (out / CARD_FILE).write_text(card, encoding="utf-8")


def _save_pictures(trainer: Trainer, out: Path, style: Style) -> None:
    """Write samples, the same next to real images, and the animation of the sample sheets."""
    samples = draw(trainer.kept_g, trainer.sheet_latents(), trainer.sheet_labels())
    picture = grid(samples, SHEET_SIDE)
    save_picture(out / "samples.png", picture, style=style)
    places = np.full_like(samples, 255)  # white where there are fewer images than samples
    real = real_images(trainer, count=len(samples))
    places[: len(real)] = real
    gap = np.full((len(picture), 16, picture.shape[2]), 255, np.uint8)
    save_picture(
        out / "real_and_generated.png",
        np.concatenate([grid(places, SHEET_SIDE), gap, picture], axis=1),
        title="left: training images; right: generated",
        style=style,
    )
    save_animation(out / "samples.webp", sorted((out / "samples").glob("step_*.png")))


def real_images(trainer: Trainer, *, count: int) -> np.ndarray:
    """`count` training images (count, H, W, C) uint8, drawn by the seed; fewer if there are fewer.

    With labels each row of the sheet has one class, like the generated ones.
    """
    order = rng.shuffled(
        len(trainer.images), seed=trainer.seed, purpose="real images beside generated ones"
    )
    labels = trainer.images.labels
    if labels is not None:
        order = np.concatenate(
            [
                np.resize(order[labels[order] == one], SHEET_SIDE)
                for one in range(trainer.spec.network.classes)
                if (labels == one).any()
            ]
        )
    return np.asarray(trainer.images.store.images[trainer.images.rows[order[:count]]])


def _freeze_kept(trainer: Trainer, state: Path, out: Path) -> None:
    """Freeze the networks stored during training; G and D are the last of them afterwards.

    Where the training ended before the early snapshot, the last G replaces it.
    """
    early = GENERATOR_FILES["early"]
    if not (state / early).is_file():
        save_network(trainer.kept_g, out / early)
    of_d = sorted(state.glob("snapshots/discriminator_*"))
    of_g = sorted({*state.glob("early_*.safetensors"), *state.glob("snapshots/*")} - {*of_d})
    kept: list[tuple[list[Path], nn.Module, Batches]] = [
        (of_g, trainer.kept_g, latent_batches),
        (of_d, trainer.D, _real_batches),
    ]
    for paths, network, batches in kept:
        for path in paths:
            network.load_state_dict(load_file(path))
            freeze_statistics(network, batches(trainer))
            target = out / path.relative_to(state)
            target.parent.mkdir(exist_ok=True)
            save_network(network, target)


def _real_batches(trainer: Trainer) -> Iterator[tuple[Tensor | None, ...]]:
    """(images, labels) of real minibatches in a random order, for the statistics of D."""
    training = trainer.spec.training
    order = rng.shuffled(len(trainer.images), seed=trainer.seed, purpose="statistics of D")
    whole = max(1, len(order) // training.batch)
    for i in range(min(training.statistics_batches, whole)):
        rows = order[i * training.batch : (i + 1) * training.batch]
        yield trainer.images.batch(rows), trainer.images.labels_of(rows)


def latent_batches(trainer: Trainer) -> Iterator[tuple[Tensor | None, ...]]:
    """(z, labels) for the statistics of G: labels are as frequent as in the training images."""
    batch = trainer.spec.training.batch
    for i in range(trainer.spec.training.statistics_batches):
        z = trainer.latents(batch, purpose="statistics of G", index=i)
        source = rng.generator(trainer.seed, "labels of the statistics of G", i)
        rows = source.integers(0, len(trainer.images), batch)
        yield z, trainer.images.labels_of(rows)


def write_health(
    folder: Path,
    findings: list[Finding],
    *,
    stopped_at: int | None,
    stop_on: tuple[str, ...] = (),
) -> None:
    """Write health.json: troubles with the minibatch where each began, and where training ended."""
    values = {
        "findings": [asdict(finding) for finding in findings],
        "stopped_early_at": stopped_at,
        "stop_on": list(stop_on),
    }
    write_json(folder / "health.json", values)


def _description(trainer: Trainer, *, done: int) -> dict[str, Any]:
    schedule = trainer.schedule
    steps_d, steps_g = schedule.steps(done)
    return {
        "spec": trainer.spec.model_dump(),
        "seed": trainer.seed,
        "images": len(trainer.images),
        "minibatches": done,
        "minibatches_per_epoch": schedule.per_epoch,
        "early_minibatch": min(schedule.early, done),
        "steps_d": steps_d,
        "steps_g": steps_g,
        "processes": trainer.processes.size,
        "parameters": {"G": parameter_count(trainer.kept_g), "D": parameter_count(trainer.D)},
    }
