"""The label page in a browser, and the labels read back: the round trip and every refusal."""

import base64
import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from browser import Content, after_script, needs_chromium
from PIL import Image

from experiments.dedup.label_page import write_label_page
from experiments.dedup.labels import decisions, eye_measurements, read_labels
from experiments.dedup.removal import printable
from repro.specs.validation import SpecError

NASTY = ['a"b,c', "</script><b>'x'", "über/zimmer 1.jpg", "back\\slash\n", "bad\udce9byte", "=1+1"]


def sample(pairs: int = 6) -> dict[str, np.ndarray]:
    images = np.random.default_rng(0).integers(0, 256, (pairs, 2, 8, 8, 3), np.uint8)
    kept = [printable(NASTY[n % len(NASTY)]) + f" {n}" for n in range(pairs)]
    removed = [f"removed {n}, {printable(NASTY[-1 - n % len(NASTY)])}" for n in range(pairs)]
    return {
        "images": images,
        "kept_keys": np.array(kept, str),
        "removed_keys": np.array(removed, str),
        "collisions": np.array(40),
    }


def page(tmp_path: Path, **given) -> Content:
    write_label_page(tmp_path / "p.html", given.get("sample", sample()), banner="TINY <x>")
    return Content((tmp_path / "p.html").read_text())


def test_the_page_holds_the_sample_and_calls_no_address(tmp_path: Path) -> None:
    content = page(tmp_path)
    held = json.loads(content.by_id["content"])
    drawn = sample()
    assert [pair["kept_key"] for pair in held["pairs"]] == drawn["kept_keys"].tolist()
    assert [pair["removed_key"] for pair in held["pairs"]] == drawn["removed_keys"].tolist()
    assert (held["banner"], held["collisions"], held["side"]) == ("TINY <x>", 40, 256)
    for pair, images in zip(held["pairs"], drawn["images"], strict=True):
        for uri, image in zip(pair["images"], images, strict=True):
            data = base64.b64decode(uri.removeprefix("data:image/png;base64,"), validate=True)
            assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), image)
    assert all(address.startswith("data:") for address in content.addresses)
    text = (tmp_path / "p.html").read_text()
    assert "http:" not in text
    assert "https:" not in text
    assert "TINY <x>" not in text  # only escaped, inside the data


def test_another_sample_has_another_store_in_the_browser(tmp_path: Path) -> None:
    ids = [json.loads(page(tmp_path, sample=sample(n)).by_id["content"])["id"] for n in (6, 6, 5)]
    assert ids[0] == ids[1] != ids[2]


PRESSES = """
<script>
const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
press("s");
press("D");
press("x");
press("ArrowRight");
press("u");
press("ArrowLeft");
press("ArrowLeft");
document.querySelector("[data-label=different]").click();
press("ArrowLeft");
press("ArrowLeft");
press("ArrowLeft");
press("ArrowLeft");
press("ArrowLeft");
press("u");
press("ArrowLeft");
press("s");
const name = document.getElementById("labeller");
name.value = 'Jo "J", 2';
name.dispatchEvent(new Event("input", {bubbles: true}));
name.dispatchEvent(new KeyboardEvent("keydown", {key: "d", bubbles: true}));
labels = {};
recall();
show();
document.getElementById("download").click();
say("state", document.getElementById("where").textContent);
</script>
"""


@needs_chromium
@pytest.mark.slow
def test_round_trip_through_a_browser(tmp_path: Path) -> None:
    """Keys, buttons, going back, changing a label, the browser's store, the file that comes out."""
    page(tmp_path)
    content = after_script(tmp_path / "p.html", PRESSES, tmp_path)
    assert content.by_id["name"] == "labels.csv"
    file = tmp_path / "labels.csv"
    file.write_text(content.by_id["file"], encoding="utf-8")
    drawn = sample()
    kept, removed = drawn["kept_keys"].tolist(), drawn["removed_keys"].tolist()
    labels = read_labels(file, kept_keys=kept, removed_keys=removed)
    # s, D, x (nothing), right past the third, u on the fourth, back twice and "different" there
    assert labels == {0: "same", 1: "different", 2: "different", 3: "unsure"}
    rows = list(csv.DictReader(file.open(newline="", encoding="utf-8")))
    assert {row["labeller"] for row in rows} == {'Jo "J", 2'}
    assert "4 labelled" in content.by_id["state"]


