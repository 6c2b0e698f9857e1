"""The report of a made-up run: whole, self-contained, honest about what is missing.

Longer than 300 lines: one writer of made-up runs serves all the tests here.
"""

import base64
import csv
import html
import io
import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from browser import dom_of, needs_chromium
from PIL import Image

from repro.artefacts.step_folder import step_folder
from repro.claims.verdict import Verdict
from repro.figures.animation import save_animation
from repro.figures.drawing import (
    grid,
    save_figure,
    save_picture,
    save_table,
    training_curves,
)
from repro.figures.style import Style
from repro.report.build import build_report
from repro.report.pictures import card_picture, embed_animation, embed_picture
from repro.report.results import read_run
from repro.report.spec import ReportSpec
from repro.specs.differences import differing_from_paper
from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec
from repro.specs.validation import SpecError

STYLE = Style(banner="SYNTHETIC DATA")
# Verdicts worked out by hand from the cards and measurements below.
EXPECTED = {
    "smooth_transitions": "holds on synthetic data",  # [0.1, 0.2] below 0.5; untrained: 0.7
    "pixels_differ": "undecided",  # 0.6 above 0.5, [0.4, 0.8] not
    "jumps": "fails on synthetic data",  # 0.9 is not below 0.5
    "accuracy": "not comparable",  # a value, on generated images
    "beats_random": "not decided (control passes)",  # 20 above 0, and so is 10 [8, 12]
    "nan_number": "not run",
    "error_rate": "not run",
}


def command(target: str) -> str:
    return f"snakemake {target} --configfile config/demo.yaml"


def claim(name: str, measurement: str, rule: dict, kind: str = "direction", **more: object) -> dict:
    return {
        "id": name,
        "section": "6.1",
        "statement": f"Statement of {name} with <angle> & | bar",
        "paper": "stated, no number",
        "measurement": measurement,
        "kind": kind,
        "rule": rule,
        "source": "paper",
        **more,
    }


def card(
    title: str, role: str, claims: list[dict], captions: dict[str, str], **more: object
) -> dict:
    return {
        "title": title,
        "paper": {"section": "6.1", "figures": ["Fig 4"]},
        "inputs": [f"{role}.model", f"{role}.data"],
        "captions": captions,
        "claims": claims,
        "departures": [f"{title}: drawn at 32 pixels, since the demo has minutes"],
        **more,
    }


def number(name: str, value: float, low: float | None = None, high: float | None = None) -> dict:
    return {
        "name": name, "value": value, "low": low, "high": high, "n": 200, "unit": "",
        "spread": "95 % bootstrap over walks", "protocol": f"protocol of {name}",
    }  # fmt: skip


def write_measurements(folder: Path, measured: list[dict]) -> None:
    (folder / "measurements.json").write_text(json.dumps({one["name"]: one for one in measured}))


def make_experiments(home: Path) -> None:
    """Cards and READMEs of three experiments."""
    cards = {
        "latent_walk": card(
            "Walking in the latent space",
            "bedrooms",
            [
                claim("smooth_transitions", "step_share", {"below": 0.5}, control="step_untrained"),
                claim("pixels_differ", "pixel_share", {"above": 0.5}),
                claim("jumps", "jump_share", {"below": 0.5}, source="ours"),
            ],
            {"fig04_latent_walk.png": "Each row walks from one random point towards the next."},
            lead={
                "picture": "fig04_latent_walk.png",
                "claim": "jumps",
                "words": "Walks do not jump",
            },
        ),
        "cifar10_svm": card(
            "CIFAR-10 from the discriminator's features",
            "objects",
            [
                claim("accuracy", "svm_accuracy", {"within": [80.0, 85.0]}, kind="value"),
                claim("beats_random", "gain", {"above": 0}, control="gain_untrained"),
                claim("nan_number", "nothing", {"above": 0}),
            ],
            {"table1_cifar10.csv": "The paper's column beside ours."},
        ),
        "mnist_nearest": card(
            "Nearest neighbours on MNIST",
            "mnist",
            [claim("error_rate", "error", {"below": 3.0}, kind="value")],
            {"fig09_mnist.png": "Rows are digits."},
            lead={
                "picture": "fig09_mnist.png",
                "claim": "error_rate",
                "words": "Digits are near enough",
            },
        ),
    }
    for name, content in cards.items():
        folder = home / name
        folder.mkdir(parents=True)
        (folder / "experiment.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        (folder / "README.md").write_text(
            f"# {content['title']}\n\n## Protocol\n\nSee [the paper](https://arxiv.org/abs/1), "
            "![far](https://example.org/a.png) and [code](../x.py).\n\n"
            '<script src="https://example.org/x.js"></script>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n'
        )


