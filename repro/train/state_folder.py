"""The state folder of a training: the files it leaves while running, and from which it resumes.

    settings.json        what is trained; resuming with other settings is refused
    recipe.json          the meaning of each source file; resuming with other code is refused
    step_NNNNNNNN.pt     the last two resume states (repro.train.resume_state)
    log.jsonl samples/   losses, diversity and troubles; sheets of a fixed z
    early_generator.safetensors    G at the early snapshot (paper Fig 2)
    snapshots/           G and D after the minibatches that training.snapshots names
    health.json          only where a loss became NaN or infinite: since which minibatch

Where in the flow: repro.train.loop opens it and calls `TrainingRecord` to write what is due;
repro.train.model_writer copies from it. It is next to the model folder, undeclared to Snakemake,
so that a failed job keeps it.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from torch import nn

from repro.artefacts.disk_full import naming_full_disk
from repro.artefacts.recipe import Recipe, differing, shorten_list
from repro.artefacts.whole_file import write_json
from repro.figures.drawing import grid, save_picture
from repro.figures.style import Style
from repro.networks.model_folder import GENERATOR_FILES, save_network, snapshot_file
from repro.specs.validation import SpecError, read_step
from repro.train.log import Log
from repro.train.model_writer import real_images, write_health
from repro.train.monitor import Finding, diversity
from repro.train.trainer import SHEET_SIDE, Trainer, TrainingError

RECIPE = "recipe.json"
REAL_IMAGES = 256  # sample size for the diversity of real images
HARDLY_ANY = 1.0  # grey level: diversity of real images that are nearly all alike


def open_state_folder(
    folder: Path, settings: dict[str, Any], *, recipe: Recipe | None = None
) -> None:
    """Create the state folder, or check that its states belong to the same training.

    recipe: of the model; a folder without one is accepted. Raises SpecError that lists the
    differences: settings, before and now, or source files.
    """
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    _same_settings(folder, settings)
    if recipe is not None:
        _same_code(folder / RECIPE, recipe)
        write_json(folder / RECIPE, recipe.recorded())


def discard_state(folder: Path, recipe: Recipe | None) -> None:
    """Remove the state folder of a finished training, unless it has another recipe."""
    path = folder / RECIPE
    if recipe is not None and path.is_file() and read_step(path) == recipe.recorded():
        shutil.rmtree(folder)


def _same_code(path: Path, now: Recipe) -> None:
    before = read_step(path).get("code", {}) if path.is_file() else now.code
    if changed := differing(before, now.code):
        raise SpecError(
            f"{path.parent} holds the state of an unfinished training by other code "
            f"({shorten_list(changed)}): its result would belong to neither. Restore the code to "
            f"resume it, delete {path} to continue with the present code nevertheless, or delete "
            "the folder to start anew"
        )


def _same_settings(folder: Path, settings: dict[str, Any]) -> None:
    path = folder / "settings.json"
    settings = json.loads(json.dumps(settings))
    if path.is_file():
        try:
            before = _flat(json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise SpecError(
                f"{path}: not valid JSON ({error}); delete that folder to start anew"
            ) from None
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
                + _of_another_machine(before, now)
                + "\nrestore them to resume it, or delete that folder to start anew"
            )
    write_json(path, settings)


def _of_another_machine(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Why a training cannot continue here, where `precision: auto` chose differently."""
    key = "spec.training.precision"
    if before.get(key) == now.get(key):
        return ""
    return (
        "\nwith `precision: auto` the processor decides, and this one decides differently from the "
        "one where the training began: continue there, or set the precision in the run file"
    )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    parts = [_flat(v, f"{prefix}.{k}" if prefix else k) for k, v in value.items()]
    return {key: v for part in parts for key, v in part.items()}


class TrainingRecord:
    """Writes the files of a running training to its state folder; only in the first process."""

    def __init__(self, trainer: Trainer, folder: Path, style: Style, *, start: int) -> None:
        self.trainer, self.folder, self.style = trainer, folder, style
        stop_on = trainer.spec.training.stop_on
        self.log = Log(folder / "log.jsonl", start=start, stop_on=stop_on)
        self.real_diversity = diversity(real_images(trainer, count=REAL_IMAGES))
        (folder / "health.json").unlink(missing_ok=True)

    def after(self, done: int, *, line: dict[str, float | int] | None, draws: bool) -> None:
        """Write the line of the log and the sample sheet that are due after `done` minibatches."""
        if line:
            self.log.append(line)
        if draws:
            self._sheet(done)
        if done == self.trainer.schedule.early:
            self._keep(self.trainer.kept_g, GENERATOR_FILES["early"])
        if done in self.trainer.schedule.snapshots:
            networks = {"generator": self.trainer.kept_g, "discriminator": self.trainer.D}
            for which in self.trainer.spec.training.snapshots_of:
                self._keep(networks[which], snapshot_file(done, which))

    def _keep(self, network: nn.Module, name: str) -> None:
        """Store a network as it is, whole or not at all; its statistics are frozen at the end."""
        temporary, path = self.folder / "network.partial", self.folder / name
        path.parent.mkdir(exist_ok=True)
        with naming_full_disk(path):
            save_network(network, temporary)
        temporary.replace(path)

    def _sheet(self, done: int) -> None:
        """Write the sample sheet, and its diversity to the log."""
        pictures = self.trainer.sheet()
        sheet = self.folder / "samples" / f"step_{done:08d}.png"
        save_picture(sheet, grid(pictures, SHEET_SIDE), style=self.style)
        share = round(diversity(pictures) / max(self.real_diversity, HARDLY_ANY), 4)
        epoch = self.trainer.schedule.epoch(done)
        self.log.append({"step": done, "epoch": epoch, "diversity": share})

    def failed(self, done: int, error: TrainingError) -> None:
        """Record in the log and health.json that losses are not finite, noticed after `done`."""
        self.log.append({"step": done, "trouble": ["not_finite"], "since": error.minibatch})
        finding = Finding("not_finite", error.minibatch, str(error))
        write_health(self.folder, [*self.log.monitor.findings, finding], stopped_at=done)
