"""Window boxes by hand: the page in a browser, the file read back, every refusal, its effect."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from browser import Content, after_script, needs_chromium
from PIL import Image
from planted_windows import SIZE, KnowingSegmenters, write_planted_model

from experiments.contract import Inputs
from experiments.forgetting_windows import marking
from experiments.forgetting_windows import measure as module
from experiments.forgetting_windows.box_page import write_box_page
from experiments.forgetting_windows.boxes import as_shares, identity, in_pixels, read_boxes
from experiments.forgetting_windows.options import Options
from repro.claims.measurement import Measurement
from repro.networks.model_folder import ModelFolder
from repro.specs.validation import SpecError

ID = "0123456789abcdef"


def sample(count: int = 4) -> dict[str, np.ndarray]:
    pictures = np.random.default_rng(0).integers(0, 256, (count, 64, 64, 3), np.uint8)
    proposals = np.array([[0, 10, 20, 30, 40], [0, 50, 0, 64, 9], [2, 1, 2, 3, 5]])
    return {"samples": pictures, "proposals": proposals, "identity": np.array(ID)}


def page(tmp_path: Path) -> Content:
    write_box_page(tmp_path / "p.html", sample(), banner="TINY <x>")
    return Content((tmp_path / "p.html").read_text())


def test_the_page_holds_the_samples_and_calls_no_address(tmp_path: Path) -> None:
    content = page(tmp_path)
    held, drawn = json.loads(content.by_id["content"]), sample()
    assert (held["id"], held["size"], held["factor"], held["banner"]) == (ID, 64, 7, "TINY <x>")
    assert [len(one["proposals"]) for one in held["samples"]] == [2, 0, 1, 0]
    assert held["samples"][0]["proposals"] == [[10, 20, 30, 40], [50, 0, 64, 9]]
    for one, picture in zip(held["samples"], drawn["samples"], strict=True):
        data = base64.b64decode(one["image"].removeprefix("data:image/png;base64,"), validate=True)
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), picture)
    assert all(address.startswith("data:") for address in content.addresses)
    text = (tmp_path / "p.html").read_text()
    assert "http:" not in text
    assert "https:" not in text
    assert "TINY <x>" not in text  # only escaped, inside the data


HANDS = """
<script>
const stageAt = (kind, x, y, target = stage) => {
  const edge = stage.getBoundingClientRect();
  target.dispatchEvent(new PointerEvent(kind, {bubbles: true, cancelable: true, button: 0,
    pointerId: 1, clientX: edge.left + x * factor, clientY: edge.top + y * factor}));
};
const dragFrom = (x, y, to, target = stage) => {
  stageAt("pointerdown", x, y, target);
  stageAt("pointermove", (x + to[0]) / 2, (y + to[1]) / 2);
  stageAt("pointermove", ...to);
  stageAt("pointerup", ...to);
};
const press = (key, shiftKey = false) => document.activeElement.dispatchEvent(
  new KeyboardEvent("keydown", {key, shiftKey, bubbles: true, cancelable: true}));
const box = (n) => stage.querySelector(`[data-number="${n}"]`);

