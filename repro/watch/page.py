"""results/<run>/progress.html: finished and running steps, curves and sample sheets as they come.

Where in the flow: repro.watch.narrator writes it every few seconds during the run. The page is next
to the folders it shows, reloads itself from disk (no server, no address), and stops doing so when
the run has ended. Curves are drawn from the trainings' log.jsonl as SVG, since a plotting library
would take too long.

Alone: `write_page(Path("progress.html"), run, board, left=None)`.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader

from repro.artefacts.whole_file import atomic_write
from repro.progress import format_duration
from repro.runs.run import Run
from repro.watch.board import Board, Step
from repro.watch.step_descriptions import pictures_of

PAGE = "progress.html"
TEMPLATE = "progress_page.html"
WIDTH, HEIGHT = 320, 110  # of a curve, in SVG units
POINTS = 160  # at most, in a curve: means of neighbouring lines
CURVES = {"loss_d": "D", "loss_g": "G"}
MOST_LOSS = 20.0  # nats; a larger loss is drawn at the edge


@dataclass(frozen=True)
class Curve:
    """A line of a chart: the points of an SVG polyline, and the last value."""

    name: str
    points: str
    last: float


@dataclass(frozen=True)
class Training:
    """A model as shown on the page; sheet: address of its newest samples, relative to the page."""

    name: str
    state: str
    sheet: str
    sheet_text: str
    curves: list[Curve]
    top: float  # loss at the upper edge


def write_page(path: Path, run: Run, board: Board, left: float | None) -> None:
    """Write the page, whole or not at all. left: seconds, None: unknown."""
    folder = run.folder
    groups = {state: board.steps(state) for state in ("running", "failed", "done", "waiting")}
    report = folder / "report" / "index.html"
    text = _template().render(
        run=run,
        board=board,
        groups={state: [_row(step, board) for step in steps] for state, steps in groups.items()},
        elapsed=format_duration(board.elapsed()),
        left=None if left is None else format_duration(left),
        trainings=_trainings(run, board),
        pictures=_pictures(board, folder),
        report="report/index.html" if board.ended is not None and report.is_file() else "",
        size=(WIDTH, HEIGHT),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")


def _template() -> Any:
    folder = Path(__file__).parent
    return Environment(loader=FileSystemLoader(folder), autoescape=True).get_template(TEMPLATE)


def _row(step: Step, board: Board) -> dict[str, Any]:
    end = step.ended if step.state in ("done", "failed") else board.clock()
    return {
        "words": step.description,
        "took": format_duration(end - step.started) if step.state != "waiting" else "",
        "reading": step.reading() if step.state == "running" else None,
        "log": step.log,
    }


def _trainings(run: Run, board: Board) -> list[Training]:
    """Models in training, then finished ones; those on this run's board come first."""
    order = {"running": 0, "failed": 1, "done": 2}
    steps = [step for step in board.steps(*order) if step.rule == "train_model"]  # type: ignore[arg-type]
    steps.sort(key=lambda step: order[step.state])
    known = {step.name for step in steps}
    shown = [_training(run.folder, step.name, step) for step in steps]
    return shown + [
        _training(run.folder, name, None)
        for name in run.trained
        if name not in known and (run.folder / "models" / name).is_dir()
    ]


def _training(folder: Path, name: str, step: Step | None) -> Training:
    state, model = folder / "state" / name, folder / "models" / name
    done = step is None or step.state == "done"  # else a model there is that of an earlier training
    place = model if done and (model / "log.jsonl").is_file() else state
    newest = max(place.glob("samples/step_*.png"), default=None)
    if (place / "samples.png").is_file():
        newest = place / "samples.png"
    curves, top = loss_curves(place / "log.jsonl")
    return Training(
        name=name,
        state=step.state if step else "done",
        sheet=address(newest, folder) if newest else "",
        sheet_text=_describe_sheet(newest),
        curves=curves,
        top=top,
    )


def _describe_sheet(sheet: Path | None) -> str:
    if sheet is None:
        return "the first sheet of samples comes soon"
    number = sheet.stem.removeprefix("step_")
    return f"samples after {int(number):,} minibatches" if number.isdecimal() else "samples"


def address(path: Path, folder: Path) -> str:
    """The relative address of a file below the folder of the page."""
    return quote(path.relative_to(folder).as_posix())


def loss_curves(log: Path) -> tuple[list[Curve], float]:
    """The losses of a training's log as lines of a chart, and the loss at its upper edge.

    Unreadable lines (the last one may be half written) and values that are not finite are skipped.
    There is no curve with fewer than two points.
    """
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return [], 0.0
    values: dict[str, list[tuple[float, float]]] = {name: [] for name in CURVES}
    for line in lines:
        try:
            record = json.loads(line)
            for name, points in values.items():
                if name in record and math.isfinite(record[name]):
                    points.append((float(record["step"]), min(MOST_LOSS, float(record[name]))))
        except (ValueError, TypeError, KeyError):
            continue
    thinned = {name: _thinned(points) for name, points in values.items() if len(points) > 1}
    if not thinned:
        return [], 0.0
    everything = [point for points in thinned.values() for point in points]
    end, top = max(x for x, _ in everything), max(1.0, max(y for _, y in everything))
    curves = []
    for name, points in thinned.items():
        line = " ".join(
            f"{WIDTH * x / max(1.0, end):.1f},{HEIGHT * (1 - max(0.0, y) / top):.1f}"
            for x, y in points
        )
        curves.append(Curve(CURVES[name], line, points[-1][1]))
    return curves, top


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Means over groups of neighbours, so that at most `POINTS` remain."""
    size = -(-len(points) // POINTS)
    parts = [points[i : i + size] for i in range(0, len(points), size)]
    return [(part[-1][0], sum(y for _, y in part) / len(part)) for part in parts]


def _pictures(board: Board, folder: Path) -> list[tuple[str, list[str], list[str]]]:
    """Words of finished experiments, the addresses of their pictures, and of their pages."""
    found = []
    for step in board.steps("done"):
        if step.stage == "experiments" and (paths := pictures_of(step.rule, step.outputs)):
            images = [address(p, folder) for p in paths if p.suffix != ".html"]
            pages = [address(p, folder) for p in paths if p.suffix == ".html"]
            found.append((step.description.partition(": ")[2] or step.description, images, pages))
    return found
