"""The report of a run: one self-contained page, the same as Markdown, claims and ledger as CSV.

Where in the flow: the last step. `repro.report.results` reads the folders of a run and the cards of
its experiments and decides every claim; `repro.report.page` renders `index.html` (pictures, styles
and script inside, no address called) and `report.md`; this module adds `claims.csv` and
`departures.csv` (`repro.report.departures`). It is a plain function of paths: a folder that is
missing is reported as "not run", with the command that would run it. `repro.report.publish` writes
the same of a finished run into results/published.

Alone: python -m repro.report --run results/demo --spec results/demo/specs/report.json \\
           --out results/demo/report
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from repro.artefacts.import_closure import templates
from repro.artefacts.recipe import Recipe, is_made
from repro.artefacts.step_folder import step_folder
from repro.claims.measurement import format_measurement
from repro.claims.rule_history import Key, RuleHistory, describe_rule_history, rule_histories
from repro.claims.verdict import Judgement
from repro.figures.drawing import save_table
from repro.report.departures import LedgerEntry, effects_among, ledger, ledger_table
from repro.report.page import IN_THE_RUN, Place, describe_control, rendered
from repro.report.results import ExperimentResult, RunResults, read_json, read_run
from repro.report.spec import ReportSpec
from repro.runs.report_inputs import report_inputs
from repro.specs.validation import validated

UNREAD = ("raw/*", "data/*.npy", "data/*/keys.txt")  # large, and not for the report
CLAIM_COLUMNS = [
    "experiment", "id", "section", "statement", "source", "paper", "ours", "verdict", "reason",
    "rule", "rule_written", "control", "other_choices", "kind", "measurement", "value", "low",
    "high", "n", "unit", "spread", "command",
]  # fmt: skip


def build_report(*, run: Path, spec_path: Path, experiments: Path, out: Path) -> None:
    """Write the report of the run folder `run` into `out`, as one page, Markdown and two tables.

    spec_path: specs/report.json of the run; experiments: the folder with the experiments' cards.
    Raises SpecError or ValueError, naming the file, for one that is there but cannot be read, and
    ChangedFileError for a folder that is not what its step wrote, or was made from others than
    the report shows.
    """
    spec = validated(ReportSpec, read_json(spec_path), where=str(spec_path))
    results = read_run(run=run, spec=spec, experiments=experiments)
    inputs = report_inputs(run, experiments, spec.shown)
    recipe = Recipe.of("repro.report", settings=read_json(spec_path), files=templates())
    if is_made(out, recipe, inputs):
        return
    with step_folder(
        out, inputs=inputs, spec=spec.model_dump(), unread=UNREAD, recipe=recipe
    ) as folder:
        write_report(results, run=run, experiments=experiments, place=IN_THE_RUN, out=folder)


def write_report(
    results: RunResults, *, run: Path, experiments: Path, place: Place, out: Path
) -> None:
    """Write the page, the Markdown and the two tables of results read from the folder `run`."""
    table = claim_rows(results, rule_histories(experiments))
    save_table(out / "claims.csv", table)
    entries = departures(results)
    save_table(out / "departures.csv", ledger_table(entries))
    rows = [dict(zip(CLAIM_COLUMNS, row, strict=True)) for row in table.to_numpy().tolist()]
    for name, text in rendered(results, run=run, rows=rows, ledger=entries, place=place).items():
        (out / name).write_text(text, encoding="utf-8")


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
    hashed = [name for name, model in models.items() if model.get("data") in spec.hashed]
    found = [one for experiment in results.experiments for one in experiment.measurements]
    return ledger(models, effects_among(found), hashed=hashed)


def _claim_row(
    experiment: ExperimentResult, judgement: Judgement, history: RuleHistory | None
) -> dict[str, Any]:
    claim, measured = judgement.claim, judgement.measurement
    stable = experiment.stabilities.get(claim.id)
    return {
        "experiment": experiment.name,
        **claim.model_dump(include={name for name in CLAIM_COLUMNS if hasattr(claim, name)}),
        "ours": format_measurement(measured) if measured else "",
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "rule": claim.rule_text,
        "rule_written": describe_rule_history(history, claim.written_knowing),
        "control": describe_control(judgement),
        "other_choices": stable.words if stable else "",
        **{key: getattr(measured, key, None) for key in ("value", "low", "high")},
        "n": measured.n if measured else "",
        "unit": measured.unit if measured else "",
        "spread": measured.spread if measured else "",
        "command": experiment.command,
    }
