"""The page and the Markdown of a report, rendered from what a run holds.

Where in the flow: `repro.report.build` calls `rendered` for the report of a run, and
`repro.report.publish` for results/published; they differ in where the files lie and in how much
pictures may weigh (`Place`). Pictures and tables come from `repro.report.views`, the order and the
cards from `repro.report.paper_order`; the templates stand next to this module.

Alone: `rendered(read_run(...), run=Path("results/demo"), rows=[], ledger=[], place=IN_THE_RUN)`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from repro.claims.measurement import format_measurement
from repro.claims.verdict import NEEDLESS, NOT_MEASURED, Judgement, Verdict
from repro.figures.offline_page import SHARED
from repro.report.commands import command_for
from repro.report.data_description import first_line
from repro.report.departures import LedgerEntry, describe_effect, describe_source
from repro.report.own_pictures import opening
from repro.report.paper_order import claim_groups, in_paper_order, lead_cards, lead_judgement
from repro.report.provenance_summary import cost, describe_commit, stages, versions
from repro.report.quantities import duration, format_value, memory, rounded
from repro.report.results import RunResults
from repro.report.tally import summarise_findings, tally
from repro.report.views import experiment_view, model_view
from repro.specs.differences import format_setting

TEMPLATES = Path(__file__).parent / "templates"
VERDICT_WORDS = {  # how a verdict reads on the page; claims.csv holds the bare verdict
    verdict: "partly reproduced" if verdict == Verdict.PARTLY else verdict.value
    for verdict in Verdict
}
LOOKS = {  # verdict -> colour and mark of the page
    Verdict.REPRODUCED: "reproduced",
    Verdict.PARTLY: "partly",
    Verdict.NOT: "not",
    Verdict.HOLDS: "holds",
    Verdict.HOLDS_SYNTHETIC: "holds",
    Verdict.UNDECIDED: "partly",
    Verdict.FAILS: "fails",
    Verdict.FAILS_SYNTHETIC: "fails",
    Verdict.CONTROL_PASSES: "untrained",
    Verdict.NO_CONTROL: "untrained",
    Verdict.TOO_SMALL: "untrained",
    Verdict.AT_EDGE: "untrained",
    Verdict.NOT_COMPARABLE: "not-comparable",
    Verdict.NOT_RUN: "not-run",
}
SOURCES = {"paper": "the paper's", "authors_code": "its authors' code", "ours": "ours"}
MOST_WORDS = 30  # of a caption in report.md
LOGGED_COLUMNS = {  # columns of a training log whose last value is shown
    "loss_d": "loss of D",
    "loss_g": "loss of G",
    "d_real": "D(x)",
    "d_fake_before": "D(G(z)) before the update",
    "d_fake_after": "D(G(z)) after the update",
    "diversity": "diversity of the samples (real images: 1)",
}


@dataclass(frozen=True)
class Place:
    """The place of a report: address of a file of the run from there, None where it is not kept.

    light: pictures coded with loss, no animations.
    """

    address: Callable[[str], str | None]
    light: bool


IN_THE_RUN = Place(address=lambda file: f"../{file}", light=False)


def rendered(
    results: RunResults,
    *,
    run: Path,
    rows: list[dict[str, Any]],
    ledger: list[LedgerEntry],
    place: Place,
) -> dict[str, str]:
    """Texts of index.html and report.md; rows: the claims as claims.csv holds them."""
    shown = _shown(results, run, rows, place) | {"ledger": ledger}
    templates = {"index.html": "report.html.j2", "report.md": "report.md.j2"}
    return {
        name: _templates().get_template(template).render(**shown)
        for name, template in templates.items()
    }


def describe_control(judgement: Judgement) -> str:
    """The control of a claim: name and number, why there is none, or that it was not measured."""
    claim = judgement.claim
    if claim.without_control:
        return f"{NEEDLESS}{claim.without_control}"
    if judgement.control is None:
        return NOT_MEASURED
    return f"{claim.control.replace('_', ' ')}: {format_measurement(judgement.control)}"


def _shown(
    results: RunResults, run: Path, rows: list[dict[str, Any]], place: Place
) -> dict[str, Any]:
    """Everything the templates show."""
    spec = results.spec
    ordered = in_paper_order(results.experiments)
    verdicts = [j.verdict for e in ordered for j in e.judgements]
    return {
        "spec": spec,
        "style": Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        "script": Markup((TEMPLATES / "report.js").read_text(encoding="utf-8")),
        "first_line": first_line(spec),
        "banner": "" if spec.banner.lower() in first_line(spec).lower() else spec.banner,
        "written": {(row["experiment"], row["id"]): row["rule_written"] for row in rows},
        "counts": {verdict: verdicts.count(verdict) for verdict in Verdict if verdict in verdicts},
        "tally": tally(rows),
        "summarise_findings": summarise_findings(rows),
        "lead_cards": lead_cards(ordered),
        "groups": claim_groups(ordered),
        "address": place.address,
        "light": place.light,
        "words": VERDICT_WORDS,
        "looks": LOOKS,
        "sources": SOURCES,
        "opening": opening(results, run) if spec.own_pictures else None,
        "logged": LOGGED_COLUMNS,
        "experiments": [experiment_view(one, spec, run, light=place.light) for one in ordered],
        "experiments_run": sum(bool(one.measurements) for one in ordered),
        "datasets": results.datasets,
        "models": [model_view(one, spec, run, light=place.light) for one in results.models],
        "cost": cost(results.steps),
        "stages": stages(results.steps),
        "versions": versions(results.steps),
        "rerun_report": command_for(spec, "report"),
    }


def first_sentences(text: str) -> str:
    """The first sentence of a caption, and the next ones as far as there is room for them."""
    first, *more = re.split(r"(?<=[.?:]) (?=[A-Z])", " ".join(text.split()))
    for sentence in more:
        if len(f"{first} {sentence}".split()) > MOST_WORDS:
            break
        first = f"{first} {sentence}"
    return first


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
        "format_value": format_value,
        "duration": duration,
        "memory": memory,
        "commit": describe_commit,
        "control": describe_control,
        "measured": format_measurement,
        "rounded": rounded,
        "lead": lead_judgement,
        "first_sentences": first_sentences,
        "setting": format_setting,
        "source": describe_source,
        "effect": describe_effect,
        "cell": lambda text: str(text).replace("|", "\\|").replace("\n", " "),
    }
    return environment
