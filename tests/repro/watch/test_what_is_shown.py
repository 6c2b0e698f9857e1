"""A run's messages while it is running: steps, pictures, failures, time left; in plain lines."""

import csv
import io
import json
import logging
import os
import re
from contextlib import redirect_stderr, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from repro.command_line import run_main
from repro.errors import StoppedError
from repro.runs.load import load_run
from repro.runs.run import Run
from repro.watch.board import Board, Step, last_lines
from repro.watch.closing import closing_text, failure_lines, what_to_do
from repro.watch.narrator import Narrator
from repro.watch.remaining import expected_seconds, read_plan, remaining
from repro.watch.snakemake_log import Shown, _is_newer, show
from repro.watch.step_descriptions import describe_step, pictures_of
from repro.watch.terminal import Lines, Terminal, display_for, running_table

TITLES = {"latent_walk": "Walking in the latent space"}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def step(number: int, rule: str = "measure_x", **more: Any) -> Step:
    name = more.pop("name", "")
    stage, words = describe_step(rule, name, titles=TITLES)
    return Step(number, rule, name, stage, words, **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(clock: Clock) -> Board:
    return Board(clock=clock)


def test_rules_in_words() -> None:
    assert describe_step("train_model", "faces", titles={}) == ("training", "Training faces")
    walk = "Walking in the latent space"
    assert describe_step("measure_latent_walk", "", titles=TITLES)[1] == f"Measuring: {walk}"
    assert describe_step("latent_walk", "", titles=TITLES)[1] == f"Drawing figures: {walk}"
    assert describe_step("draw_latent_walk", "", titles=TITLES)[1] == f"Drawing figures: {walk}"
    assert describe_step("a_new_rule", "faces", titles=TITLES) == ("", "a_new_rule faces")


def test_every_rule_of_the_pipeline_has_words(repository: Path) -> None:
    for file in (repository / "rules").glob("*.smk"):
        for rule in re.findall(r"^rule (\w+):", file.read_text(), re.M):
            stage, words = describe_step(rule, "faces", titles={})
            assert stage
            assert "_" not in words


def test_names_cannot_move_the_cursor() -> None:
    assert describe_step("train_model", "a\x1b[2Jb\nc", titles={})[1] == "Training a?[2Jb?c"


def test_the_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_lines(log, most=3) == []
    log.write_bytes(b"x" * 9000 + b"\none\r\n\ntwo\rthree\n\xff\n")
    assert last_lines(log, most=3) == ["two", "three", "�"]


def test_a_failure_that_is_told_twice_is_one(board: Board, clock: Clock) -> None:
    board.plan([step(1)])
    assert board.fail(1) is None  # it has not been started
    board.start(1)
    assert board.fail(1) is not None
    assert board.fail(1) is None
    board.start(1)  # tried once more
    board.finish(1)
    assert (board.done, board.total, board.steps("failed")) == (1, 1, [])
    assert board.start(99) is None


def test_time_left_of_steps_that_wait_follows_those_of_their_kind(
    board: Board, clock: Clock
) -> None:
    assert remaining(board) is None
    board.plan([step(n, expected=10.0) for n in range(4)])
    assert remaining(board) == 40
    board.start(0)
    clock.now = 20.0
    board.finish(0)  # twice as long as it was thought
    assert remaining(board) == 60
    board.start(1)
    clock.now = 25.0
    assert remaining(board) == 55
    board.cores = 2
    assert remaining(board) == 27.5


def test_no_time_left_is_given_while_a_step_takes_far_longer_than_expected(
    board: Board, clock: Clock, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.touch()
    board.plan([step(1, expected=40.0), step(2, expected=10.0)])
    board.start(1, log=log)
    clock.now = 100.0
    assert remaining(board) == 2 + 10  # it may end at any moment
    clock.now = 111.0
    assert remaining(board) is None
    log.write_text("[10:00:00] classifying: 10 of 100 images (10 %), 2.0/s, 45 s left\n")
    assert remaining(board) == 45 + 10 * (111 + 45) / 40  # it says so itself


def test_no_time_left_is_given_before_a_measurement_of_unknown_length_reports_it(
    board: Board, clock: Clock, tmp_path: Path
) -> None:
    """The demo's 40 s are no guess for a measurement on a hundred thousand images."""
    log = tmp_path / "log"
    log.touch()
    measure, other = step(1, "measure_cifar10_svm", log=log), step(2, "report", expected=8.0)
    assert expected_seconds(measure, benchmark=None, planned={}, small=True) == 40
    measure.expected = expected_seconds(measure, benchmark=None, planned={}, small=False)
    assert expected_seconds(other, benchmark=None, planned={}, small=False) == 15
    board.plan([measure, other])
    assert remaining(board) is None
    board.start(1, log=log)
    assert remaining(board) is None
    log.write_text("[10:00:00] fitting: 10 of 100 fits (10 %), 2.0/s, 45 s left\n")
    assert remaining(board) == 45 + 8


def test_a_running_step_is_believed(board: Board, clock: Clock, tmp_path: Path) -> None:
    log, line = tmp_path / "log", "[10:00:00] training of faces: 10 of 100 minibatches (10 %), "
    board.cores = 8
    board.plan([step(1, "train_model", expected=7, log=log), step(2, "report", expected=3)])
    board.start(1, log=log)
    log.write_text(f"{line}2.0/s, 45 s left\n")
    clock.now = 5.0
    assert remaining(board) == 45  # no number of cores makes it shorter


def test_progress_of_an_earlier_attempt_is_not_this_ones(board: Board, tmp_path: Path) -> None:
    """Rules append to their logs."""
    log = tmp_path / "log"
    log.write_text("[10:00:00] hashing: 90 of 100 images (90 %), 2.0/s, 5 s left\nstopped\n")
    board.plan([step(1)])
    board.start(1, log=log)
    (running,) = board.steps("running")
    assert running.reading() is None
    with log.open("a") as stream:
        stream.write("[10:01:00] hashing: 10 of 100 images (10 %), 2.0/s, 45 s left\n")
    reading = running.reading()
    assert reading is not None
    assert (reading.done, reading.left) == (10, 45)
    board.fail(1)
    board.start(1)
    assert running.log_began == log.stat().st_size


def test_what_a_step_is_thought_to_take(tmp_path: Path) -> None:
    benchmark, plan = tmp_path / "b.tsv", tmp_path / "plan.json"
    train, measure = step(1, "train_model", name="faces"), step(2, "measure_latent_walk")
    assert expected_seconds(train, benchmark=benchmark, planned={}, small=True) == 120
    assert read_plan(plan) == {}
    stages = [
        {"kind": "train", "name": "faces", "hours": 0.5},
        {"kind": "measure", "name": "latent_walk", "hours": 0.01},
        {"kind": "draw", "name": "faces", "hours": None},
    ]
    plan.write_text(json.dumps({"stages": stages}))
    planned = read_plan(plan)
    assert expected_seconds(train, benchmark=benchmark, planned=planned, small=True) == 1800
    assert expected_seconds(measure, benchmark=None, planned=planned, small=True) == pytest.approx(
        36
    )
    with benchmark.open("w") as stream:
        csv.writer(stream, delimiter="\t").writerows([["s", "h:m:s"], ["77.5", "0:01:17"]])
    assert expected_seconds(train, benchmark=benchmark, planned=planned, small=True) == 77.5
    benchmark.write_text("s\n")
    plan.write_text('{"stages": [{"kind": 3}]}')
    assert read_plan(plan) == {}
    assert expected_seconds(train, benchmark=benchmark, planned={}, small=True) == 120


def test_a_time_counts_as_long_as_the_settings_are_the_same(tmp_path: Path) -> None:
    spec, benchmark = tmp_path / "spec.json", tmp_path / "b.tsv"
    assert not _is_newer(None, benchmark)
    assert not _is_newer(spec, benchmark)  # neither is there
    for path in (spec, benchmark):
        path.touch()
    os.utime(spec, (1e9, 1e9))
    assert not _is_newer(spec, benchmark)
    os.utime(benchmark, (9e8, 9e8))
    assert _is_newer(str(spec), benchmark)


def test_pictures_that_a_step_leaves(tmp_path: Path) -> None:
    figures, model, data = (tmp_path / name for name in ("figures", "model", "data"))
    for folder, names in {
        figures: ["b.png", "a.html", "table.csv"],
        model: ["samples.png", "curves.png"],
        data: ["x.png"],
    }.items():
        folder.mkdir()
        for name in names:
            (folder / name).touch()
    assert pictures_of("latent_walk", [figures]) == [figures / "a.html", figures / "b.png"]
    assert pictures_of("train_model", [model]) == [model / "samples.png"]
    assert pictures_of("prepare_dataset", [data]) == []


def test_a_run_in_plain_lines(board: Board, clock: Clock, tmp_path: Path) -> None:
    out, pages = io.StringIO(), []
    narrator = Narrator(
        tmp_path, Lines(out), board, write_page=lambda board, left: pages.append(board.done)
    )
    model, log = tmp_path / "models/faces", tmp_path / "log"
    steps = [
        step(1, "train_model", name="faces", outputs=[model], expected=90),
        step(2, "latent_walk", expected=30),
    ]
    narrator.planned(steps, page=Path("results/x/progress.html"))
    narrator.started(1, log=log)
    clock.now = 30.0
    sheet = tmp_path / "state/faces/samples/step_00000100.png"
    sheet.parent.mkdir(parents=True)
    sheet.touch()
    narrator.tick()
    log.write_text("[10:00:00] training of faces: 2 of 3 minibatches (66 %), 15 s left\n")
    clock.now = 61.0
    narrator.tick()
    narrator.tick()
    model.mkdir(parents=True)
    (model / "samples.png").touch()
    narrator.finished(1)
    narrator.started(2, log=tmp_path / "log2")
    (tmp_path / "log2").write_text("".join(f"line {n}\n" for n in range(30)) + "error: \x1b[1mx\n")
    clock.now = 70.0
    narrator.failed(2)
    narrator.failed(2)
    narrator.close()
    narrator.tick()
    assert out.getvalue().splitlines() == [
        "2 steps to make, about 2 min. To watch: results/x/progress.html",
        "[0 of 2, 0 s, about 2 min left] Training faces",
        f"[0 of 2, 30 s] first samples of faces; more in {sheet.parent}",
        f"    {sheet}",
        "[0 of 2, 61 s, about 45 s left] still at: training of faces: 2 of 3 minibatches (66 %), "
        "15 s left",
        "[1 of 2, 61 s] done: Training faces",
        f"    {model / 'samples.png'}",
        "[1 of 2, 61 s, about 30 s left] Drawing figures: Walking in the latent space",
        "FAILED after 9 s: Drawing figures: Walking in the latent space",
        *(f"    line {n}" for n in range(19, 30)),
        "    error: ?[1mx",
        f"  its log: {tmp_path / 'log2'}",
    ]
    assert pages[0] == 0
    assert pages[-1] == 1


def log_of_a_step_that(error: BaseException, log: Path) -> Path:
    """What such a step writes, above whose command stands `run_main`."""

    def main(argv: list[str] | None) -> None:
        raise error

    with log.open("w") as stream, redirect_stderr(stream), suppress(SystemExit):
        print("at work", file=stream)
        run_main(main, [])
    return log


def test_what_somebody_stopped_has_not_failed(tmp_path: Path) -> None:
    words = "stopped at minibatch 12; the same command continues from there"
    for error in (KeyboardInterrupt(), StoppedError(words, signal_number=15)):
        log = log_of_a_step_that(error, tmp_path / "stopped")
        one = step(1, log=log, ended=130.0)
        assert failure_lines(one) == ["Stopped after 2 min: measure_x"]
        assert what_to_do([one]) == ["Stopped. The same command continues where it stopped."]
    broken = tmp_path / "broken"
    broken.write_text("error: no\n")
    other = step(2, "report", log=broken)
    assert failure_lines(other)[:2] == ["FAILED after 0 s: Writing the report", "    error: no"]
    assert what_to_do([one, other])[0] == "Some steps failed: Writing the report"
    assert what_to_do([])[0] == "Some steps failed: see above"


def test_the_reminder_is_left_out_while_nothing_runs(board: Board, clock: Clock) -> None:
    out = io.StringIO()
    narrator = Narrator(Path(), Lines(out), board, write_page=lambda board, left: None)
    narrator.planned([step(1)], page=Path("page.html"))
    clock.now = 61.0
    narrator.tick()
    assert "still at" not in out.getvalue()


def test_a_page_that_cannot_be_written_ends_nothing(board: Board, tmp_path: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "no space left on device")

    narrator = Narrator(tmp_path, Lines(io.StringIO()), board, write_page=full)
    narrator.planned([step(1)], page=tmp_path / "page.html")
    narrator.started(1, log=None)
    narrator.finished(1)
    narrator.close()
    assert board.done == 1


def test_bars_are_for_a_terminal_alone() -> None:
    class Looked(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert isinstance(display_for(Looked(), environment={"TERM": "xterm"}), Terminal)
    assert isinstance(display_for(Looked(), environment={"TERM": "dumb"}), Lines)
    assert isinstance(display_for(Looked(), environment={"TERM": "xterm", "CI": "true"}), Lines)
    assert isinstance(display_for(io.StringIO(), environment={"TERM": "xterm"}), Lines)


def test_the_bars_of_a_terminal(board: Board, clock: Clock, tmp_path: Path) -> None:
    log = tmp_path / "log"
    board.plan([step(1, "dedup_dataset", name="[red]x"), step(2), step(3)])
    board.start(1, log=log)
    log.write_text("[10:00:00] hashing: 1,500 of 3,000 images (50 %), 9.0/s, 3 min left\n")
    board.start(2)
    clock.now = 12.0
    console = Console(file=io.StringIO(), width=110, force_terminal=False)
    console.print(running_table(board, 200.0))
    first, second, third = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    words = r"Finding near-duplicates among \[red\]x: 1,500 of 3,000 +━{12} +3 min left"
    assert re.fullmatch(words, first.rstrip())
    assert second.startswith("measure_x ")
    assert second.rstrip().endswith("12 s")
    assert third.startswith("0 of 3 steps")
    assert third.rstrip().endswith("12 s, about 3 min left")


@pytest.fixture
def run(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIRTUAL_ENV", "x")
    return load_run(str(repository / "config/tiny.yaml"))


def test_a_single_experiment_ends_with_its_figures(run: Run) -> None:
    folder = run.folder / "experiments/latent_walk/figures"
    folder.mkdir(parents=True)
    (folder / "fig04_latent_walk.png").touch()
    report = run.folder / "report"
    report.mkdir()
    (report / "index.html").touch()
    words = closing_text(run, targets={"latent_walk"})
    assert words.splitlines() == [f"The figures:  {folder}", f"    {folder}/fig04_latent_walk.png"]


def test_the_whole_run_ends_with_the_report_the_page_and_how_to_continue(run: Run) -> None:
    for path in ("report/index.html", "experiments/playable/figures/playable.html"):
        (run.folder / path).parent.mkdir(parents=True)
        (run.folder / path).touch()
    for targets in (set(), {"all"}):
        lines = closing_text(run, targets=targets).splitlines()
        assert lines[:2] == [
            f"The report:   {run.folder}/report/index.html",
            f"To play with: {run.folder}/experiments/playable/figures/playable.html",
        ]
        assert lines[-1] == f"    snakemake latent_walk --configfile {run.file}"
    again = closing_text(run, targets={"all"}, given=["photos=~/my cats", "image_size=32"])
    assert again.endswith(f"{run.file} --config 'photos=~/my cats' image_size=32")
    assert closing_text(run, targets={"report"}).startswith("The report:")
    assert "report" not in closing_text(run, targets={"train"})


class Usual(logging.Handler):
    """Snakemake's own handler, as far as the test needs it."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "DefaultStreamHandler"
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(str(record.msg))


def workflow_of(log: logging.Logger, jobs: list[Any], **output: Any) -> Any:
    settings = {"dryrun": False, "verbose": False, "quiet": None, **output}
    return SimpleNamespace(
        output_settings=SimpleNamespace(**settings),
        exec_mode=SimpleNamespace(name="DEFAULT"),
        logger_manager=SimpleNamespace(logger=log),
        dag_settings=SimpleNamespace(targets=frozenset()),
        dag=SimpleNamespace(needrun_jobs=lambda: jobs),
        cores=2,
    )


def a_job(number: int, rule: str, name: str, out: Path) -> Any:
    return SimpleNamespace(
        jobid=number,
        rule=SimpleNamespace(name=rule),
        wildcards_dict={"name": name},
        output=[out],
        log=[],
        benchmark=None,
    )


@pytest.fixture
def log() -> logging.Logger:
    log = logging.Logger("a Snakemake")
    log.addHandler(Usual())
    return log


def usual(log: logging.Logger, shown: Shown | None) -> Usual:
    (handler,) = log.handlers
    found = handler if shown is None else shown.usual
    assert isinstance(found, Usual)
    return found


def test_snakemakes_messages_become_words(
    run: Run, log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = [a_job(7, "prepare_dataset", "faces", run.folder / "data/faces")]
    shown = show(workflow_of(log, jobs), run)
    assert shown is not None
    log.info("Using profile x")
    log.info("Workflow has started!", extra={"event": "workflow_started"})
    log.info("Job stats: ...", extra={"event": "run_info"})
    assert "progress.html" in capsys.readouterr().err
    assert (run.folder / "progress.html").is_file()
    log.info("Select jobs to execute...")
    log.info("rule prepare_dataset", extra={"event": "job_info", "jobid": 7, "log": ["a.log"]})
    log.warning("a warning of Snakemake's")
    log.error("OSError: missing files", extra={"event": "error"})
    log.info("Finished", extra={"event": "job_finished", "job_id": 7})
    shown.ended(["x.log"], succeeded=True)
    said = capsys.readouterr()
    assert said.err.splitlines() == ["[0 of 1, 0 s, about 4 s left] Preparing the images of faces"]
    assert said.out.splitlines()[-1] == "Snakemake's log: x.log"
    assert usual(log, shown).said == [
        *("Using profile x", "a warning of Snakemake's", "OSError: missing files"),
    ]


def test_an_error_in_what_is_shown_ends_nothing(
    run: Run, log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    workflow = workflow_of(log, [])
    shown = show(workflow, run)
    workflow.dag = None
    log.info("Workflow has started!", extra={"event": "workflow_started"})
    log.info("Job stats: ...", extra={"event": "run_info"})
    log.info("Finished jobid 3", extra={"event": "job_finished", "job_id": 3})
    assert "Snakemake's own log, because of AttributeError" in capsys.readouterr().err
    assert usual(log, shown).said == ["Job stats: ...", "Finished jobid 3"]


@pytest.mark.parametrize("output", [{"dryrun": True}, {"verbose": True}, {"quiet": {"rules"}}])
def test_dry_runs_and_those_who_ask_have_snakemakes_own_log(
    run: Run, log: logging.Logger, output: dict[str, Any]
) -> None:
    assert show(workflow_of(log, [], **output), run) is None
    log.info("a line")
    assert usual(log, None).said == ["a line"]


def test_another_snakemake_or_logger_is_left_alone(run: Run, log: logging.Logger) -> None:
    assert show(SimpleNamespace(), run) is None
    workflow = workflow_of(log, [])
    workflow.exec_mode = SimpleNamespace(name="REMOTE")
    assert show(workflow, run) is None
    log.handlers[0].name = "another"
    assert show(workflow_of(log, []), run) is None
