"""From a folder of pictures to a trained model in one command: prepare, train, draw samples.

    dcgan train ~/cats --out cats                          preset small_folder, 64x64
    dcgan train ~/cats --out cats --minutes 30 --image-size 128
    dcgan train --data PREPARED --out cats                 a dataset that is prepared already

It writes cats/data, the prepared pictures, and cats/model, the same model folder as the pipeline's;
while it trains, cats/state holds the losses and the newest sample sheets. The same command
continues where an interrupted one stopped. Where in the flow: it calls the pipeline's own steps,
data_prep.prepare and repro.train, one after the other. With --spec it is the step itself (python -m
repro.train).
"""

import argparse
import json
import math
import shlex
import sys
import time
from pathlib import Path

import numpy as np
import torch

from data_prep.parts import modules_of
from data_prep.prepare import prepare
from repro.artefacts.recipe import Recipe
from repro.artefacts.whole_file import write_json
from repro.command_line import (
    above_zero,
    add_device,
    add_seed,
    add_threads,
    at_least_one,
    new_parser,
    run_main,
)
from repro.data.store import ImageStore
from repro.devices import chosen_device, keep_freed_memory, wait_for
from repro.progress import REPORTER
from repro.specs.dataset import DatasetSpec
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.presets import PresetSpec, find_preset
from repro.specs.training import TrainingSpec
from repro.specs.validation import SpecError, Strict, read_step, validated
from repro.train import __main__ as step
from repro.train.loop import train
from repro.train.minibatches import Images, Schedule
from repro.train.trainer import Trainer

STEP = "--spec"  # the option by which the pipeline's step is known
CALL_FILE = "call.json"  # what the command was given, in the folder it writes
WARM_UP, TIMED = 3, 10.0  # minibatches before the timing of --minutes, and its seconds


class Call(Strict):
    """What decides the model, as the command was given it, and the passes that follow from it.

    images: of which the passes follow; other passes follow from another number of pictures.
    """

    pictures: str
    preset: str
    image_size: int
    channels: int
    batch: int | None
    length: str  # e.g. "3 epochs", "500 minibatches", "30 minutes"; "" the preset's
    seed: int
    epochs: float = 0.0
    images: int = 0


def main(argv: list[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else argv
    if any(word.partition("=")[0] == STEP for word in argv):
        step.main(argv)
        return
    given = _parser().parse_args(argv)
    if (given.folder is None) == (given.data is None):
        _parser().error("give a folder of pictures, or a prepared dataset as --data")
    keep_freed_memory()
    if given.threads:
        torch.set_num_threads(given.threads)
    train_folder(given)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("train", __doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="pictures, in any sub-folders")
    parser.add_argument("--data", type=Path, help="instead: a prepared dataset")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--preset",
        default="small_folder",
        help="recipe (default %(default)s; dcgan presets lists them)",
    )
    parser.add_argument("--image-size", type=at_least_one, default=64, help="pixels (default 64)")
    parser.add_argument("--channels", type=int, choices=(1, 3), default=3, help="1 is grey")
    parser.add_argument("--batch", type=at_least_one, help="pictures a minibatch")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=above_zero, help="passes over the pictures")
    length.add_argument("--minibatches", type=at_least_one, metavar="N")
    length.add_argument(
        "--minutes", type=above_zero, help="of training; ten seconds of it are timed first"
    )
    add_seed(parser)
    add_device(parser)
    add_threads(parser)
    return parser


def train_folder(given: argparse.Namespace) -> None:
    """Prepare the pictures, decide the length of the training, train; print where the model is.

    Raises SpecError for an unknown preset, too few pictures, or an `out` of another call, and the
    errors of `prepare` and `train`.
    """
    preset = _preset(given.preset)
    out, data = given.out, given.data or given.out / "data"
    call, before = _call(given), _call_before(out)
    _refuse_other(out, before, call)
    if given.data is None:
        _refuse_nesting(given.folder, out)
        _prepare(given.folder, data, size=given.image_size, channels=given.channels)
    store = ImageStore.open(data)
    spec = _spec(preset, store, given)
    _require_enough(store, spec.training.batch, given.data or given.folder)
    if before and before.images == len(store):
        epochs = before.epochs
    else:
        epochs = _epochs(spec, store, given)
    spec = _with_training(spec, epochs=epochs)
    out.mkdir(parents=True, exist_ok=True)
    decided = call.model_copy(update={"epochs": epochs, "images": len(store)})
    write_json(out / CALL_FILE, decided.model_dump())
    values = {"model": spec.model_dump(mode="json"), "seed": given.seed}
    REPORTER.say(f"sample sheets appear in {out / 'state' / 'samples'}")
    train(
        spec=spec,
        data=data,
        dedup=None,
        state_folder=out / "state",
        out=out / "model",
        seed=given.seed,
        device=given.device,
        recipe=Recipe.of("repro.train", settings=values),
    )
    model = out / "model"
    more = shlex.join(["dcgan", "sample", str(model), "--out", str(out / "samples")])
    print(
        f"trained: {model}\nlook at {model / 'samples.png'} and {model / 'real_and_generated.png'}"
        f"\nmore samples: {more}"
    )


