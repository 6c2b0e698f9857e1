"""The report's page as a reader meets it: what a run's data make it say, its commands, its keys.

In Chromium keys are stood for by what they do to a button: buttons are buttons, and Enter clicks.
"""

import html
import json
import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest
from browser import after_script, needs_chromium
from recorded_again import record_again
from test_report import EXPECTED

from repro.claims.ground import BoundRole
from repro.report.build import build_report
from repro.report.commands import pipeline_command, rerun_command
from repro.report.results import roles_as_prepared


def report_of(made: Path, home: Path, **changes: object) -> Path:
    """The report of a copy of the run whose report.json has these values."""
    run = home / "demo"
    shutil.copytree(made / "results" / "demo", run)
    path = run / "specs" / "report.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    experiments = made / "experiments"
    build_report(run=run, spec_path=path, experiments=experiments, out=run / "report")
    return run / "report"


@pytest.fixture(scope="module")
def report(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_of(made, tmp_path_factory.mktemp("report"))


def text_of_page(page: Path) -> str:
    """What is read on a page, in one line."""
    text = page.read_text(encoding="utf-8").partition('class="banner')[2].partition("<script>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def section_of(report: Path, experiment: str) -> str:
    text = (report / "index.html").read_text(encoding="utf-8")
    return text.partition(f'<article class="experiment" id="{experiment}">')[2].partition(
        "</article>"
    )[0]


@pytest.mark.slow
def test_every_figure_and_table_on_synthetic_data_says_so(report: Path) -> None:
    captions = re.findall(
        r"<figcaption>.*?</figcaption>", (report / "index.html").read_text(), re.S
    )
    assert len(captions) == 5  # a figure and a table of experiments; three pictures of a model
    assert all("Synthetic data." in caption for caption in captions)


@pytest.mark.slow
def test_a_run_on_real_data_says_nothing_of_synthetic_data(made: Path, tmp_path: Path) -> None:
    roles = {
        role: {"data": role, "model": role, "as_in_paper": True, "kind": "real"}
        for role in ("bedrooms", "objects", "mnist")
    }
    report = report_of(made, tmp_path, roles=roles, generated=False, banner="")
    words = text_of_page(report / "index.html")
    assert words.partition("Real data, at the paper's scale.")[1]
    assert not re.search(r"Synthetic data|Partly synthetic|SYNTHETIC", words)
    assert (report / "report.md").read_text().startswith("Real data, at the paper's scale.")
    # 83.0 within [80, 85]: now it may be set against the paper's number
    verdicts = dict(re.findall(r'<tr id="claim-\w+-(\w+)" data-verdict="([a-z ()]+)"',
                               (report / "index.html").read_text()))  # fmt: skip
    words = {
        "holds on synthetic data": "reproduced",
        "undecided": "partly",
        "fails on synthetic data": "not reproduced",
    }
    expected = {name: words.get(verdict, verdict) for name, verdict in EXPECTED.items()}
    assert verdicts == expected | {"accuracy": "reproduced"}


@pytest.mark.slow
def test_a_tiny_run_decides_nothing(made: Path, tmp_path: Path) -> None:
    report = report_of(made, tmp_path, scale="tiny")
    claims = pd.read_csv(report / "claims.csv")
    assert set(claims["verdict"]) == {"not decided (too small)", "not run"}
    assert "The paper's own numbers: 0 of 2 decided" in text_of_page(report / "index.html")


def own_pictures(made: Path, home: Path, *, last: dict, minibatches: int) -> Path:
    """The report of the run as one on own pictures, its training log ending like this."""
    shutil.copytree(made, home / "made")
    model = home / "made/results/demo/models/bedrooms"
    pd.DataFrame([last]).to_json(model / "log.jsonl", orient="records", lines=True)
    spec = json.loads((model / "spec.json").read_text())
    (model / "spec.json").write_text(json.dumps(spec | {"minibatches": minibatches}))
    record_again(model)
    shows = ["latent_walk/fig04_latent_walk.png", "latent_walk/jump_share"]
    roles = {"bedrooms": {"data": "bedrooms", "model": "bedrooms", "kind": "real"}}
    own = {
        "models": {"bedrooms": {}},
        "photos": "~/cats",
        "opens_with": shows,
        "roles": roles,
        "banner": "",
    }
    return report_of(home / "made", home, generated=False, **own)


@pytest.mark.slow
def test_own_pictures_get_samples_and_troubles_and_no_verdict(made: Path, tmp_path: Path) -> None:
    last = {"diversity": 0.29, "d_fake_before": 0.04}
    report = own_pictures(made, tmp_path, last=last, minibatches=20)
    page = (report / "index.html").read_text(encoding="utf-8")
    words = text_of_page(report / "index.html")
    assert "Your own pictures : this run says nothing of the paper." in words
    assert len(pd.read_csv(report / "claims.csv")) == 0
    assert 'class="verdict v-holds"' not in page
    assert "reproduced" not in words
    opening = page.partition('<section id="pictures">')[2].partition("</section>")[0]
    assert re.findall(r"<code>([^<]+)</code>", opening) == [
        "models/bedrooms/real_and_generated.png",
        "experiments/latent_walk/figures/fig04_latent_walk.png",
    ]
    assert page.index('id="pictures"') < page.index('id="experiments"')
    assert "Jump share: 0.9 [0.85, 0.95], n = 200" in " ".join(
        re.sub("<[^>]+>", "", opening).split()
    )
    assert "the samples of bedrooms have 0.29 of their diversity" in words
    assert "more epochs would help most" in words
    markdown = (report / "report.md").read_text(encoding="utf-8")
    for trouble in ("0.29 of the diversity", "D(G(z)) is 0.04", "too few minibatches: 20"):
        assert trouble in words.partition("Trouble with the samples of bedrooms")[2]
        assert trouble in markdown.partition("**Trouble with the samples of `bedrooms`:**")[2]


@pytest.mark.slow
def test_own_pictures_without_trouble(made: Path, tmp_path: Path) -> None:
    last = {"diversity": 0.31, "d_fake_before": 0.06}
    report = own_pictures(made, tmp_path, last=last, minibatches=1000)
    for name in ("index.html", "report.md"):
        text = (report / name).read_text(encoding="utf-8")
        assert "0.31 of their diversity" in text
        assert "would help" in text
        assert "Trouble with the samples of" not in text


@pytest.mark.slow
@pytest.mark.parametrize(("count", "skipped", "paper"), [(49_990, 10, True), (49_990, 0, False)])
def test_fewer_images_than_the_papers_are_other_data(
    made: Path, tmp_path: Path, count: int, skipped: int, paper: bool
) -> None:
    shutil.copytree(made, tmp_path / "made")
    manifest = tmp_path / "made/results/demo/data/bedrooms/manifest.json"
    written = json.loads(manifest.read_text()) | {"count": count, "skipped": {"torn": skipped}}
    manifest.write_text(json.dumps(written))
    record_again(manifest.parent)
    role = {"data": "bedrooms", "model": "bedrooms", "as_in_paper": True, "kind": "real"}
    roles = {"bedrooms": role | {"expected_images": {"bedrooms": 50_000}}}
    report = report_of(tmp_path / "made", tmp_path, roles=roles, generated=False, banner="")
    verdicts = dict(pd.read_csv(report / "claims.csv")[["id", "verdict"]].to_numpy().tolist())
    expected = "reproduced" if paper else "holds on other data"
    assert verdicts["smooth_transitions"] == expected
    words = text_of_page(report / "index.html")
    assert ("bedrooms holds 49,990 images, the paper's 50,000" in words) != paper


def test_fewer_images_are_said_beside_another_training(tmp_path: Path) -> None:
    (tmp_path / "data/bedrooms").mkdir(parents=True)
    (tmp_path / "data/bedrooms/manifest.json").write_text('{"count": 40}')
    role = BoundRole(
        as_in_paper="data", not_as_in_paper=["other epochs"], expected_images={"bedrooms": 50}
    )
    found = roles_as_prepared(tmp_path, {"bedrooms": role})["bedrooms"]
    assert found.as_in_paper is False
    assert found.not_as_in_paper == ["other epochs", "bedrooms holds 40 images, the paper's 50"]


@pytest.mark.slow
def test_a_banner_is_said_beside_the_data_unless_it_says_the_same(
    made: Path, tmp_path: Path
) -> None:
    report = report_of(made, tmp_path, banner="TINY - not a result")
    assert "TINY - not a result · SYNTHETIC DATA :" in text_of_page(report / "index.html")
    first = (report / "report.md").read_text().partition("\n")[0]
    assert first.startswith("**TINY - not a result.** Synthetic data:")


def test_a_failed_claim_is_read_as_failed_and_why(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    row = text.partition('id="claim-latent_walk-jumps"')[2].partition("</tr>")[0]
    words = " ".join(re.sub(r"<[^>]+>", " ", row).split())
    assert "Why the value is not below 0.5" in words
    assert "Rule written not known: it is in no commit that is at hand" in words
    assert "0.90 [0.85, 0.95] fails on synthetic data" in words
    assert "0.9 [0.85, 0.95], n = 200; 95 % bootstrap over walks" in words
    assert "jump share below 0.5" in words
    assert "snakemake latent_walk --configfile config/demo.yaml" in words


@pytest.mark.parametrize("name", ["latent_walk", "cifar10_svm"])
def test_an_experiment_has_its_cost_commit_and_commands(report: Path, name: str) -> None:
    run = report.parent / "experiments" / name
    records = [json.loads((run / step / "provenance.json").read_text())
               for step in ("measured", "figures")]  # fmt: skip
    place = html.unescape(section_of(report, name))
    told = place.partition("Cost, commit, and how to re-run just this")[2]
    for record in records:
        assert str(record["commit"])[:10] in told
    assert "peak memory" in told
    commands = re.findall(r'<code class="command">(.*?)</code>', told, re.S)
    pipeline = f"snakemake {name} --configfile config/demo.yaml"
    steps = [shlex.join(record["command"]) for record in records]  # measured, then drawn
    deleted = f"rm -r results/demo/experiments/{name}/measured"
    assert commands == [pipeline, f"{deleted} && {pipeline}", *steps]


@pytest.mark.parametrize(
    ("given", "config"),
    [
        ({}, None),
        ({"raw": "raw", "image_size": 128}, ["raw=raw", "image_size=128"]),
        ({"raw": "my data"}, ["raw=my data"]),
        ({"models": {"a": {"batch": 8}}, "dedup": ["b"]}, ["models={a: {batch: 8}}", "dedup=[b]"]),
        ({"photos": "~/cats"}, ["photos=$PHOTOS"]),  # parsed without a shell
        ({"raw": "/home/somebody/data"}, ["raw=$RAW"]),
    ],
)
def test_commands_are_what_snakemake_takes(given: dict, config: list[str] | None) -> None:
    from snakemake.cli import get_argument_parser

    command = pipeline_command("latent_walk", config="config/a b.yaml", given=given)
    deleting, _, making = rerun_command(command, "results/a b/measured").partition(" && ")
    assert shlex.split(deleting) == ["rm", "-r", "results/a b/measured"]
    program, *argv = shlex.split(making)
    parsed = get_argument_parser().parse_args(argv)
    assert program == "snakemake"
    assert parsed.targets == {"latent_walk"} or parsed.targets == ["latent_walk"]
    assert [str(file) for file in parsed.configfile] == ["config/a b.yaml"]
    assert (parsed.config or None) == config


def test_what_only_the_user_has_joins_the_other_settings() -> None:
    given = {"raw": "raw"}
    command = pipeline_command("fid", config="c.yaml", given=given, ask_for="weights=FILE")
    assert command == "snakemake fid --configfile c.yaml --config raw=raw weights=FILE"
    given |= {"fid_weights": "/home/me/inception.pth"}
    command = pipeline_command("fid", config="c.yaml", given=given, ask_for="fid_weights=FILE")
    assert command.endswith(' --config raw=raw fid_weights="$FID_WEIGHTS"')


def test_every_command_of_the_report_names_its_target_first(report: Path) -> None:
    for name in ("index.html", "report.md", "claims.csv"):
        text = (report / name).read_text(encoding="utf-8")
        assert "snakemake mnist_nearest --configfile config/demo.yaml" in re.sub(
            "</?span>", "", text
        )
        assert not re.search(r"snakemake -", text)


@needs_chromium
@pytest.mark.slow
def test_claims_are_sorted_as_numbers_and_filtered_by_buttons(report: Path, tmp_path: Path) -> None:
    script = """<script>
      const ours = () => [...document.querySelectorAll(".claims tbody tr:not([hidden])")]
        .map((row) => row.cells[3].dataset.key).join(" ").trim();
      const press = (button) => {
        button.focus();
        if (document.activeElement !== button) say("lost", button.outerHTML);
        button.click();
      };
      const head = document.querySelectorAll(".claims th")[3];
      press(head.querySelector("button"));
      say("up", ours());
      press(head.querySelector("button"));
      say("down", ours());
      say("order", head.getAttribute("aria-sort"));
      const chip = document.querySelector(".chip[data-verdict='fails on synthetic data']");
      press(chip);
      say("failed", ours());
      say("folded", !document.querySelector("#claim-latent_walk-jumps").closest("details").open);
      say("pressed", chip.getAttribute("aria-pressed"));
      press(document.querySelector(".toggle[data-verdict='undecided']"));
      say("two", ours());
      press(document.querySelector("#all"));
      const search = document.querySelector("#search");
      search.value = "CIFAR gain";
      search.dispatchEvent(new Event("input"));
      say("found", ours());
      say("told", document.querySelector("#shown").textContent);
    </script>"""
    found = after_script(report / "index.html", script, tmp_path).by_id
    assert "lost" not in found
    assert found["up"] == "0.15 0.6 20.0 0.9 83.0"  # in the first table; those of ours, then 83
    assert found["down"] == "20.0 0.6 0.15 0.9 83.0"
    assert found["order"] == "descending"
    assert (found["failed"], found["pressed"], found["two"]) == ("0.9", "true", "0.6 0.9")
    assert found["folded"] == "false"  # the one that failed is ours, and was folded away
    assert (found["found"], found["told"]) == ("20.0", f"1 of {len(EXPECTED)} claims")


@needs_chromium
@pytest.mark.slow
def test_figures_enlarge_and_everything_is_open_in_print(report: Path, tmp_path: Path) -> None:
    script = """<script>
      const zoom = document.querySelector(".zoom");
      zoom.focus();
      zoom.click();
      const dialog = document.querySelector("dialog");
      const large = dialog.querySelector("img");
      say("open", `${dialog.open} ${large.src === zoom.querySelector("img").src}`);
      const first = large.clientWidth;
      say("larger", first >= 1.9 * zoom.querySelector("img").naturalWidth);
      dialog.dispatchEvent(new KeyboardEvent("keydown", { key: "+" }));
      say("plus", large.clientWidth > first);
      dialog.querySelector(".close").click();
      say("closed", `${dialog.open} ${document.activeElement === zoom}`);
      const shut = () => document.querySelectorAll("details:not([open])").length;
      const before = shut();
      window.dispatchEvent(new Event("beforeprint"));
      say("print", [...document.querySelectorAll("details:not([open])")]
        .map((one) => one.className).join(" "));
      window.dispatchEvent(new Event("afterprint"));
      say("after", shut() === before);
      say("wide", document.documentElement.scrollWidth <= window.innerWidth);
    </script>"""
    found = after_script(report / "index.html", script, tmp_path).by_id
    assert found["open"] == "true true"
    assert (found["larger"], found["plus"], found["closed"]) == ("true", "true", "false true")
    assert found["print"] == "moving"  # an animation does not move on paper
    assert (found["after"], found["wide"]) == ("true", "true")
