"""The order of the report's page: cards, claims, sections; what is folded and what unfolds it."""

import html
import re
import shutil
from pathlib import Path

import pytest
from browser import after_script, needs_chromium
from recorded_again import record_again
from test_report_page import report_of, section_of


@pytest.fixture(scope="module")
def report(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_of(made, tmp_path_factory.mktemp("report"))


@pytest.mark.slow
def test_the_row_of_cards_shows_claim_and_verdict_and_leads_to_the_section(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    row = text.partition('<section id="figures">')[2].partition("</section>")[0]
    assert text.index('id="figures"') < text.index('id="claims"') < text.index('id="experiments"')
    (card,) = re.findall(r'<a class="lead" href="#(\w+)">(.*?)</a>', row, re.S)
    words = " ".join(re.sub(r"<[^>]+>", " ", card[1]).split())
    assert card[0] == "latent_walk"
    assert words == "Fig 4 Walks do not jump fails on synthetic data and 2 more claims"
    left = " ".join(re.sub(r"<[^>]+>", " ", row.partition("Not run:")[2]).split())
    assert left == "Fig 4 (Digits are near enough)."  # of the experiment on digits


def test_sections_open_with_a_sentence_of_result_and_the_figure(report: Path) -> None:
    section = section_of(report, "latent_walk")
    words = " ".join(re.sub(r"<[^>]+>", " ", section.partition("</h3>")[2]).split())
    result = (
        "fails on synthetic data Statement of jumps with <angle> & | bar 0.90 [0.85, 0.95], n = 200"
    )
    assert html.unescape(words).startswith(result)
    assert section.index('class="result"') < section.index("<img") < section.index("<details")


def test_claims_of_ours_and_those_left_open_are_folded(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8").partition('<section id="claims">')[2]
    first, ours, left = re.split(r'<details class="claim-group">', text.partition("</section>")[0])
    names = [re.findall(r'<tr id="claim-\w+?-(\w+)"', part) for part in (first, ours, left)]
    names = [[name.rpartition("-")[2] for name in part] for part in names]
    assert [len(part) for part in names] == [3, 1, 3]
    assert "jumps" in ours
    assert "stated" in first.partition("<table")[0]


@pytest.mark.slow
def test_pages_of_the_run_are_links(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "made")
    figures = tmp_path / "made/results/demo/experiments/latent_walk/figures"
    (figures / "playable.html").write_text("<p>faces</p>")
    record_again(figures)
    report = report_of(tmp_path / "made", tmp_path)
    address = "../experiments/latent_walk/figures/playable.html"
    assert (report / address).is_file()
    assert f'<a href="{address}">playable.html</a>' in (report / "index.html").read_text()
    assert f"[playable.html]({address})" in (report / "report.md").read_text()


@needs_chromium
@pytest.mark.slow
def test_a_link_to_a_folded_claim_unfolds_it(report: Path, tmp_path: Path) -> None:
    script = """<script>
      const claim = document.querySelector("#claim-latent_walk-jumps");
      say("before", claim.closest("details").open);
      location.hash = "claim-latent_walk-jumps";
      window.dispatchEvent(new Event("hashchange"));
      say("after", claim.closest("details").open);
    </script>"""
    found = after_script(report / "index.html", script, tmp_path).by_id
    assert (found["before"], found["after"]) == ("false", "true")