def model_description(**training: object) -> dict:
    """What spec.json of a model holds: 2,675 images, six epochs of 42 minibatches."""
    return {
        "spec": {"data": "bedrooms", "preset": "paper_64", "network": {"image_size": 32},
                 "training": {"batch": 64, "beta1": 0.5, "schedule": "alternating",
                              "precision": "bfloat16"} | training},
        "images": 2675, "minibatches": 252, "minibatches_per_epoch": 42, "steps_d": 126,
        "steps_g": 126,
    }  # fmt: skip


def write_health(folder: Path, content: dict) -> None:
    (folder / "health.json").write_text(json.dumps(content))


def make_run(run: Path) -> Path:
    """A run with everything but the last experiment and the second model; returns report.json."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:32, 0:32] / 31
    rooms = np.stack(
        [
            (255 * np.stack([(x + i / 20) / 2, (y + j / 20) / 2, (x * y + 1) / 2], -1)).clip(0, 255)
            for j in range(10)
            for i in range(10)
        ]
    ).astype(np.uint8)
    # A step is named after its folder; the inputs of these are left out.
    with step_folder(run / "data" / "bedrooms", inputs={}, seed=42) as out:
        manifest = {
            "source": "lsun", "count": 2950, "image_size": 32, "channels": 3, "label_fields": {},
            "skipped": {"truncated": 3, "empty": 1},
        }  # fmt: skip
        (out / "manifest.json").write_text(json.dumps(manifest))
    with step_folder(run / "dedup" / "bedrooms", inputs={}) as out:
        (out / "summary.json").write_text(json.dumps({"removed": 275, "groups": 240}))
    with step_folder(run / "models" / "bedrooms", inputs={}, seed=42) as out:
        save_picture(out / "samples.png", grid(rooms[:64], 8), style=STYLE)
        n = 300
        log = pd.DataFrame({"step": np.arange(n)})
        for column, level in {
            "loss_d": 1.1, "loss_g": 1.9, "d_real": 0.7, "d_fake_before": 0.4, "d_fake_after": 0.3,
        }.items():  # fmt: skip
            log[column] = level + 0.05 * rng.normal(size=n)
        log.to_json(out / "log.jsonl", orient="records", lines=True)
        save_figure(out / "curves.png", training_curves(log), style=STYLE)
        description = model_description() | {"parameters": {"G": 18885760, "D": 1}}
        (out / "spec.json").write_text(json.dumps(description))
        save_picture(out / "real_and_generated.png", grid(rooms[:32], 8), style=STYLE)
        (out / "samples").mkdir()
        sheets = [out / "samples" / f"step_{step:08d}.png" for step in (100, 252)]
        for first, sheet in enumerate(sheets):
            save_picture(sheet, grid(rooms[first:][:64], 8), style=STYLE)
        save_animation(out / "samples.webp", sheets)
        finding = {"trouble": "saturated_discriminator", "step": 1200, "words": "D(x) is <1>."}
        write_health(out, {"findings": [finding], "stopped_early_at": 1260,
                           "stop_on": ["collapse", "saturated_discriminator"]})  # fmt: skip
    for name in ("faces", "older"):
        with step_folder(run / "models" / name, inputs={}) as out:
            (out / "spec.json").write_text(json.dumps(model_description()))
            if name == "faces":
                write_health(out, {"findings": [], "stopped_early_at": None})
    walk = run / "experiments" / "latent_walk"
    with step_folder(walk / "measured", inputs={}, seed=42) as out:
        measured = [
            number("step_share", 0.15, 0.1, 0.2),
            number("step_untrained", 0.7, 0.4, 0.8),
            number("pixel_share", 0.6, 0.4, 0.8),
            number("jump_share", 0.9, 0.85, 0.95),
        ]
        write_measurements(out, measured)
    with step_folder(walk / "figures", inputs={}) as out:
        save_picture(out / "fig04_latent_walk.png", grid(rooms, 10), style=STYLE, title="A walk")
    svm = run / "experiments" / "cifar10_svm"
    with step_folder(svm / "measured", inputs={}, seed=42) as out:
        measured = [number("svm_accuracy", 83.0), number("gain", 20.0, 15.0, 25.0)]
        measured.append(number("gain_untrained", 10.0, 8.0, 12.0))
        measured.append(number("nothing", float("nan")))
        write_measurements(out, measured)
    with step_folder(svm / "figures", inputs={}) as out:
        table = pd.DataFrame(
            {
                "model": ["DCGAN + L2-SVM", "random features", "<b>raw</b>"],
                "paper_accuracy_%": ["82.8", "", ""],
                "ours_accuracy_%": [83.0, 54.0, 39.5],
            }
        )
        save_table(out / "table1_cifar10.csv", table)
    spec = {
        "run": "demo",
        "title": "The demo run",
        "banner": "SYNTHETIC DATA",
        "description": "The whole chain in minutes on two processor cores.",
        "config": "config/demo.yaml",
        "generated": True,
        "roles": {
            role: {"data": data, "model": data, "as_in_paper": False, "kind": "generated"}
            for role, data in {"bedrooms": "bedrooms", "objects": "objects"}.items()
        },
        "departures": ["Half the paper's widths: two cores, fifteen minutes."],
        "datasets": {"bedrooms": {"dedup": {}}, "objects": {"dedup": {}}},
        "models": {"bedrooms": {}, "objects": {}, "faces": {}, "older": {}},
        "experiments": [
            {"name": name, "unbound": unbound}
            for name, unbound in (
                ("latent_walk", []),
                ("cifar10_svm", []),
                ("mnist_nearest", ["mnist.model"]),
            )
        ],
        "a_key_of_tomorrow": 1,
    }
    path = run / "specs" / "report.json"
    path.parent.mkdir()
    path.write_text(json.dumps(spec))
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with experiments/, results/demo/ and its report, built once."""
    home = tmp_path_factory.mktemp("home")
    make_experiments(home / "experiments")
    spec = make_run(home / "results" / "demo")
    build_report(
        run=home / "results" / "demo",
        spec_path=spec,
        experiments=home / "experiments",
        out=home / "results" / "demo" / "report",
    )
    return home


