"""The page to play with: its directions on a planted world, its pictures in Chromium."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from banded_faces import bands, labels_of, scrambled
from browser import Content, after_script, needs_chromium
from untrained_model import write_model

from experiments.contract import Inputs
from experiments.playable import measure as module
from experiments.playable.figure import figure
from experiments.playable.measure import measure
from experiments.playable.options import Options
from experiments.playable.page import example
from repro.claims.measurement import Measurement
from repro.data.images import to_uint8
from repro.figures.style import Style
from repro.networks.export import export_generator, exported_pictures
from repro.networks.model_folder import ModelFolder

NAMES = ("man", "smiling")
OPTIONS = Options(
    attributes={name: f"{name} == 1" for name in NAMES},
    samples=300, confident=30, offered=24, tested=60, classifier_images=400, classifier_epochs=6,
)  # fmt: skip


@pytest.fixture
def measured(
    tmp_path: Path, make_dataset: Callable, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Measurement]]:
    z = torch.rand(400, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    data, model = make_dataset(bands(None, z), **labels_of(z)), write_model(tmp_path / "model")

    def run(draw: Callable, name: str = "measured") -> dict[str, Measurement]:
        monkeypatch.setattr(module, "draw", draw)
        (tmp_path / name).mkdir()
        inputs = Inputs({"faces.model": model, "faces.data": data})
        return {m.name: m for m in measure(inputs, OPTIONS, 7, tmp_path / name)}

    return run


@pytest.mark.slow
def test_directions_are_found_where_there_are_any(measured: Callable) -> None:
    found = measured(bands)
    assert all(found[f"gained_{name}"].low > 0.5 for name in NAMES)
    assert found["gained_over_random_direction"].low > 0.3
    assert found["gained_man"].n == 60


@pytest.mark.slow
def test_nothing_is_gained_where_nothing_is_linear(measured: Callable) -> None:
    found = measured(scrambled)
    assert abs(found["gained_over_random_direction"].value) < 0.3


@pytest.mark.slow
def test_an_untrained_generator_gains_nothing_unless_it_is_linear_as_well(
    measured: Callable, tmp_path: Path
) -> None:
    trained = ModelFolder.open(tmp_path / "model").generator().state_dict()

    def planted(G: torch.nn.Module, z: torch.Tensor) -> np.ndarray:
        own = all(torch.equal(x, trained[key]) for key, x in G.state_dict().items())
        return (bands if own else scrambled)(G, z)

    found = measured(planted)
    assert found["gained_over_random_direction"].low > 0.3
    control = found["gained_over_random_direction_untrained"]
    assert abs(control.value) < 0.3
    assert control.n == 60
    both = measured(bands, "both")
    assert both["gained_over_random_direction_untrained"].low > 0.3


@pytest.fixture
def page(measured: Callable, tmp_path: Path) -> Path:
    """The page of an untrained model; its generator draws noise, but always the same."""
    measured(module.draw)
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "measured", tmp_path / "figures", Style(banner="TEST <b>"))
    return tmp_path / "figures" / "playable.html"


@pytest.mark.slow
def test_the_same_bytes_twice_and_no_address(page: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    figure(tmp_path / "measured", tmp_path / "again", Style(banner="TEST <b>"))
    for file in ("playable.html", "fig_directions.png"):
        assert (tmp_path / "again" / file).read_bytes() == (page.parent / file).read_bytes()
    text = page.read_text()
    assert all(address.startswith("data:") for address in Content(text).addresses)
    assert "http:" not in text
    assert "https:" not in text
    held = json.loads(Content(text).by_id["content"])
    assert [one["name"] for one in held["directions"]] == list(NAMES)
    assert len(held["samples"]) == 24


SCRIPT = """
<script>
const zs = [content.samples[0].z, content.samples[5].z, drawnZ(17)];
say("pictures", JSON.stringify(zs.map((z) => Array.from(picture(z)))));
say("drawn", JSON.stringify(zs[2]));
const gallery = at("gallery");
at("clear").click();
[[0, [1, 2, 3]], [1, [4]], [2, [6, 7]]].forEach(([slot, numbers]) => {
  slots[slot].head.click();
  numbers.forEach((n) => gallery.querySelector(`[data-number="${n}"]`).click());
});
slots[0].thumbs.children[2].click();
say("chosen", JSON.stringify(chosen));
say("total", JSON.stringify(sumZ()));
const shown = at("sum").getContext("2d").getImageData(0, 0, SIDE, SIDE).data;
say("shown", JSON.stringify(Array.from(shown.filter((_, i) => i % 4 < 3))));
at("order").value = "1";
at("order").dispatchEvent(new Event("change"));
say("sorted", JSON.stringify(Array.from(gallery.children, (one) => Number(one.dataset.number))));
sliders[0].input.value = 1;
sliders[0].input.dispatchEvent(new Event("input"));
at("number").value = 17;
say("moved", JSON.stringify(movedZ()));
say("warning", at("banner").textContent);
</script>
"""


@pytest.mark.slow
@needs_chromium
def test_the_browser_draws_what_pytorch_draws(page: Path, tmp_path: Path) -> None:
    said = after_script(page, SCRIPT, tmp_path).by_id
    found = {name: json.loads(said[name]) for name in
             ("pictures", "drawn", "chosen", "total", "shown", "sorted", "moved")}  # fmt: skip
    with np.load(tmp_path / "measured" / "page.npz") as saved:
        arrays = dict(saved)
    exported = export_generator(ModelFolder.open(tmp_path / "model").generator())

    def drawn(z: np.ndarray) -> np.ndarray:
        return to_uint8(exported_pictures(exported, torch.tensor(z, dtype=torch.float32)[None]))[
            0
        ].astype(int)

    z = arrays["z"]
    for pixels, one in zip(found["pictures"], [z[0], z[5], found["drawn"]], strict=True):
        # the page's z have four decimals
        assert np.abs(np.reshape(pixels, (16, 16, 3)) - drawn(one)).max() <= 1
    assert np.std(found["pictures"][0]) > 5  # a picture, not a flat square
    assert np.min(found["drawn"]) >= -1 and np.max(found["drawn"]) <= 1  # noqa: PT018
    assert found["chosen"] == [[1, 2], [4], [6, 7]]  # the third of A was taken out again
    total = z[[1, 2]].mean(0) - z[4] + z[[6, 7]].mean(0)
    np.testing.assert_allclose(found["total"], total, atol=3e-4)
    assert np.abs(np.reshape(found["shown"], (16, 16, 3)) - drawn(found["total"])).max() <= 1
    assert found["sorted"] == np.argsort(-arrays["sure"][:, 0], kind="stable").tolist()
    moved = np.array(found["drawn"]) + arrays["directions"][0] / 2
    np.testing.assert_allclose(found["moved"], moved, atol=1e-4)
    assert said["warning"] == "TEST <b>"


def test_the_example_takes_the_surest() -> None:
    sure = np.array([[0.9, 0.1], [0.1, 0.2], [0.2, 0.95], [0.8, 0.9]])
    numbers = example(["smiling", "man"], sure)["numbers"]
    assert [one[0] for one in numbers] == [0, 1, 2]
    assert example(["smiling"], sure[:, :1])["numbers"] == []