def write(path: Path, rows: list[tuple[int, str]], drawn: dict[str, np.ndarray]) -> str:
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(("pair", "kept_key", "removed_key", "label", "labeller"))
        for pair, label in rows:
            keys = drawn["kept_keys"][pair], drawn["removed_keys"][pair]
            table.writerow((pair + 1, *keys, label, "x"))
    return str(path)


def test_rate_by_eye_with_several_labellers(tmp_path: Path) -> None:
    drawn = sample(10)
    one = [(n, "same") for n in range(7)] + [(7, "different"), (8, "unsure")]
    two = [(n, "same") for n in range(6)] + [(6, "different"), (7, "different"), (8, "unsure")]
    three = [(7, "same"), (5, "unsure")]
    files = [write(tmp_path / f"{n}.csv", rows, drawn) for n, rows in enumerate((one, two, three))]
    numbers = {m.name: m for m in eye_measurements(files, drawn)}
    # pair 6 is a tie, 7 different by two to one, 8 unsure, 9 unlabelled
    rate = numbers["false_positive_rate_by_eye"]
    assert (rate.value, rate.n) == (pytest.approx(1 / 7), 7)
    assert rate.low < 1 / 7 < rate.high
    assert "9 of 10 collisions drawn at random from 40, labellers: 3" in rate.protocol
    assert "2 unsure or tied" in rate.protocol
    worst = numbers["false_positive_rate_by_eye_at_worst"]
    assert (worst.value, worst.n) == (pytest.approx(3 / 9), 9)
    agreed = numbers["labellers_agree"]  # of pairs 0..8 all but 5, 6 and 7
    assert (agreed.value, agreed.n) == (pytest.approx(6 / 9), 9)
    alone = {m.name: m for m in eye_measurements(files[:1], drawn)}
    assert alone["false_positive_rate_by_eye"].n == 8
    assert "labellers_agree" not in alone


def test_majority_rules() -> None:
    by_labeller = [{0: "same", 1: "same", 2: "unsure"}, {0: "different", 1: "unsure", 3: "unsure"}]
    assert decisions(by_labeller) == {0: "unsure", 1: "same", 2: "unsure", 3: "unsure"}


def test_nothing_labelled_measures_nothing(tmp_path: Path) -> None:
    drawn = sample()
    assert eye_measurements([], drawn) == []
    assert eye_measurements([write(tmp_path / "a.csv", [], drawn)], drawn) == []
    (only,) = eye_measurements([write(tmp_path / "b.csv", [(0, "unsure")], drawn)], drawn)
    assert only.name == "false_positive_rate_by_eye_at_worst"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pair,label\n1,same\n", "no column kept_key, removed_key"),
        ("{head}9,k,r,same\n", r"line 2: pair 9 with keys k and r is not in the sample of 2"),
        ("{head}1,other,r0,same\n", r"line 2: pair 1 with keys other and r0 is not in the sample"),
        ("{head}2,k0,r0,same\n", r"line 2: pair 2 .* is not in the sample"),
        ("{head}x,k0,r0,same\n", "line 2: pair x .* is not in the sample"),
        ("{head}1,k0,r0,Same?\n", r"line 2: label 'Same\?', expected one of same, different"),
        ("{head}1,k0,r0,same\n1,k0,r0,same\n", "line 3: pair 1 is labelled twice"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text.replace("{head}", "pair,kept_key,removed_key,label\n"))
    with pytest.raises(SpecError, match=message) as caught:
        read_labels(path, kept_keys=["k0", "k1"], removed_keys=["r0", "r1"])
    assert str(path) in str(caught.value)


def test_missing_and_binary_files_are_named(tmp_path: Path) -> None:
    keys = {"kept_keys": ["k"], "removed_keys": ["r"]}
    with pytest.raises(SpecError, match=r"no such file .*gone\.csv"):
        read_labels(tmp_path / "gone.csv", **keys)
    (tmp_path / "b.csv").write_bytes(b"pair,kept_key,removed_key,label\n\xff\xfe\n")
    with pytest.raises(SpecError, match=r"b\.csv: not a CSV file in UTF-8"):
        read_labels(tmp_path / "b.csv", **keys)


def test_a_spreadsheets_mark_and_empty_labels_are_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    text = "pair,kept_key,removed_key,label\r\n1,k,r, same \r\n2,l,s,\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_labels(path, kept_keys=["k", "l"], removed_keys=["r", "s"]) == {0: "same"}