@pytest.fixture(scope="module")
def report(home: Path) -> Path:
    return home / "results" / "demo" / "report"


class Page(HTMLParser):
    """Collects what the tests ask of a page; checks that tags are closed in order."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "input", "col", "use", "path", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.verdicts: dict[str, str] = {}
        self.images: list[dict[str, str | None]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), f"<{tag}> has an attribute twice"
        if tag not in self.VOID:
            self.open.append(tag)
        self.addresses += [(tag, v or "") for k, v in attrs if k in ("src", "href", "srcset")]
        self.ids += [v or "" for k, v in attrs if k == "id"]
        if tag == "tr" and "data-verdict" in given:
            self.verdicts[str(given["id"]).rpartition("-")[2]] = str(given["data-verdict"])
        if tag == "img":
            self.images.append(given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag not in self.VOID
        assert self.open
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(report: Path) -> Page:
    return Page((report / "index.html").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_page_calls_no_address(page: Page, report: Path) -> None:
    assert page.addresses
    for tag, address in page.addresses:
        file = tag == "a" and (report / address).is_file()  # a link to a page of the same run
        assert file or address.startswith(("data:", "#")), f"<{tag}> calls {address[:80]}"
    text = (report / "index.html").read_text(encoding="utf-8")
    assert "@import" not in text
    assert not re.search(r"url\((?!['\"]?data:)", text)
    assert not re.search(r"\b(fetch|XMLHttpRequest|import)\s*\(", text)
    assert "default-src 'none'; img-src data:" in text.partition("<title>")[0]  # and may call none


def test_ids_are_unique_and_local_links_lead_somewhere(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    local = {address[1:] for _, address in page.addresses if address.startswith("#")}
    assert local <= set(page.ids)


def test_verdicts_on_the_page_are_those_worked_out_by_hand(page: Page) -> None:
    assert page.verdicts == EXPECTED


def test_counts_of_the_first_screen(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    chips = dict(re.findall(r'data-verdict="([a-z ()]+)" aria-pressed.*?<b>(\d+)</b>', text))
    assert chips == {verdict: str(n) for verdict, n in Counter(EXPECTED.values()).items()}
    assert set(chips) <= set(Verdict)


def test_what_is_decided_is_counted_by_who_states_it(report: Path) -> None:
    sentences = [
        "The paper's own numbers: 0 of 2 decided (1 not comparable, 1 not run).",
        "Its stated directions: 1 of 4 decided (1 holds on synthetic data, 1 undecided, "
        "1 not decided (control passes), 1 not run).",
        "Ours, counted apart: 1 of 1 decided (1 fails on synthetic data).",
    ]
    page = html.unescape((report / "index.html").read_text(encoding="utf-8"))
    assert re.findall(r"<li>(.*?)</li>", page.partition('class="tally"')[2])[:3] == sentences
    lines = (report / "report.md").read_text(encoding="utf-8").splitlines()
    assert [line[2:] for line in lines if line.startswith("- ")][:3] == sentences


def test_the_control_of_a_claim_is_shown(report: Path) -> None:
    with (report / "claims.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["id"]: row for row in csv.DictReader(stream)}
    assert rows["smooth_transitions"]["control"] == "step untrained: 0.7 [0.4, 0.8], n = 200"
    assert rows["pixels_differ"]["control"] == "not measured yet"
    assert "(gain untrained: 10 [8, 12], n = 200)" in rows["beats_random"]["reason"]
    assert (rows["jumps"]["source"], rows["accuracy"]["source"]) == ("ours", "paper")


def test_first_words_say_that_data_are_generated(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    body = re.sub(r"<[^>]+>", " ", text.partition("</svg>\n<header")[2])
    assert "SYNTHETIC DATA" in body[:120]
    lines = (report / "report.md").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("Synthetic data")


def test_experiment_that_was_not_run_shows_its_command(report: Path) -> None:
    for name in ("index.html", "report.md"):
        text = (report / name).read_text(encoding="utf-8")
        place = text.rpartition("Nearest neighbours on MNIST</h3>" if "html" in name else "###")[2]
        assert re.search("not run", place, flags=re.I)
        assert command("mnist_nearest") in place
        assert "html" not in name or "binds nothing to mnist.model" in place


def test_dataset_and_model_that_are_missing_show_their_commands(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    assert f"{command('prepare')}</code>" in text
    assert f"{command('train')}</code>" in text
    assert f"{command('dedup')}</code>" in text


def test_markdown_and_csv_hold_the_same_claims(report: Path) -> None:
    with (report / "claims.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["id"]: row for row in csv.DictReader(stream)}
    text = (report / "report.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\|(.*)\|$", text.partition("## Experiments")[0], re.M)
    cells = [re.split(r"(?<!\\)\|", line) for line in lines if "(`" in line]
    stated = {re.search(r"`(\w+)`", line[1])[1]: line for line in cells}  # type: ignore[index]
    of_paper = {name: row for name, row in rows.items() if row["source"] != "ours"}
    not_run = {name for name, row in of_paper.items() if row["verdict"] == "not run"}
    assert set(stated) == of_paper.keys() - not_run
    (named,) = re.findall(r"^Not run: (.*)\.$", text, re.M)
    assert set(re.findall(r"`(\w+)`", named)) == not_run
    for name, (section, statement, paper, _, limit, verdict) in stated.items():
        row = rows[name]
        words = limit.replace("<", "below ").replace(">", "above ").replace("–", " and ")
        assert f" {words}" in row["rule"]
        assert (section, paper) == (row["section"], row["paper"].replace(", no number", ""))
        assert statement.replace("\\|", "|") == f"{row['statement']} (`{name}`)"
        assert verdict == row["verdict"] == EXPECTED[name]
    assert "0.15 [0.10, 0.20]" in stated["smooth_transitions"][3]
    assert "0.90 [0.85, 0.95]: fails on synthetic data" in text.partition("Claims of ours")[2]


def test_pictures_are_embedded_whole_and_only_pixel_grids_stay_hard(
    page: Page, home: Path, report: Path
) -> None:
    run = home / "results" / "demo"
    files = [
        (run / "experiments/latent_walk/figures/fig04_latent_walk.png", True),
        (run / "models/bedrooms/real_and_generated.png", True),
        (run / "models/bedrooms/curves.png", False),
        (run / "models/bedrooms/samples.webp", False),
    ]
    whole = [image for image in page.images if image["src"] != "data:,"]
    cards, shown = whole[:1], whole[1:]
    assert len(shown) == len(files)
    for image, (path, hard) in zip(shown, files, strict=True):
        animated = path.suffix == ".webp"
        found = embed_animation(path) if animated else embed_picture(path, caption="")
        assert image["src"] == found.uri
        assert image["alt"]
        assert (image.get("class") == "hard") is hard
    assert [image["src"] for image in cards] == [card_picture(files[0][0])]
    assert cards[0]["alt"] == ""  # its link says in words what it leads to


def card_of(report: Path, model: str) -> str:
    """The page's HTML of one model."""
    text = (report / "index.html").read_text(encoding="utf-8")
    return text.partition(f'id="model-{model}"')[2].partition('<div class="card"')[0]


