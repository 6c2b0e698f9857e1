"""Figures: pixels where they belong, the same bytes every time, banners, readable sizes."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
import seaborn as sns
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from repro.figures.drawing import (
    PALETTE,
    TROUBLE,
    grid,
    legend_above,
    new_figure,
    save_figure,
    save_picture,
    save_table,
    show_picture,
    training_curves,
)
from repro.figures.style import Style

PLAIN, MARKED = Style(), Style(banner="TINY - not a result")
BANNER_COLOUR = (255, 223, 128)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def to_rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def log(n: int = 50) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    columns = ("loss_d", "loss_g", "d_real", "d_fake_before", "d_fake_after")
    return pd.DataFrame({"step": np.arange(n)} | {c: rng.random(n) for c in columns})


@given(
    count=st.integers(1, 13), columns=st.integers(1, 5), gap=st.integers(0, 3),
    channels=st.sampled_from([1, 3]),
)  # fmt: skip
def test_grid_holds_every_image_at_its_place(
    count: int, columns: int, gap: int, channels: int
) -> None:
    height, width = 4, 3
    images = np.random.default_rng(count).integers(0, 200, (count, height, width, channels))
    images = images.astype(np.uint8)
    picture = grid(images, columns, gap=gap, background=255)
    rows = (count + columns - 1) // columns
    assert picture.shape == (
        rows * (height + gap) - gap,
        columns * (width + gap) - gap,
        channels,
    )
    rest = np.ones(picture.shape, bool)
    for index, image in enumerate(images):
        y, x = (height + gap) * (index // columns), (width + gap) * (index % columns)
        np.testing.assert_array_equal(picture[y : y + height, x : x + width], image)
        rest[y : y + height, x : x + width] = False
    assert (picture[rest] == 255).all()


@pytest.mark.parametrize(
    "images",
    [np.zeros((2, 4, 4), np.uint8), np.zeros((2, 4, 4, 3)), np.zeros((0, 4, 4, 3), np.uint8)],
)
def test_grid_refuses_other_arrays(images: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected a non-empty uint8 array \(N, H, W, C\)"):
        grid(images, 2)


def test_picture_pixels_are_enlarged_unchanged(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 90, 3)).astype(np.uint8)
    save_picture(tmp_path / "p.png", picture, style=PLAIN, scale=3)
    np.testing.assert_array_equal(
        pixels(tmp_path / "p.png"), np.kron(picture, np.ones((3, 3, 1), np.uint8))
    )


def test_grey_pictures_and_title_and_banner_leave_the_pixels_alone(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 90)).astype(np.uint8)
    save_picture(tmp_path / "p.png", picture, style=MARKED, title="Two\nlines", scale=4)
    found = pixels(tmp_path / "p.png")
    enlarged = np.kron(picture, np.ones((4, 4), np.uint8))
    np.testing.assert_array_equal(found[-80:, :360], np.stack([enlarged] * 3, -1))
    assert found.shape[0] > 80 + 26 + 2 * 15


@pytest.mark.parametrize(("width", "factor"), [(28, 8), (340, 2), (658, 1), (2000, 1)])
def test_scale_brings_pictures_to_a_readable_width(tmp_path: Path, width: int, factor: int) -> None:
    save_picture(tmp_path / "p.png", np.zeros((5, width, 3), np.uint8), style=PLAIN)
    found = pixels(tmp_path / "p.png")
    assert found.shape[0] == 5 * factor
    assert found.shape[1] == max(240, width * factor)


@pytest.mark.slow
def test_banner_is_stamped_on_pictures_and_figures_and_fits(tmp_path: Path) -> None:
    style = Style(banner="SYNTHETIC DATA, and a long word on what this is not")
    save_picture(tmp_path / "p.png", np.zeros((5, 5, 3), np.uint8), style=style)
    save_figure(tmp_path / "f.png", training_curves(log()), style=style)
    for name in ("p.png", "f.png"):
        strip = pixels(tmp_path / name)[:26]
        assert tuple(strip[0, 0]) == BANNER_COLOUR
        ink = (strip.astype(int).sum(2) < 300).any(0)
        assert ink.sum() > 150  # there are letters
        assert not ink[-4:].any()  # and they end before the edge
    save_figure(tmp_path / "plain.png", training_curves(log()), style=PLAIN)
    with_banner, without = pixels(tmp_path / "f.png"), pixels(tmp_path / "plain.png")
    np.testing.assert_array_equal(with_banner[26:], without)


@pytest.mark.slow
def test_same_input_same_bytes_in_another_process_too(
    warm: Path, tmp_path: Path, repository: Path
) -> None:
    program = """
