"""Train a DCGAN: dataset folder in, model folder out (paper §4; authors' loop).

One "epoch" is one pass over the images: N / batch minibatches, of which the authors' alternating
schedule spends half on G and half on D, and the usual one-of-each schedule one D and one G step
each; spec.json counts both.

Every draw is a function of (seed, purpose, minibatch), so a run that was killed and is started
again by the same command continues from its last state and ends in the same bytes.

While it runs, the state folder holds log.jsonl (losses, probabilities, diversity of the sample
sheets, troubles by name), samples/ and resume states; `python -m repro.tensorboard_view FOLDER`
shows the first two.

    python -m repro.train --spec SPEC.json --data DATASET [--dedup DIR] --state DIR --out DIR
    python -m repro.train --list-presets
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from repro.checkpoint import GENERATOR_FILES, latest_state, save_network, save_state
from repro.figures import Style, grid, save_picture
from repro.minibatches import Images
from repro.model_writer import real_images, write_model
from repro.monitor import Monitor, diversity
from repro.presets import list_presets
from repro.provenance import sha256_of_json, step_folder, write_json
from repro.specs import ModelSpec, SpecError, validated
from repro.store import ImageStore
from repro.trainer import SHEET_SIDE, Trainer
from repro.training_log import Log

REAL_IMAGES = 256  # with which the diversity of the samples is compared


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
        monitor = _run(trainer, state_folder, style)
        write_model(trainer, state=state_folder, out=building, monitor=monitor, style=style)
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


def _run(trainer: Trainer, folder: Path, style: Style) -> Monitor:
    """All minibatches from the last state on; leaves log, sheets and snapshots in `folder`."""
    schedule, training = trainer.schedule, trainer.spec.training
    state = latest_state(folder, trainer.device)
    start = 0
    if state is not None:
        trainer.load(state)
        start = int(state["step"])
    log = Log(folder / "log.jsonl", start=start, stop_on=training.stop_on)
    real_diversity = diversity(real_images(trainer, count=REAL_IMAGES))
    progress = tqdm(
        range(start, schedule.length), initial=start, total=schedule.length, disable=None
    )
    for t in progress:
        if log.stops:
            break
        trainer.step(t)
        done = t + 1
        last = done == schedule.length
        if done % training.log_every == 0 or last:
            line = trainer.log_line(done)
            log.append(line)
            progress.set_postfix({k: line[k] for k in ("loss_d", "loss_g") if k in line})
        if done % training.sample_every == 0 or last:
            pictures = trainer.sheet()
            sheet = folder / "samples" / f"step_{done:08d}.png"
            save_picture(sheet, grid(pictures, SHEET_SIDE), style=style)
            share = round(diversity(pictures) / real_diversity, 4)
            log.append({"step": done, "epoch": schedule.epoch(done), "diversity": share})
        if done == schedule.early:
            save_network(trainer.G, folder / "early.partial")
            (folder / "early.partial").replace(folder / GENERATOR_FILES["early"])
        if done % training.checkpoint_every == 0 or last or log.stops:
            save_state(folder, done, trainer.state())
    return log.monitor


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
    parser.add_argument("--list-presets", action=ListPresets, help="print the presets and end")
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


class ListPresets(argparse.Action):
    """`--list-presets`, which needs none of the other options."""

    def __init__(self, option_strings: list[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(list_presets())
        parser.exit()


if __name__ == "__main__":
    main()