def test_animation_moves_only_when_asked_for_and_is_whole(home: Path, report: Path) -> None:
    details = re.search(r'<details class="moving">.*?</details>', card_of(report, "bedrooms"), re.S)
    assert details is not None  # closed: there is no attribute `open`
    uri = re.search(r'src="data:image/webp;base64,([^"]+)"', details[0])
    assert uri is not None
    file = home / "results/demo/models/bedrooms/samples.webp"
    assert base64.b64decode(uri[1]) == file.read_bytes()
    rest = (report / "index.html").read_text(encoding="utf-8").replace(details[0], "")
    others = re.findall(r'src="data:image/webp;base64,([^"]+)"', rest)
    assert others
    for other in others:
        with Image.open(io.BytesIO(base64.b64decode(other))) as picture:
            assert not getattr(picture, "is_animated", False)


def test_trouble_is_on_the_first_screen_and_with_its_model(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    first_screen = re.sub(r"<[^>]+>", "", text.partition("<header>")[2].partition("</header>")[0])
    line = "Trouble in training. bedrooms: saturated discriminator from minibatch 1,200 on."
    assert line in first_screen
    card = card_of(report, "bedrooms")
    assert "D(x) is &lt;1&gt;." in card
    assert (
        "ended early, at minibatch 1,260, since its settings stop it on saturated discriminator."
        in card
    )
    assert "No trouble found" not in card
    assert "No trouble found" in card_of(report, "faces")
    assert "was not monitored" in card_of(report, "older")


def test_markdown_says_the_same_of_the_models(report: Path) -> None:
    text = (report / "report.md").read_text(encoding="utf-8")
    assert "**Trouble in training.** `bedrooms`: saturated discriminator from" in text
    items = text.partition("## Models")[2].partition("\n## ")[0].split("- **")[1:]
    bedrooms, objects, faces, older = items
    assert "saturated discriminator from minibatch 1,200 on**: D(x) is <1>." in bedrooms
    assert "ended early, at minibatch 1,260" in bedrooms
    assert f"not trained. To train it: `{command('train')}`" in objects
    assert "rouble" not in faces
    assert "not monitored" in older
    assert "126 D steps and 126 G steps in bfloat16" in faces


def test_run_without_trouble_has_no_line_of_trouble(home: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    spec = json.loads((home / "results/demo/specs/report.json").read_text())
    (run / "specs").mkdir(parents=True)
    spec["models"] = {"faces": {}, "older": {}}
    (run / "specs" / "report.json").write_text(json.dumps(spec))
    shutil.copytree(home / "results/demo/models/faces", run / "models/faces")
    build_report(
        run=run,
        spec_path=run / "specs/report.json",
        experiments=home / "experiments",
        out=run / "report",
    )
    for name in ("index.html", "report.md"):
        assert "Trouble" not in (run / "report" / name).read_text(encoding="utf-8")


def test_a_training_that_diverged_is_told_from_its_state_folder(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "faces"
    folder.mkdir(parents=True)
    found = {"trouble": "not_finite", "step": 17, "words": "not finite: loss_g since minibatch 17"}
    write_health(folder, {"findings": [found], "stopped_early_at": 20, "stop_on": []})
    values = {"run": "r", "title": "t", "config": "c", "models": {"faces": {}}}
    (tmp_path / "report.json").write_text(json.dumps(values))
    out = tmp_path / "report"
    build_report(run=tmp_path, spec_path=tmp_path / "report.json", experiments=tmp_path, out=out)
    for name in ("index.html", "report.md"):
        text = (out / name).read_text()
        assert "not finite from minibatch 17 on" in text
        assert "loss_g since minibatch 17" in text
        assert "train" in text  # the command


def test_unreadable_health_is_named(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "faces"
    folder.mkdir(parents=True)
    write_health(folder, {"findings": [{"trouble": "collapse"}]})
    values = {"run": "r", "title": "t", "config": "c", "models": {"faces": {}}}
    with pytest.raises(SpecError, match=r"faces/health\.json.*findings.*step"):
        read_run(run=tmp_path, spec=ReportSpec.model_validate(values), experiments=home)


def test_text_from_files_is_escaped(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    assert "with &lt;angle&gt; &amp; | bar" in text
    assert "&lt;b&gt;raw&lt;/b&gt;" in text
    assert "<angle>" not in text


def test_numbers_cost_departures_and_provenance_are_there(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    for words in (
        "0.15 [0.10, 0.20]", "0.15 [0.1, 0.2], n = 200",
        "protocol of step_share", "18,885,760", "truncated 3, empty 1",
        "275", "drawn at 32 pixels", "Half the paper&#39;s widths", "training.batch", "numpy",
    ):  # fmt: skip
        assert words in text, words


@pytest.mark.slow
def test_same_run_same_bytes(home: Path, report: Path, tmp_path: Path) -> None:
    run = home / "results" / "demo"
    build_report(
        run=run,
        spec_path=run / "specs" / "report.json",
        experiments=home / "experiments",
        out=tmp_path / "report",
    )
    for name in ("index.html", "report.md", "claims.csv"):
        assert (tmp_path / "report" / name).read_bytes() == (report / name).read_bytes()


def test_run_of_which_nothing_was_run_still_has_a_report(home: Path, tmp_path: Path) -> None:
    spec = tmp_path / "run" / "specs" / "report.json"
    spec.parent.mkdir(parents=True)
    shutil.copy(home / "results/demo/specs/report.json", spec)
    build_report(
        run=tmp_path / "run",
        spec_path=spec,
        experiments=home / "experiments",
        out=tmp_path / "run" / "report",
    )
    page = Page((tmp_path / "run/report/index.html").read_text(encoding="utf-8"))
    assert page.verdicts == dict.fromkeys(EXPECTED, "not run")


def test_unreadable_files_are_named(home: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    folder = run / "experiments" / "latent_walk" / "measured"
    folder.mkdir(parents=True)
    spec = ReportSpec.model_validate(
        {"run": "r", "title": "t", "config": "c", "experiments": [{"name": "latent_walk"}]}
    )
    (folder / "measurements.json").write_text("[{")
    with pytest.raises(SpecError, match=r"latent_walk/measured/measurements\.json: not valid JSON"):
        read_run(run=run, spec=spec, experiments=home / "experiments")
    write_measurements(folder, [{"name": "a", "value": 1, "n": 1, "lo": 0}])
    with pytest.raises(SpecError, match=r"unknown key 'a\.lo'; did you mean 'low'"):
        read_run(run=run, spec=spec, experiments=home / "experiments")
    (tmp_path / "torn.webp").write_bytes(b"RIFF")
    with pytest.raises(ValueError, match=r"torn\.webp: not a readable WebP"):
        embed_animation(tmp_path / "torn.webp")
    (tmp_path / "torn.png").write_bytes(b"\x89PNG torn")
    with pytest.raises(ValueError, match=r"torn\.png: not a readable PNG"):
        embed_picture(tmp_path / "torn.png", caption="")


def test_pictures_of_the_first_training_stand_for_its_repeats(home: Path, tmp_path: Path) -> None:
    run = tmp_path / "demo"
    shutil.copytree(home / "results" / "demo", run)
    spec = json.loads((run / "specs" / "report.json").read_text())
    before = read_run(
        run=run, spec=ReportSpec.model_validate(spec), experiments=home / "experiments"
    )
    shown = {model.name: len(model.pictures) for model in before.models}
    assert shown["bedrooms"] > 0
    assert all(not model.repeat for model in before.models)
    spec["repeats"] = ["bedrooms"]
    after = read_run(
        run=run, spec=ReportSpec.model_validate(spec), experiments=home / "experiments"
    )
    models = {model.name: model for model in after.models}
    assert models["bedrooms"].repeat
    assert models["bedrooms"].pictures == []
    assert models["bedrooms"].animation is None
    assert len(models["objects"].pictures) == shown["objects"]


def test_differences_are_those_from_the_papers_defaults() -> None:
    paper = {"network": NetworkSpec().model_dump(), "training": TrainingSpec().model_dump()}
    assert differing_from_paper(paper) == []
    paper["training"]["batch"] = 64
    paper["network"]["kernel"] = 4
    assert differing_from_paper(paper) == [("network.kernel", 5, 4), ("training.batch", 128, 64)]
    paper["training"] = {"augmentation": {"flip": 0.5, "hue": 0.0}, "stop_on": ["collapse"]}
    assert differing_from_paper(paper)[1:] == [
        ("training.augmentation.flip", 0.0, 0.5),
        ("training.stop_on", [], ["collapse"]),
    ]


@needs_chromium
@pytest.mark.slow
def test_page_in_a_browser_sorts_and_has_no_script_error(report: Path, tmp_path: Path) -> None:
    dom = dom_of(report / "index.html", tmp_path)
    assert f"{len(EXPECTED)} claims</output>" in dom  # written by the script
