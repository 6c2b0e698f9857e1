"""The page on which exemplars are picked, in a browser, and Fig 7 and its numbers from picks."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from banded_faces import NAMES, OPTIONS, bands, labels_of
from browser import Content, after_script, needs_chromium
from untrained_model import write_model

from experiments.contract import Inputs, write_measurements
from experiments.face_arithmetic import judging, picked, trials
from experiments.face_arithmetic import measure as module
from experiments.face_arithmetic.figure import figure
from experiments.face_arithmetic.measure import measure
from experiments.face_arithmetic.options import Options
from experiments.face_arithmetic.pick_page import write_pick_page
from repro.claims.measurement import Measurement
from repro.figures.style import Style
from repro.internals.hand_picks import offered_latents, picked_rows, read_picks, samples_identity
from repro.networks.model_folder import ModelFolder
from repro.specs.validation import SpecError

GLASSES = "man with glasses - man without + woman without = woman with glasses"


def offered(count: int = 8) -> dict[str, np.ndarray]:
    pictures = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8)
    return {
        "pictures": pictures,
        "identity": np.array("0123456789abcdef"),
        "concepts": np.array(["smiling woman", "neutral woman", "</script><b>'x'"]),
        "sums": np.array(["smiling woman - neutral woman + </script><b>'x' = y", GLASSES]),
    }


def page(tmp_path: Path) -> Content:
    write_pick_page(tmp_path / "p.html", offered(), banner="TINY <x>")
    return Content((tmp_path / "p.html").read_text())


def test_the_page_holds_the_samples_and_calls_no_address(tmp_path: Path) -> None:
    content = page(tmp_path)
    held = json.loads(content.by_id["content"])
    assert held["concepts"] == offered()["concepts"].tolist()
    assert (held["id"], len(held["pictures"])) == ("0123456789abcdef", 8)
    text = (tmp_path / "p.html").read_text()
    assert all(address.startswith("data:") for address in content.addresses)
    assert "http:" not in text
    assert "https:" not in text
    assert "TINY <x>" not in text  # only escaped, inside the data


PRESSES = """
<script>
const press = (key) => document.activeElement.dispatchEvent(
  new KeyboardEvent("keydown", {key, bubbles: true}));
const sample = (number) => document.getElementById("samples").children[number - 1];
const type = (id, text) => {
  const field = document.getElementById(id);
  field.value = text;
  field.dispatchEvent(new Event("input", {bubbles: true}));
};
sample(3).click(); sample(5).click(); sample(8).click();
sample(5).click();  // taken out again
press("2");
sample(3).click();  // a sample may stand in two concepts
sample(1).focus();
press("ArrowRight"); press("ArrowRight"); press("ArrowLeft");
document.activeElement.click();
press("9");  // no such concept
type("new-name", " left ");
document.getElementById("adding").requestSubmit();
sample(7).click(); sample(6).click();
document.querySelector("#concepts .concept:nth-child(4) .chosen button").click();  // 7 out
type("new-name", "left");
document.getElementById("adding").requestSubmit();  // is there already
type("sums", document.getElementById("sums").value +
  "\\n smiling woman - neutral woman + left = odd \\nnonsense");
