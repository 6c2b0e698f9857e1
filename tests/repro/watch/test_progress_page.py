"""results/<run>/progress.html: what it shows; it is complete, inert and loads no address."""

import json
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from browser import dom_of, needs_chromium
from PIL import Image

from repro.watch.board import Board, Step
from repro.watch.page import HEIGHT, WIDTH, address, loss_curves, write_page

HOSTILE = "<img src=x onerror=\"document.title='owned'\">&'\"</script>"


class Page(HTMLParser):
    """Elements with their attributes, and the text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, key: str) -> list[str]:
        return [given[key] or "" for name, given in self.elements if name == tag and key in given]


def a_run(folder: Path, **more: Any) -> Any:
    spec = SimpleNamespace(title="A run", banner="", **more)
    return SimpleNamespace(name="x", folder=folder, spec=spec, trained={"faces": None})


@pytest.fixture
def board() -> Board:
    return Board(clock=lambda: 100.0)


def training(folder: Path, name: str = "faces") -> Path:
    """The state folder of a training with two sheets and a log; returns the newer sheet."""
    samples = folder / "state" / name / "samples"
    samples.mkdir(parents=True)
    for number in (100, 1200):
        pixels = np.full((8, 8, 3), number % 256, np.uint8)
        Image.fromarray(pixels).save(samples / f"step_{number:08d}.png")
    lines = [{"step": 100, "loss_d": 1.0, "loss_g": 2.0}, {"step": 200, "loss_d": 0.5}]
    lines += [{"step": 300, "diversity": 0.3}, {"step": 400, "loss_d": 0.25, "loss_g": 1.0}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (samples.parent / "log.jsonl").write_text(text + '{"step": 500, "loss')  # being written
    return samples / "step_00001200.png"


def test_a_run_that_goes_on(board: Board, tmp_path: Path) -> None:
    sheet = training(tmp_path)
    log = tmp_path / "log"
    board.plan(
        [
            Step(1, "train_model", "faces", "training", "Training faces", log=log),
            Step(2, "report", "", "report", "Writing the report"),
            Step(3, "prepare_dataset", "x", "data", "Preparing x"),
        ]
    )
    board.start(3)
    board.finish(3)
    board.start(1)
    log.write_text("[10:00:00] training of faces: 500 of 2,000 minibatches (25 %), 9.0 s each\n")
    write_page(tmp_path / "progress.html", a_run(tmp_path), board, left=125)
    page = Page(tmp_path / "progress.html")
    for words in (
        "1 of 3 steps",
        "about 2 min left",
        "training of faces: 500 of 2,000 minibatches",
    ):
        assert words in page.text
    order = [page.text.index(title) for title in ("Running", "Networks", "Done", "To come")]
    assert order == sorted(order)
    assert page.all("img", "src") == [sheet.relative_to(tmp_path).as_posix()]
    assert "samples after 1,200 minibatches" in page.text
    refreshed = [given for tag, given in page.elements if given.get("http-equiv") == "refresh"]
    assert [one["content"] for one in refreshed] == ["5"]
    assert page.all("progress", "value") == ["1", "500"]
    assert page.all("polyline", "class") == ["D", "G"]
    assert [path.name for path in tmp_path.glob("*.partial")] == []


def test_a_model_that_is_trained_again_shows_the_new_training(board: Board, tmp_path: Path) -> None:
    """The older model stays where it is until the new one is whole."""
    older = tmp_path / "models/faces"
    older.mkdir(parents=True)
    (older / "samples.png").write_bytes(b"")
    (older / "log.jsonl").write_text('{"step": 1, "loss_d": 9}\n{"step": 2, "loss_d": 9}\n')
    sheet = training(tmp_path)
    board.plan([Step(1, "train_model", "faces", "training", "Training faces")])
    board.start(1)
    write_page(tmp_path / "progress.html", a_run(tmp_path), board, left=125)
    page = Page(tmp_path / "progress.html")
    assert page.all("img", "src") == [sheet.relative_to(tmp_path).as_posix()]
    board.finish(1)
    write_page(tmp_path / "progress.html", a_run(tmp_path), board, left=None)
    assert Page(tmp_path / "progress.html").all("img", "src") == ["models/faces/samples.png"]


def test_a_run_that_has_ended_names_the_report_and_rests(board: Board, tmp_path: Path) -> None:
    figure = tmp_path / "experiments/walk/figures/fig04 100%.png"
    page_of_it, report = figure.with_name("play.html"), tmp_path / "report/index.html"
    for path in (figure, page_of_it, report):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    words = "Drawing figures: A walk"
    step = Step(1, "walk", "", "experiments", words, outputs=[figure.parent])
    board.plan([step])
    board.start(1)
    board.finish(1)
    board.close()
    write_page(tmp_path / "progress.html", a_run(tmp_path), board, left=None)
    page = Page(tmp_path / "progress.html")
    assert not [given for _, given in page.elements if given.get("http-equiv") == "refresh"]
    quoted = "experiments/walk/figures/fig04%20100%25.png"
    assert page.all("img", "src") == [quoted]
    linked = ["report/index.html", quoted, "experiments/walk/figures/play.html"]
    assert page.all("a", "href") == linked
    assert "A walk" in page.text
    assert "The run has ended" in page.text


def test_a_failed_step_is_shown_with_its_log(board: Board, tmp_path: Path) -> None:
    board.plan([Step(1, "report", "", "report", "Writing the report", log=Path("logs/r.log"))])
    board.start(1)
    board.fail(1)
    board.close()
    write_page(tmp_path / "progress.html", a_run(tmp_path), board, left=None)
    text = Page(tmp_path / "progress.html").text
    assert "Failed" in text
    assert "log: logs/r.log" in text
    assert "the same command continues it" in text


def test_curves_are_the_losses_of_the_log(tmp_path: Path) -> None:
    training(tmp_path)
    (d, g), top = loss_curves(tmp_path / "state/faces/log.jsonl")
    assert top == 2.0
    assert (d.name, d.last, g.name, g.last) == ("D", 0.25, "G", 1.0)
    # x: minibatch of 400 in all; y: from the top, 0 nats at the bottom
    assert d.points == (
        f"{WIDTH / 4:.1f},{HEIGHT / 2:.1f} {WIDTH / 2:.1f},{HEIGHT * 0.75:.1f} "
        f"{WIDTH:.1f},{HEIGHT * 0.875:.1f}"
    )
    assert g.points == f"{WIDTH / 4:.1f},0.0 {WIDTH:.1f},{HEIGHT / 2:.1f}"


def test_damaged_logs_and_losses_that_are_no_numbers_draw_nothing_wrong(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    assert loss_curves(log) == ([], 0.0)
    lines = ['{"step": 1, "loss_d": NaN}', "[]", "3", "{", '{"loss_d": 1}', '{"step": 2}', "\xff"]
    lines += ['{"step": 3, "loss_d": "x"}', '{"step": null, "loss_d": 1.0}']
    log.write_text("\n".join(lines), encoding="latin-1")
    assert loss_curves(log) == ([], 0.0)
    with log.open("a") as stream:
        stream.write('\n{"step": 4, "loss_d": 3.0}\n{"step": 5, "loss_d": 1e9}\n')
    ((curve,), top) = loss_curves(log)
    assert (top, curve.last) == (20.0, 20.0)  # a loss beyond the chart is drawn at its edge


def test_long_logs_are_thinned_to_means(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    values = np.random.default_rng(0).uniform(0, 2, 5000)
    log.write_text("".join(f'{{"step": {n}, "loss_g": {v}}}\n' for n, v in enumerate(values, 1)))
    ((curve,), _) = loss_curves(log)
    assert len(curve.points.split()) == 157  # parts of 32 lines
    assert curve.last == pytest.approx(values[156 * 32 :].mean())


def test_an_address_stays_below_the_page(tmp_path: Path) -> None:
    assert address(tmp_path / "a b/ü#?.png", tmp_path) == "a%20b/%C3%BC%23%3F.png"
    with pytest.raises(ValueError, match="subpath"):
        address(tmp_path.parent / "other.png", tmp_path)


def hostile_page(board: Board, folder: Path) -> Path:
    training(folder, "a#b<i>'\"")
    board.plan([Step(1, "train_model", "a#b<i>'\"", "training", f"Training {HOSTILE}")])
    board.start(1)
    run = a_run(folder)
    run.spec.title = run.name = HOSTILE
    run.spec.banner = HOSTILE
    write_page(folder / "progress.html", run, board, left=None)
    return folder / "progress.html"


def test_hostile_names_are_text(board: Board, tmp_path: Path) -> None:
    page = Page(hostile_page(board, tmp_path))
    assert page.text.count(HOSTILE) == 4  # title, heading, banner, step
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "i", "iframe", "object"})
    assert not [key for _, given in page.elements for key in given if key.startswith("on")]
    assert page.all("img", "src") == ["state/a%23b%3Ci%3E%27%22/samples/step_00001200.png"]


def test_it_asks_no_address(board: Board, tmp_path: Path) -> None:
    text = hostile_page(board, tmp_path).read_text()
    assert "http:" not in text
    assert "https:" not in text
    assert "default-src 'none'" in text


@needs_chromium
@pytest.mark.slow
def test_a_browser_shows_the_sheet_from_the_disk(board: Board, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    page = hostile_page(board, folder)
    text = page.read_text().replace('http-equiv="refresh"', 'name="x"')
    # the page's own policy forbids scripts: the test's copy allows its one, and nothing else
    text = text.replace("style-src", "script-src 'unsafe-inline'; style-src", 1)
    width = "<script>onload = () => { const p = document.createElement('pre'); p.id = 'width'; "
    width += "p.textContent = document.title.length + ' ' + document.images.length + ' ' + "
    width += "document.images[0].naturalWidth; document.body.append(p); }</script>"
    page.write_text(text.replace("</body>", width + "</body>"))
    dom = dom_of(page, tmp_path / "browser")
    title = f"0 of 1 – {HOSTILE}"
    assert f'<pre id="width">{len(title)} 1 8</pre>' in dom
