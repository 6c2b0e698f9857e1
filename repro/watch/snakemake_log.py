"""Show Snakemake's messages in readable form: steps in words, pictures, time left.

Where in the flow: the Snakefile calls `show` when it is read. In the process that runs the steps,
`Shown` replaces the handler that prints Snakemake's log; that log continues in its own file
(.snakemake/log/). Before the run begins, and for dry runs, lists, --verbose, another --logger or an
incompatible version of Snakemake, everything is printed as by Snakemake. The same applies after an
error in this module: the display must never end a run.
A logger plugin of Snakemake would have to be installed as a separate package before `snakemake` is
called; this works wherever the Snakefile does, however Snakemake was started.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from repro.runs.run import Run
from repro.watch.board import Board, Step
from repro.watch.closing import closing_text, what_to_do
from repro.watch.narrator import Narrator
from repro.watch.page import PAGE, write_page
from repro.watch.remaining import expected_seconds, read_plan
from repro.watch.rough_trainings import is_small, rough_trainings, training_images
from repro.watch.step_descriptions import describe_step
from repro.watch.terminal import display_for

DEFAULT_HANDLER = "DefaultStreamHandler"  # Snakemake's own
NOTHING = "Nothing to be done"
UNSAID = ("Assuming unrestricted shared filesystem", "Building DAG")  # not shown, before a run
AGAIN = "Trying to restart job"
ENDING = ("Will exit after", "Terminating processes")  # after Ctrl-C or a signal


def show(workflow: Any, run: Run) -> "Shown | None":
    """Show what this Snakemake does in readable form; returns None where its own log is shown.

    workflow: Snakemake's object of that name in a Snakefile.
    """
    try:
        output = workflow.output_settings
        own = workflow.exec_mode.name == "DEFAULT" and not (output.dryrun or output.verbose)
        log = workflow.logger_manager.logger
        handlers = [one for one in log.handlers if one.name == DEFAULT_HANDLER]
        if not own or len(handlers) != 1 or output.quiet:
            return None
    except AttributeError:
        return None
    shown = Shown(handlers[0], workflow, run)
    log.removeHandler(handlers[0])
    log.addHandler(shown)
    return shown


def final_messages(workflow: Any, run: Run) -> str:
    """The final messages of a run that succeeded."""
    settings = getattr(workflow, "config_settings", None)
    given = getattr(settings, "config_args", None) or ()
    return closing_text(run, targets=workflow.dag_settings.targets, given=given)


class Shown(logging.Handler):
    """Replaces `usual`, the handler that prints Snakemake's log."""

    def __init__(self, usual: logging.Handler, workflow: Any, run: Run) -> None:
        super().__init__()
        self.usual, self.workflow, self.run = usual, workflow, run
        self.name = DEFAULT_HANDLER
        self._narrator: Narrator | None = None
        self._begun = self._broken = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self._broken and not self._begun:
            self._begun = _event(record) == "workflow_started"
        if self._broken or not self._begun:
            if self._broken or not str(record.msg).startswith(UNSAID):
                self.usual.handle(record)
            return
        try:
            self._show(record)
        except Exception as error:  # any error in here must not end the run
            self._give_up(error)
            self.usual.handle(record)

    def _show(self, record: logging.LogRecord) -> None:
        if _event(record) == "run_info":
            self._plan()
        elif _event(record) is None and str(record.msg).startswith(NOTHING):
            words = final_messages(self.workflow, self.run)
            print(f"{NOTHING}: everything is there.\n{words}", flush=True)
        elif not self._narrated(record) and record.levelno >= logging.WARNING:
            self.usual.handle(record)

    def _narrated(self, record: logging.LogRecord) -> bool:
        """Whether the narrator reported the message; it does not before the steps are known."""
        fields, event, narrator = record.__dict__, _event(record), self._narrator
        if narrator is None:
            return False
        if event == "job_info":
            narrator.started(fields["jobid"], log=_first(fields["log"]))
        elif event == "job_finished":
            narrator.finished(fields["job_id"])
        elif event == "job_error":
            narrator.failed(fields["jobid"])
        elif event is None and str(record.msg).startswith(AGAIN):
            narrator.display.say("  Trying once more.")
        elif event is None and str(record.msg).startswith(ENDING):
            narrator.display.say(str(record.msg))
        else:
            return False
        return True

    def _plan(self) -> None:
        folder, board = self.run.folder, Board(clock=time.monotonic)
        with suppress(AttributeError, TypeError):
            board.cores = int(self.workflow.cores)
        page = folder / PAGE
        self._narrator = Narrator(
            folder,
            display_for(sys.stderr, environment=os.environ),
            board,
            write_page=lambda board, left: write_page(page, self.run, board, left),
        )
        self._narrator.planned(self._steps(), page=page)
        threading.Thread(target=self._ticks, daemon=True, name="what is shown").start()

    def _steps(self) -> Iterable[Step]:
        """The jobs that Snakemake will run, without targets that make nothing."""
        titles = {one.name: one.card.title for one in self.run.experiments}
        images = training_images(self.run)
        planned = rough_trainings(self.run, images) | read_plan(self.run.folder / "plan.json")
        small = is_small(images)
        for job in self.workflow.dag.needrun_jobs():
            if not job.output:
                continue
            name = str(job.wildcards_dict.get("name", ""))
            stage, words = describe_step(job.rule.name, name, titles=titles)
            params = getattr(job, "params", None)
            own = getattr(params, "out", None)  # of its stamp
            outputs = [Path(str(path)) for path in ([own] if own else job.output)]
            step = Step(job.jobid, job.rule.name, name, stage, words, outputs, _first(job.log))
            benchmark = Path(str(job.benchmark)) if job.benchmark else None
            if benchmark and _is_newer(getattr(params, "spec", None), benchmark):
                benchmark = None  # it took that long with other settings
            step.expected = expected_seconds(
                step, benchmark=benchmark, planned=planned, small=small
            )
            yield step

    def _ticks(self) -> None:
        while self._narrator is not None and not self._narrator.closed and not self._broken:
            try:
                self._narrator.tick()
            except Exception as error:
                self._give_up(error)
            time.sleep(1)

    def _give_up(self, error: Exception) -> None:
        self._broken = True
        with suppress(Exception):
            if self._narrator is not None:
                self._narrator.display.close()
        print(f"(from here on Snakemake's own log, because of {error!r})", file=sys.stderr)

    def ended(self, log: Iterable[str], *, succeeded: bool) -> None:
        """Remove the bars and say where the results are, or what to do; log: Snakemake's own."""
        failed: list[Step] = []
        if self._narrator is not None:
            self._narrator.close()
            failed = self._narrator.board.steps("failed")
        words = [final_messages(self.workflow, self.run)] if succeeded else what_to_do(failed)
        for line in ["", *words, *(f"Snakemake's log: {os.path.relpath(one)}" for one in log)]:
            print(line, file=sys.stdout if succeeded else sys.stderr, flush=True)

    def close(self) -> None:
        """Called when Snakemake ends, for any reason."""
        with suppress(Exception):
            if self._narrator is not None:
                self._narrator.close()
        self.usual.close()
        super().close()


def _event(record: logging.LogRecord) -> str | None:
    """Snakemake's type of a message; None for a plain one."""
    event = getattr(record, "event", None)
    return None if event is None else str(event)


def _is_newer(spec: object, than: Path) -> bool:
    """Whether a step's spec file, which is written where it changes, is newer than a file."""
    try:
        return spec is not None and Path(str(spec)).stat().st_mtime > than.stat().st_mtime
    except OSError:
        return False


def _first(paths: Iterable[Any]) -> Path | None:
    return next((Path(str(path)) for path in paths), None)
