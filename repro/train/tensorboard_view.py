"""The logs and sample sheets of trainings as TensorBoard event files, running ones included.

Where in the flow: outside it. log.jsonl and samples/ remain the record; this module makes a view of
them that can be deleted and made again at any time. Scalars are the losses (nats), the
probabilities from D, and the diversity of the samples; troubles appear under "text", sheets under
"images".

    python -m repro tensorboard results/demo --out LOGDIR [--follow 10]
    tensorboard --logdir LOGDIR --samples_per_plugin images=100

FOLDER is a results folder, a run, or one training; finished trainings are in <run>/models/<name>,
running ones in <run>/state/<name>. With --follow the view grows with the logs until Ctrl-C.
"""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from repro.command_line import above_zero, new_parser
from repro.errors import ExpectedError
from repro.figures.animation import minibatch_of
from repro.train.monitor import Monitor

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

TAGS = {  # column of a log -> name in TensorBoard, which groups by the word before the slash
    "loss_d": "loss/discriminator",
    "loss_g": "loss/generator",
    "d_real": "probability real/D(x)",
    "d_fake_before": "probability real/D(G(z)) before the update",
    "d_fake_after": "probability real/D(G(z)) after the update",
    "diversity": "diversity/samples, 1 = real images",
}
NOT_DRAWN = ("step", "trouble", "since")


class ViewError(ExpectedError, ValueError):
    """There is nothing to show, or a log is unreadable; the message says where and what to do."""


class TrainingView:
    """The event files of one training in the folder `out`, which `update` brings up to date."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.writer: SummaryWriter | None = None
        self._start_anew()

    def _start_anew(self) -> None:
        self.close()
        for old in self.out.glob("events.out.tfevents.*"):
            old.unlink()
        self.lines: list[str] = []  # of the log, shown so far
        self.done = 0  # minibatch of the last line shown
        self.sheets: set[str] = set()  # names of the sheets shown so far
        self.monitor = Monitor()  # describes the troubles that the log names
        self.writer = _writer(self.out)

    def update(self, folder: Path) -> None:
        """Add what is new in the log and the sheets of `folder`.

        A log that no longer begins with the lines already shown was cut back by a resumed training
        or belongs to a new one, so it is shown from its start. Raises ViewError for a line that is
        not JSON.
        """
        lines = _whole_lines(folder / "log.jsonl")
        if lines[: len(self.lines)] != self.lines:
            self._start_anew()
        assert self.writer is not None
        for text in lines[len(self.lines) :]:
            where = f"{folder / 'log.jsonl'}, line {len(self.lines) + 1}"
            self._add_line(_parsed(text, where=where))
            self.lines.append(text)
        for sheet in sorted((folder / "samples").glob("step_*.png")):
            step = minibatch_of(sheet)
            # a sheet beyond the log belongs to a training that was cut back since
            if step <= self.done and sheet.name not in self.sheets:
                with Image.open(sheet) as picture:
                    pixels = np.asarray(picture.convert("RGB"))
                self.writer.add_image("samples", pixels, step, dataformats="HWC")
                self.sheets.add(sheet.name)
        self.writer.flush()

    def _add_line(self, line: dict[str, Any]) -> None:
        assert self.writer is not None
        self.done = step = int(line["step"])
        for column, value in line.items():
            if column not in NOT_DRAWN and isinstance(value, int | float):
                self.writer.add_scalar(TAGS.get(column, column), value, step)
        words = {found.trouble: found for found in self.monitor.see(line)}
        for trouble in line.get("trouble", []):
            text = f"minibatch {step:,}: **{trouble}**"
            if trouble in words:
                found = words[trouble]
                text += f" since minibatch {found.step:,}: {found.words}"
            self.writer.add_text("trouble", text, step)

    def close(self) -> None:
        """Write everything that is still in memory."""
        if self.writer is not None:
            self.writer.close()


def _writer(folder: Path) -> "SummaryWriter":
    """Open a writer; raises ViewError where TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ViewError(
            f"the view needs the package tensorboard, which is optional ({error}): "
            'pip install ".[tensorboard]" in the checkout'
        ) from None
    return SummaryWriter(str(folder))


def trainings_below(folder: Path) -> dict[str, Path]:
    """Name in the view -> folder with a log.jsonl, for `folder` itself or all below it.

    The name is the path below `folder` without "models" and "state", so a training keeps its name
    when it finishes; where both exist, the running one is shown.
    """
    if (folder / "log.jsonl").is_file():
        return {folder.resolve().name: folder}
    found = {}
    for log in sorted(folder.rglob("log.jsonl")):  # models/ comes before state/
        parts = log.parent.relative_to(folder).parts
        if not any(part.startswith(".") for part in parts):  # these are being written
            kept = [part for part in parts if part not in ("models", "state")]
            found["/".join(kept) or parts[-1]] = log.parent
    return found


def update_views(views: dict[str, TrainingView], *, folder: Path, out: Path) -> None:
    """Update the view of every training below `folder`, including new ones.

    Raises ViewError where there is no training, and never was one in `views`.
    """
    trainings = trainings_below(folder)
    if not trainings and not views:
        there = "no log.jsonl below it" if folder.is_dir() else "no such folder"
        raise ViewError(
            f"{folder}: {there}; give results/<run> or the folder of one training "
            "(results/<run>/models/<name>, while it trains results/<run>/state/<name>)"
        )
    for name, training in trainings.items():
        if name not in views:
            views[name] = TrainingView(out / name)
        try:
            views[name].update(training)
        except FileNotFoundError:
            continue  # it finished, or started anew, meanwhile: seen the next time


def _whole_lines(log: Path) -> list[str]:
    """The lines of a log but one that is being written."""
    return [
        line
        for line in log.read_text(encoding="utf-8").splitlines(keepends=True)
        if line.endswith("\n")
    ]


def _parsed(text: str, *, where: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
        int(line["step"])
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ViewError(
            f"{where}: expected a JSON object with the key step, found {text.strip()[:80]!r} "
            f"({error}); delete that line, or let the training start anew"
        ) from None
    return dict(line)


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("tensorboard", __doc__)
    parser.add_argument("folder", type=Path, help="results, a run, or the folder of a training")
    parser.add_argument("--out", type=Path, required=True, help="folder for tensorboard --logdir")
    parser.add_argument(
        "--follow",
        type=above_zero,
        metavar="SECONDS",
        help="seconds between updates, until Ctrl-C",
    )
    given = parser.parse_args(argv)
    views: dict[str, TrainingView] = {}
    try:
        update_views(views, folder=given.folder, out=given.out)
        for name, view in views.items():
            print(f"{name}: {len(view.lines):,} lines, {len(view.sheets)} sheets", flush=True)
        print(f"tensorboard --logdir {given.out} --samples_per_plugin images=100", flush=True)
        while given.follow:
            time.sleep(given.follow)
            update_views(views, folder=given.folder, out=given.out)
    except KeyboardInterrupt:
        pass  # the usual end of --follow
    finally:
        for view in views.values():
            view.close()