// sample 0: by mouse, from the lower right to the upper left corner; then a slip; then another
dragFrom(20, 30, [5, 10]);
dragFrom(40, 40, [40, 40]);
dragFrom(40, 40, [60, 70]);          // ends outside: cut off at the edge
dragFrom(12, 20, [14, 25], box(0));  // moved by 2 right, 5 down
dragFrom(60, 64, [50, 50], box(1));  // its corner pulled in
document.activeElement.blur();
press("Enter");
// sample 1: by keys
press("a");
for (let k = 0; k < 30; k++) press("ArrowLeft");
press("ArrowDown");
press("ArrowRight", true);
press("a");                          // a second one in the middle
press("Delete");
document.activeElement.blur();
press("Enter");
// sample 2: the segmenter's box, moved onto ...; sample 3 is left undone
at("proposals").click();
say("started", String(stage.querySelectorAll(".box").length));
box(0).focus();
press("ArrowDown", true);
document.activeElement.blur();
press("ArrowRight");
say("third", at("where").textContent);
press("ArrowLeft");
press("Enter");
go(3);
press("c");
const name = at("author");
name.value = 'Jo "J", 2';
name.dispatchEvent(new Event("input", {bubbles: true}));
name.focus();
press("r");                          // typed into the name: nothing happens
work = {};
recall();
show();
at("download").click();
say("state", at("where").textContent);
</script>
"""


@needs_chromium
@pytest.mark.slow
def test_round_trip_through_a_browser(tmp_path: Path) -> None:
    """Mouse, keys, the segmenter's start, the browser's store, the file that comes out."""
    page(tmp_path)
    content = after_script(tmp_path / "p.html", HANDS, tmp_path)
    assert content.by_id["name"] == "boxes.json"
    path = tmp_path / "boxes.json"
    path.write_text(content.by_id["file"], encoding="utf-8")
    file = read_boxes(path, samples=4, image_size=64, identity=ID)
    assert file.boxes == {
        "0": [(7, 15, 22, 35), (40, 40, 50, 50)],
        "1": [(0, 25, 17, 41)],
        "2": [(1, 2, 3, 6)],
    }
    assert (file.author, file.start) == ('Jo "J", 2', "mixed")
    assert content.by_id["started"] == "1"
    assert "Sample 4 of 4, not done yet" in content.by_id["third"]
    assert "3 done with 4 boxes" in content.by_id["state"]


def write(path: Path, **change: object) -> Path:
    content = {"samples": ID, "image_size": 64, "author": "Jo", "start": "nothing",
               "boxes": {"0": [[1, 2, 30, 40]], "3": []}}  # fmt: skip
    path.write_text(json.dumps({k: v for k, v in {**content, **change}.items() if v is not None}))
    return path


def read(path: Path) -> object:
    return read_boxes(path, samples=4, image_size=64, identity=ID)


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    file = read_boxes(write(tmp_path / "b.json"), samples=4, image_size=64, identity=ID)
    shares = as_shares(file.boxes, samples=4, image_size=64)
    assert [len(one) for one in shares] == [1, 0, 0, 0]
    assert shares[0].tolist() == [[1 / 64, 2 / 64, 30 / 64, 40 / 64]]
    assert in_pixels(shares[0], 64) == [[1, 2, 30, 40]]
    assert in_pixels(np.array([[0.999, 0.5, 1, 0.5]]), 64) == [[63, 32, 64, 33]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": "f" * 16}, r"drawn on the samples f{16} of 64 pixels; this run has the sampl"),
        ({"image_size": 32}, r"drawn on the samples 0123456789abcdef of 32 pixels; this run has"),
        ({"boxes": {"0": [[0, 0, 65, 9]]}}, r"'boxes\.0': box \[0, 0, 65, 9\]; expected 0 <= x0"),
        ({"boxes": {"0": [[-1, 0, 6, 9]]}}, r"'boxes\.0': box \[-1, 0, 6, 9\]; expected"),
        ({"boxes": {"2": [[5, 0, 5, 9]]}}, r"'boxes\.2': box \[5, 0, 5, 9\]; expected"),
        ({"boxes": {"2": [[5, 0, 9, 9], [5, 0, 9, 9]]}}, r"box \[5, 0, 9, 9\] is given twice"),
        ({"boxes": {"4": []}}, r"'boxes\.4': there are 4 samples, numbered from 0"),
        ({"boxes": {"01": []}}, r"'boxes\.01': expected the number of a sample, 0 to 3"),
        ({"boxes": {"x": []}}, r"'boxes\.x': expected the number of a sample"),
        ({"boxes": {"0": [[1, 2, 3]]}}, r"'boxes\.0\.0\.3' is missing"),
        ({"boxes": {"0": [[1, 2, 3, 4.5]]}}, r"'boxes\.0\.0\.3'"),
        ({"colour": 3}, "unknown key 'colour'"),
        ({"author": None}, "'author' is missing"),
        ({"start": "mind"}, "'start': Input should be 'segmenter', 'nothing' or 'mixed'"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, change: dict, message: str) -> None:
    path = write(tmp_path / "b.json", **change)
    with pytest.raises(SpecError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "not a JSON file of boxes"),
        (b"\xff\xfe{", "not a JSON file of boxes"),
        (b'{"samples": "a", "samples": "b"}', "given twice: samples"),
        (b"[" * 100000, "not a JSON file of boxes"),
        (b"[1]", "expected keys with values"),
        (b"NaN", "expected keys with values"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "b.json").write_bytes(data)
    with pytest.raises(SpecError, match=message):
        read(tmp_path / "b.json")
    with pytest.raises(SpecError, match=r"no such file .*gone\.json; paths are taken from"):
        read(tmp_path / "gone.json")


def test_samples_have_another_name_with_another_seed_number_or_weights(tmp_path: Path) -> None:
    model = ModelFolder.open(write_planted_model(tmp_path / "model"))
    first = identity(model, samples=60, seed=7)
    assert first == identity(model, samples=60, seed=7)
    assert (
        len({first, identity(model, samples=61, seed=7), identity(model, samples=60, seed=8)}) == 3
    )
    weights = model.generator_file()
    weights.write_bytes(weights.read_bytes() + b" ")
    assert identity(model, samples=60, seed=7) != first


@pytest.mark.slow
def test_boxes_by_hand_take_the_place_of_the_segmenters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a person boxes the dark walls, the walls are forgotten, not the windows."""
    monkeypatch.setattr(module, "Segmenters", KnowingSegmenters)
    model = write_planted_model(tmp_path / "model")
    options = Options(samples=60, layers=[1], measured=40, random_sets=2, curve_samples=5,
                      curve_steps=2)  # fmt: skip
    name = identity(ModelFolder.open(model), samples=60, seed=7)
    z = ModelFolder.open(model).latents(60, seed=7, purpose=marking.PURPOSE)

    def boxes(high: bool) -> dict[str, list[list[int]]]:
        chosen = (z[:40, :16] > 0.85).numpy() == high
        places = [np.argwhere(one.reshape(4, 4)) for one in chosen]
        return {
            str(n): [[4 * x, 4 * y, 4 * x + 4, 4 * y + 4] for y, x in own.tolist()[:3]]
            for n, own in enumerate(places)
        }

    def run(*files: Path) -> dict[str, Measurement]:
        given = options.model_copy(update={"boxes": [str(file) for file in files]})
        made = module.measure(Inputs({"bedrooms.model": model}), given, 7, tmp_path)
        return {m.name: m for m in made}

    about = {"samples": name, "image_size": SIZE}
    windows = write(tmp_path / "w.json", **about, boxes=boxes(True))
    walls = write(tmp_path / "d.json", **about, author="Bo", boxes=boxes(False))
    found = run(windows, walls)
    assert found["windows_marked"].n == 40  # samples looked at, of 60
    assert "by hand (Jo), who started from nothing" in found["windows_marked"].protocol
    assert found["judge_iou_with_boxes"].value > 0.9
    assert found["person_2_iou_with_boxes"].value == 0
    assert found["window_area_left_positive"].value < 0.01
    arrays = np.load(tmp_path / "boxes.npz")
    assert str(arrays["by"]) == "hand (Jo)"
    assert arrays["looked"].sum() == 40
    monkeypatch.setattr(KnowingSegmenters, "proposed", None)  # not reached
    with pytest.raises(SpecError, match="drawn on the samples ffff"):
        run(windows, write(tmp_path / "other.json", samples="ffff"))
    monkeypatch.undo()
    monkeypatch.setattr(module, "Segmenters", KnowingSegmenters)
    wrong = run(walls)
    assert wrong["judge_iou_with_boxes"].value == 0
    assert wrong["unsure_window_area_left_positive"].value > 0.9
