"""The report of a run: one self-contained page, the same as Markdown, claims and ledger as CSV.

Where in the flow: the last step. `repro.report.results` reads the folders of a run and the cards of
its experiments and decides every claim, `repro.report.views` embeds pictures and tables, and this
module renders `index.html` (pictures, styles and script inside, no address called), `report.md`,
`claims.csv` and `departures.csv` (`repro.report.departures`). It is a plain function of paths: a
folder that is missing is reported as "not run", with the command that would run it.

Alone: python -m repro.report --run results/demo --spec results/demo/specs/report.json \\
           --out results/demo/report
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from repro.artefacts.import_closure import templates
from repro.artefacts.recipe import Recipe, is_made
from repro.artefacts.step_folder import step_folder
from repro.claims.measurement import in_words
from repro.claims.rule_history import Key, RuleHistory, rule_histories, written_in_words
from repro.claims.verdict import Judgement, Verdict
from repro.figures.drawing import save_table
from repro.figures.offline_page import SHARED
from repro.report.commands import command_for
from repro.report.data_words import first_line
from repro.report.departures import (
    LedgerEntry,
    effect_in_words,
    effects_among,
    ledger,
    ledger_table,
    markdown,
    source_in_words,
)
from repro.report.own_pictures import opening
from repro.report.provenance_words import commit_in_words, cost, stages, versions
from repro.report.quantities import duration, memory, value_in_words
from repro.report.results import ExperimentResult, RunResults, read_json, read_run
from repro.report.spec import ReportSpec
from repro.report.tally import NO_CONTROL, tally
from repro.report.views import experiment_view, model_view
from repro.runs.report_inputs import report_inputs
from repro.specs.differences import as_in_a_run_file
from repro.specs.validation import validated

TEMPLATES = Path(__file__).parent / "templates"
UNREAD = ("raw/*", "parts/*", "data/*.npy", "data/*/keys.txt")  # large, and not for the report
VERDICT_WORDS = {  # how a verdict reads on the page; claims.csv holds the bare verdict
    verdict: "partly reproduced" if verdict == Verdict.PARTLY else verdict.value
    for verdict in Verdict
}
LOOKS = {  # verdict -> colour and mark of the page
    Verdict.REPRODUCED: "reproduced",
    Verdict.PARTLY: "partly",
    Verdict.NOT: "not",
    Verdict.HOLDS: "holds",
    Verdict.HOLDS_DRAWN: "holds",
    Verdict.UNDECIDED: "partly",
    Verdict.FAILS: "fails",
    Verdict.FAILS_DRAWN: "fails",
    Verdict.UNTRAINED_PASSES: "untrained",
    Verdict.TOO_SMALL: "untrained",
    Verdict.AT_EDGE: "untrained",
    Verdict.NOT_COMPARABLE: "not-comparable",
    Verdict.NOT_RUN: "not-run",
}
SOURCES = {"paper": "the paper's", "authors_code": "its authors' code", "ours": "ours"}
METERS = {  # columns of a training log whose last value is shown
    "loss_d": "loss of D",
    "loss_g": "loss of G",
    "d_real": "D(x)",
    "d_fake_before": "D(G(z)) before the update",
    "d_fake_after": "D(G(z)) after the update",
    "diversity": "diversity of the samples (real images: 1)",
}
CLAIM_COLUMNS = [
    "experiment", "id", "section", "statement", "source", "paper", "ours", "verdict", "reason",
    "rule", "rule_written", "control", "kind", "measurement", "value", "low", "high", "n", "unit",
    "spread", "command",
]  # fmt: skip


def build_report(*, run: Path, spec_path: Path, experiments: Path, out: Path) -> None:
    """Write the report of the run folder `run` into `out`, as one page, Markdown and two tables.

    spec_path: specs/report.json of the run; experiments: the folder with the experiments' cards.
    Raises SpecError or ValueError, naming the file, for one that is there but cannot be read, and
    ChangedFileError for a folder that is not what its step wrote, or was made of others than those
    it would stand beside.
    """
    spec = validated(ReportSpec, read_json(spec_path), where=str(spec_path))
    results = read_run(run=run, spec=spec, experiments=experiments)
    names = [experiment.name for experiment in results.experiments]
    inputs = report_inputs(run, experiments, names)
    recipe = Recipe.of("repro.report", settings=read_json(spec_path), files=templates())
    if is_made(out, recipe, inputs):
        return
    with step_folder(
        out, inputs=inputs, spec=spec.model_dump(), unread=UNREAD, recipe=recipe
    ) as folder:
        table = claim_rows(results, rule_histories(experiments))
        save_table(folder / "claims.csv", table)
        entries = departures(results)
        save_table(folder / "departures.csv", ledger_table(entries))
        rows = [dict(zip(CLAIM_COLUMNS, row, strict=True)) for row in table.to_numpy().tolist()]
        shown = _shown(results, run, rows) | {"ledger": entries}
        for name, template in (("index.html", "report.html.j2"), ("report.md", "report.md.j2")):
            text = _templates().get_template(template).render(**shown, rows=rows)
            (folder / name).write_text(text, encoding="utf-8")


def claim_rows(results: RunResults, histories: Mapping[Key, RuleHistory]) -> pd.DataFrame:
    """One row a claim, in the order of the experiments: what claims.csv holds."""
    rows = [
        _claim_row(experiment, judgement, histories.get((experiment.name, judgement.claim.id)))
        for experiment in results.experiments
        for judgement in experiment.judgements
    ]
    return pd.DataFrame(rows, columns=CLAIM_COLUMNS)


def departures(results: RunResults) -> list[LedgerEntry]:
    """The ledger of the run's models, with the effects that its experiments measured."""
    spec = results.spec
    models = {name: model for name, model in spec.models.items() if name not in spec.repeats}
    wanted = {one.name for one in results.datasets if one.dedup_command}
    hashed = [name for name, model in models.items() if model.get("data") in wanted]
    found = [one for experiment in results.experiments for one in experiment.measurements]
    return ledger(models, effects_among(found), hashed=hashed)