def _preset(name: str) -> PresetSpec:
    preset = find_preset(name).spec
    if preset.network.classes:
        raise SpecError(
            f"--preset: '{name}' needs pictures with labels; take another one "
            "(python -m repro presets), or a run file (docs/real_images.md)"
        )
    return preset


def _refuse_nesting(folder: Path, out: Path) -> None:
    if out.resolve().is_relative_to(folder.resolve()):
        raise SpecError(
            f"--out {out} is inside {folder}, whose pictures are read with all sub-folders; name a "
            "folder elsewhere"
        )


def _prepare(folder: Path, data: Path, *, size: int, channels: int) -> None:
    spec = DatasetSpec(source="folder", image_size=size, channels=channels)
    values = spec.model_dump(mode="json")
    prepare(spec=spec, raw=folder, out=data, recipe=Recipe.of(*modules_of(spec), settings=values))
    manifest = json.loads((data / "manifest.json").read_text(encoding="utf-8"))
    skipped = ", ".join(f"{n} {reason}" for reason, n in manifest["skipped"].items())
    REPORTER.say(f"{manifest['count']} pictures; not read: {skipped or 'none'}")


def _spec(preset: PresetSpec, store: ImageStore, given: argparse.Namespace) -> ModelSpec:
    """The recipe for the size of the pictures, in the arithmetic that suits the processor."""
    size = {"image_size": store.images.shape[1], "channels": store.images.shape[3]}
    spec = ModelSpec(
        data=_pictures(given).name,
        preset=given.preset,
        network=validated(
            NetworkSpec, preset.network.model_dump() | size, where=f"preset {given.preset}"
        ),
        training=preset.training,
    )
    batch = {} if given.batch is None else {"batch": given.batch}
    return _with_training(spec, precision="auto", **batch)


def _with_training(spec: ModelSpec, **changes: object) -> ModelSpec:
    training = validated(
        TrainingSpec, spec.training.model_dump() | changes, where=f"preset {spec.preset}"
    )
    return spec.model_copy(update={"training": training})


def _require_enough(store: ImageStore, batch: int, source: Path) -> None:
    if len(store) < batch:
        raise SpecError(
            f"{source}: {len(store)} pictures are fewer than one minibatch of {batch}. Some "
            "hundreds are the least for samples worth looking at; to try it out with these, give "
            f"--batch {max(2, len(store) // 2)}"
        )


def _epochs(spec: ModelSpec, store: ImageStore, given: argparse.Namespace) -> float:
    """The passes over the pictures that the call asks for; --minutes are timed."""
    per_epoch = Schedule(images=len(store), training=spec.training, seed=given.seed).per_epoch
    if given.minutes:
        rate = _minibatches_per_second(spec, store, given)
        minibatches = max(1, round(60 * given.minutes * rate))
        REPORTER.say(f"{minibatches:,} minibatches in {given.minutes:g} minutes ({rate:.2g}/s)")
        return passes_of(minibatches, per_epoch)
    if given.minibatches:
        return passes_of(given.minibatches, per_epoch)
    return float(given.epochs or spec.training.epochs)


def passes_of(minibatches: int, per_epoch: int) -> float:
    """The passes in which a schedule has exactly this number of minibatches."""
    passes = minibatches / per_epoch
    while math.ceil(passes * per_epoch) > minibatches:
        passes = math.nextafter(passes, 0)
    return passes


def _minibatches_per_second(spec: ModelSpec, store: ImageStore, given: argparse.Namespace) -> float:
    device = chosen_device(given.device)
    images = Images(store, np.arange(len(store)), device, low=spec.network.pixel_low)
    trainer = Trainer(spec=spec, images=images, seed=given.seed, device=device)
    for t in range(WARM_UP):
        trainer.step(t)
    start, done = time.monotonic(), 0
    while time.monotonic() - start < TIMED:
        trainer.step(WARM_UP + done)
        done += 1
    wait_for(device)
    return done / (time.monotonic() - start)


def _pictures(given: argparse.Namespace) -> Path:
    pictures: Path = given.data or given.folder
    return pictures.resolve()


def _call(given: argparse.Namespace) -> Call:
    units = ("epochs", "minibatches", "minutes")
    lengths = [f"{getattr(given, unit):g} {unit}" for unit in units if getattr(given, unit)]
    return Call(
        pictures=str(_pictures(given)),
        length="".join(lengths),
        **{
            key: getattr(given, key)
            for key in ("preset", "image_size", "channels", "batch", "seed")
        },
    )


def _call_before(out: Path) -> Call | None:
    path = out / CALL_FILE
    if not path.is_file():
        return None
    return validated(Call, read_step(path), where=str(path))


def _refuse_other(out: Path, before: Call | None, call: Call) -> None:
    """Raise SpecError where `out` holds the work of another call."""
    if before is None:
        return
    old, new = (one.model_dump(exclude={"epochs", "images"}) for one in (before, call))
    changed = [f"{key} was {old[key]!r}, is {new[key]!r}" for key in old if old[key] != new[key]]
    if not changed:
        return
    raise SpecError(
        f"{out} holds a training of another call: {'; '.join(changed)}. Name another --out, or "
        "delete the folder"
    )


if __name__ == "__main__":
    run_main(main)