import sys
from pathlib import Path
import numpy as np
import pandas as pd
from repro.figures.drawing import *
out = Path(sys.argv[1])
log = pd.DataFrame({"step": np.arange(9), "loss_d": np.arange(9) ** 0.5, "d_real": 0.5})
save_figure(out / "f.png", training_curves(log), style=Style(banner="TINY"))
save_picture(out / "p.png", grid(np.zeros((4, 8, 8, 3), np.uint8), 2), style=Style(banner="TINY"))
save_table(out / "t.csv", log)
"""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (tmp_path / "program.py").write_text(program)
    ours = os.environ | {"PYTHONPATH": str(repository)}
    subprocess.run([warm, "-m", "program", str(there)], cwd=tmp_path, env=ours, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["program", str(here)])
        exec(program, {})
    for name in ("f.png", "p.png", "t.csv"):
        assert (here / name).read_bytes() == (there / name).read_bytes()
    assert sorted(p.name for p in here.iterdir()) == ["f.png", "p.png", "t.csv"]


@pytest.mark.slow
def test_png_says_its_kind_and_no_software(tmp_path: Path) -> None:
    save_picture(tmp_path / "p.png", np.zeros((5, 500, 3), np.uint8), style=PLAIN)
    save_figure(tmp_path / "f.png", training_curves(log()), style=PLAIN)
    for name, kind in (("p.png", "pixels"), ("f.png", "plot")):
        with Image.open(tmp_path / name) as picture:
            assert {k: v for k, v in picture.info.items() if k != "dpi"} == {"Kind": kind}


@pytest.mark.slow
def test_small_text_is_enlarged(tmp_path: Path) -> None:
    figure, axes = new_figure(10.0, 4.0)
    axes[0, 0].plot([0, 1], [0, 1])
    axes[0, 0].tick_params(labelsize=4)
    note = axes[0, 0].text(0.5, 0.5, "small print", fontsize=5)
    title = axes[0, 0].set_title("large", fontsize=20)
    save_figure(tmp_path / "f.png", figure, style=PLAIN)
    assert note.get_fontsize() == pytest.approx(10.5)  # 1.05 pt for each inch of width
    assert title.get_fontsize() == 20
    assert all(label.get_fontsize() >= 10.5 for label in axes[0, 0].get_xticklabels())


def test_curves_show_the_values_of_the_log() -> None:
    table = log(20)
    table.loc[3, "d_real"] = np.nan
    upper, lower = training_curves(table).axes
    drawn = {line.get_label(): line for line in (*upper.lines, *lower.lines)}
    assert {"discriminator", "generator", "D(x)"} <= set(drawn)
    np.testing.assert_array_equal(upper.lines[0].get_ydata(), table["loss_d"])
    np.testing.assert_array_equal(lower.lines[0].get_xdata(), table["step"].drop(3))


@pytest.mark.slow
def test_curves_of_one_step_and_of_a_log_without_a_meter(tmp_path: Path) -> None:
    figure = training_curves(log(1).drop(columns="d_fake_after"))
    save_figure(tmp_path / "f.png", figure, style=PLAIN)
    words = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert words[-1] == "D(G(z)) after the update (not logged)"
    with pytest.raises(ValueError, match="expected step and some of loss_d"):
        training_curves(log().drop(columns="step"))
    with pytest.raises(ValueError, match="found step"):
        training_curves(log()[["step"]])


def test_diversity_has_its_panel_where_it_was_logged() -> None:
    sheets = pd.DataFrame({"step": [5, 10, 19], "diversity": [0.2, 0.9, 1.1]})
    table = pd.concat([log(20), sheets]).sort_values("step", kind="stable")
    losses, _, diversity = training_curves(table).axes
    np.testing.assert_array_equal(diversity.lines[0].get_xdata(), [5, 10, 19])
    np.testing.assert_array_equal(diversity.lines[0].get_ydata(), [0.2, 0.9, 1.1])
    assert len(losses.lines[0].get_xdata()) == 20  # the sheets' lines say nothing of the losses
    assert losses.get_xlim() == diversity.get_xlim()
    assert len(training_curves(log(20).assign(diversity=np.nan)).axes) == 2


@pytest.mark.slow
def test_troubles_are_marked_once_where_they_began(tmp_path: Path) -> None:
    def marked(**given: object) -> dict[str, set[float]]:
        figure = training_curves(table, **given)
        steps = [{float(line.get_xdata()[0]) for line in axes.lines if is_mark(line)}
                 for axes in figure.axes]  # fmt: skip
        assert steps[0] == steps[1]
        return {text.get_text(): steps[0] for text in figure.axes[0].texts}

    def is_mark(line: Line2D) -> bool:
        return line.get_color() == TROUBLE

    table = log(50)
    assert marked() == {}
    names = {10: ["collapse"], 40: ["collapse", "saturated_discriminator"]}
    table["trouble"] = pd.Series(names, dtype=object)  # NaN elsewhere, as read from a log
    assert list(marked()) == ["collapse found at 10", "saturated discriminator found at 40"]
    assert marked()["collapse found at 10"] == {10.0, 40.0}
    found = marked(began={"saturated_discriminator": 3})
    assert list(found) == ["saturated discriminator from 3", "collapse found at 10"]
    save_figure(tmp_path / "f.png", training_curves(table), style=PLAIN)
    red = (pixels(tmp_path / "f.png") == to_rgb(TROUBLE)).all(2)
    assert red.any(0).sum() > 100  # two lines and their words


def test_a_legend_names_each_label_once_and_what_is_further_last() -> None:
    figure, axes = new_figure()
    for label in ("samples", "real", "samples", "_unnamed"):
        axes[0, 0].plot([0, 1], label=label)
    legend_above(figure, axes[0, 0], Line2D([], [], label="chosen"), columns=2)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "samples", "real", "chosen",
    ]  # fmt: skip


def test_a_panel_without_labels_has_no_legend() -> None:
    figure, axes = new_figure()
    legend_above(figure, axes[0, 0], columns=2)
    assert not figure.legends


def test_palette_is_seaborns_colourblind_one() -> None:
    assert [to_hex(colour) for colour in sns.color_palette("colorblind")] == list(PALETTE)


def test_nothing_of_pyplot_is_touched(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    figure = Figure()
    show_picture(figure.subplots(), np.zeros((4, 4, 1), np.uint8), title="t")
    save_figure(tmp_path / "f.png", figure, style=MARKED)
    assert dict(matplotlib.rcParams) == before


def test_table_reads_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"model": ["a, b", "c"], "accuracy": [82.8, 1 / 3], "n": [10, 20]})
    save_table(tmp_path / "t.csv", frame)
    found = pd.read_csv(tmp_path / "t.csv")
    pd.testing.assert_frame_equal(found, frame, rtol=1e-5)
    assert b"\r" not in (tmp_path / "t.csv").read_bytes()


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.png"
    save_picture(path, np.zeros((5, 5, 3), np.uint8), style=PLAIN)
    before = path.read_bytes()

    def disk_full(self: Image.Image, where: Path, **kwargs: object) -> None:
        Path(where).write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(Image.Image, "save", disk_full)
    with pytest.raises(OSError, match="no space"):
        save_picture(path, np.ones((5, 5, 3), np.uint8), style=PLAIN)
    assert path.read_bytes() == before
