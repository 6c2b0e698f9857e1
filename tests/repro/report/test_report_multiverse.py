"""The report says of a claim measured under other choices in how many of them its verdict stays."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from recorded_again import record_again
from test_report import make_experiments, make_run, number

from repro.report.build import build_report

WORDS = (
    "The verdict stays in 1 of 3 other choices (space) and changes in the rest: fails on "
    "synthetic data (1), not decided (control passes) (1). It always changes with space c or d."
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Smooth transitions, below 0.5: [0.1, 0.2], untrained [0.4, 0.8]; three other spaces."""
    home = tmp_path_factory.mktemp("made")
    make_experiments(home / "experiments")
    run = home / "results" / "demo"
    make_run(run)
    card = home / "experiments" / "latent_walk" / "experiment.yaml"
    values = yaml.safe_load(card.read_text())
    space = {"values": ["a", "b", "c", "d"], "why": "nobody says"}
    values["multiverse"] = [{"claims": ["smooth_transitions"], "choices": {"space": space}}]
    card.write_text(yaml.safe_dump(values))
    measured = run / "experiments" / "latent_walk" / "measured"
    found = {"b": ([0.2, 0.3], [0.4, 0.8]), "c": ([0.8, 0.9], [0.4, 0.8]), "d": ([0.2, 0.3],) * 2}
    others = [
        {"choices": {"space": name}, "measurement": number("step_share", ends[0][0], *ends[0]),
         "control": number("step_untrained", ends[1][1], *ends[1])}
        for name, ends in found.items()
    ]  # fmt: skip
    claim = {"default": {"space": "a"}, "others": others}
    (measured / "multiverse.json").write_text(json.dumps({"smooth_transitions": claim}))
    record_again(measured)
    return home


def report_of(home: Path, **changes: object) -> Path:
    run = home / "results" / "demo"
    path = run / "specs" / "report.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    build_report(run=run, spec_path=path, experiments=home / "experiments", out=run / "report")
    return run / "report"


@pytest.mark.slow
def test_share_and_values_are_in_table_page_and_markdown(made: Path) -> None:
    report = report_of(made)
    claims = pd.read_csv(report / "claims.csv", keep_default_na=False).set_index("id")
    assert claims.loc["smooth_transitions", "other_choices"] == WORDS
    assert claims.loc["smooth_transitions", "verdict"] == "holds on synthetic data"
    assert not claims["other_choices"].drop("smooth_transitions").any()
    page = (report / "index.html").read_text(encoding="utf-8")
    assert f"<dt>Other choices</dt><dd>{WORDS}</dd>" in page
    section = page.partition('<article class="experiment" id="latent_walk">')[2]
    assert WORDS in section.partition("</article>")[0]
    assert f"- `smooth_transitions`: {WORDS}" in (report / "report.md").read_text("utf-8")
    assert "multiverse_smooth_transitions.png" not in page  # not drawn, and no one waits for it


@pytest.mark.slow
def test_a_tiny_run_says_nothing_of_other_choices(made: Path) -> None:
    report = report_of(made, scale="tiny")
    claims = pd.read_csv(report / "claims.csv", keep_default_na=False)
    assert not claims["other_choices"].any()
    assert "Under other choices" not in (report / "report.md").read_text("utf-8")