type("author", ' Jo "J" ');
say("note", document.getElementById("sums-note").textContent);
picked = new Map();
recall();
show();
document.getElementById("download").click();
say("where2", document.getElementById("where").textContent);
</script>
"""


@needs_chromium
@pytest.mark.slow
def test_round_trip_through_a_browser(tmp_path: Path) -> None:
    page(tmp_path)
    content = after_script(tmp_path / "p.html", PRESSES, tmp_path)
    assert content.by_id["name"] == "picks.json"
    file = tmp_path / "picks.json"
    file.write_text(content.by_id["file"], encoding="utf-8")
    picks = read_picks(file, identity="0123456789abcdef", offered=8)
    assert picked_rows(picks, "smiling woman").tolist() == [2, 7]
    assert picked_rows(picks, "neutral woman").tolist() == [2, 1]
    assert picked_rows(picks, "left").tolist() == [5]
    assert picks.rows["</script><b>'x'"] == ()
    assert picks.author == 'Jo "J"'
    # the first sum lacks a picture, GLASSES has unknown concepts, "nonsense" does not read
    assert picks.sums == (("smiling woman", "neutral woman", "left", "odd"),)
    assert "no picture yet of </script>" in content.by_id["note"]
    assert "no concept called man with glasses" in content.by_id["note"]
    assert "Picking for left: 1 so far" in content.by_id["where2"]


@pytest.fixture
def run(
    make_dataset: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Measurement]]:
    """Measures with a picks file of the given concepts and sums (a list for each)."""
    z = torch.rand(400, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    inputs = Inputs(
        {
            "faces.model": write_model(tmp_path / "model"),
            "faces.data": make_dataset(bands(None, z), **labels_of(z)),
        }
    )
    for one in (module, judging, trials, picked):
        monkeypatch.setattr(one, "draw", bands)

    def measured(concepts: dict[str, list[int]], sums: list[str]) -> dict[str, Measurement]:
        identity = samples_identity(inputs.model("faces.model"), seed=7)
        given = {"format": 1, "samples": identity, "author": "Jo", "concepts": concepts}
        (tmp_path / "picks.json").write_text(json.dumps(given | {"sums": sums}))
        options = OPTIONS.model_copy(
            update={"picks": [str(tmp_path / "picks.json")], "offered": 200, "trials": 10}
        )
        return {m.name: m for m in measure(inputs, options, 7, tmp_path)}

    return measured


def shows(model: Path, **wanted: bool) -> list[int]:
    """Numbers of offered samples that clearly show these attributes, read off z."""
    z = offered_latents(ModelFolder.open(model), 200, seed=7).numpy()
    good = np.ones(len(z), bool)
    for name, value in wanted.items():
        good &= (z[:, NAMES.index(name)] > 0.3) if value else (z[:, NAMES.index(name)] < -0.3)
    return (np.flatnonzero(good) + 1).tolist()


@pytest.mark.slow
def test_picks_are_drawn_and_judged_where_the_result_is_known(
    run: Callable, tmp_path: Path
) -> None:
    model = write_model(tmp_path / "same")
    concepts = {
        "man with glasses": shows(model, man=True, glasses=True)[:4],
        "man without": shows(model, man=True, glasses=False)[:2],
        "woman without": shows(model, man=False, glasses=False)[:3],
        "left": [1],
    }
    found = run(concepts, [GLASSES, "man without - woman without + left = who knows"])
    success = found["success_picked: woman with glasses"]
    assert (success.value, success.n) == (1, 11)  # Y and ten neighbours
    assert found["success_picked_one_exemplar: woman with glasses"].n == 10  # of 24 choices
    assert "success_picked: smiling man" not in found
    assert "success_picked: who knows" not in found
    assert found["success_three_exemplars"].n == 20  # measured by rule as before
    arrays = np.load(tmp_path / "arrays.npz")
    assert arrays["names"][:, 3].tolist() == ["woman with glasses", "who knows"]
    assert arrays["by"].tolist() == ["picked by hand (Jo)"] * 2
    assert [len(arrays[f"0 exemplars_{place}"]) for place in "abc"] == [4, 2, 3]
    z = offered_latents(ModelFolder.open(model), 200, seed=7)
    rows = [n - 1 for n in concepts["man without"]]
    assert np.array_equal(arrays["0 exemplars_b"], bands(None, z[rows]))
    write_measurements(tmp_path, list(found.values()))
    (tmp_path / "figures").mkdir()
    figure(tmp_path, tmp_path / "figures", Style())  # concepts of different sizes
    assert (tmp_path / "figures" / "fig07_face_arithmetic.png").is_file()


@pytest.mark.slow
def test_wrong_picks_of_the_concept_fail_to_succeed(run: Callable, tmp_path: Path) -> None:
    """Planted absence: nobody wears glasses, so no sum can show them."""
    model = write_model(tmp_path / "same")
    without = shows(model, man=True, glasses=False)
    concepts = {
        "man with glasses": without[:3],
        "man without": without[3:6],
        "woman without": shows(model, man=False, glasses=False)[:3],
    }
    found = run(concepts, [GLASSES])
    assert found["success_picked: woman with glasses"].value < 0.2


def test_picks_of_other_samples_are_refused_before_anything_is_measured(
    run: Callable, tmp_path: Path
) -> None:
    with pytest.raises(SpecError, match=r"picks\.json: 'concepts\.a' names sample 201"):
        run({"a": [201]}, [])
    with pytest.raises(SpecError, match="needs the concept 'b'"):
        run({"a": [1]}, ["a - b + a = c"])


def test_options_mark_the_file_so_that_an_edit_measures_again() -> None:
    extra = Options.model_fields["picks"].json_schema_extra
    assert isinstance(extra, dict)
    assert extra["files"] is True