def _claim_row(
    experiment: ExperimentResult, judgement: Judgement, history: RuleHistory | None
) -> dict[str, Any]:
    claim, measured = judgement.claim, judgement.measurement
    return {
        "experiment": experiment.name,
        **claim.model_dump(include={name for name in CLAIM_COLUMNS if hasattr(claim, name)}),
        "ours": in_words(measured) if measured else "",
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "rule": claim.rule_in_words,
        "rule_written": written_in_words(history, claim.written_knowing),
        "control": control_in_words(judgement),
        **{key: getattr(measured, key, None) for key in ("value", "low", "high")},
        "n": measured.n if measured else "",
        "unit": measured.unit if measured else "",
        "spread": measured.spread if measured else "",
        "command": experiment.command,
    }


def control_in_words(judgement: Judgement) -> str:
    """The untrained control of a claim: name and number, why there is none, or that it lacks."""
    claim = judgement.claim
    if claim.without_control:
        return f"none: {claim.without_control}"
    if judgement.control is None:
        return NO_CONTROL
    return f"{claim.control.replace('_', ' ')}: {in_words(judgement.control)}"


def _shown(results: RunResults, run: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Everything the templates show."""
    spec = results.spec
    verdicts = [j.verdict for e in results.experiments for j in e.judgements]
    return {
        "spec": spec,
        "style": Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        "script": Markup((TEMPLATES / "report.js").read_text(encoding="utf-8")),
        "first_line": first_line(spec),
        "banner": "" if spec.banner.lower() in first_line(spec).lower() else spec.banner,
        "counts": {verdict: verdicts.count(verdict) for verdict in Verdict if verdict in verdicts},
        "tally": tally(rows),
        "words": VERDICT_WORDS,
        "looks": LOOKS,
        "sources": SOURCES,
        "opening": opening(results, run) if spec.own_pictures else None,
        "meters": METERS,
        "experiments": [experiment_view(one, spec, run) for one in results.experiments],
        "experiments_run": sum(bool(one.measurements) for one in results.experiments),
        "datasets": results.datasets,
        "models": [model_view(one, spec, run) for one in results.models],
        "cost": cost(results.steps),
        "stages": stages(results.steps),
        "versions": versions(results.steps),
        "rerun_report": command_for(spec, "report"),
    }


def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, SHARED]),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "words": value_in_words,
        "duration": duration,
        "memory": memory,
        "commit": commit_in_words,
        "control": control_in_words,
        "measured": in_words,
        "ledger": markdown,
        "setting": as_in_a_run_file,
        "source": source_in_words,
        "effect": effect_in_words,
        "cell": lambda text: str(text).replace("|", "\\|").replace("\n", " "),
    }
    return environment
