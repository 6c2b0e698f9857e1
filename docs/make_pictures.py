"""The two pictures of the README, made from a finished run of the demo and its published report.

    python docs/make_pictures.py results/demo      # writes docs/overview.webp and docs/report.webp

overview.webp: how samples grow during the training of the faces, a walk (Fig 4), turning faces
(Fig 8), and the verdicts of results/published/demo. report.webp: the first screen of the published
report, by a headless Chromium; without one it is left as it is. `make publish RUN=demo` comes
first; only synthetic images are shown.
"""

import argparse
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from published_runs import FAILING, PUBLISHED, claims_of, stated_in_paper

from repro.claims.verdict import HOLDING
from repro.figures.drawing import font

DOCS = Path(__file__).parent
RUN = "demo"
BANNER, CELL, GAP = 26, 64, 2  # pixels of a sheet of samples: its head, a sample, between two
GROWTH = 5  # samples a side
SMALL = 55  # a picture of Figs 4 and 8 here
WIDTH, MARGIN, LABEL, BAR = 1000, 12, 26, 14
FRAMES, EACH, LAST = 10, 700, 3000  # milliseconds
HOLDS, FAILS, OPEN = "#0b6494", "#a63a00", "#6b747d"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable")


def growth(run: Path) -> list[tuple[int, Image.Image]]:
    """Some sheets of the faces' training: the minibatch, and a corner of its samples."""
    sheets = sorted((run / "models/faces/samples").glob("step_*.png"))
    chosen = np.unique(np.geomspace(1, len(sheets), FRAMES).round().astype(int)) - 1
    side = GROWTH * (CELL + GAP) - GAP
    box = (0, BANNER, side, BANNER + side)
    return [
        (int(sheets[i].stem.partition("_")[2]), Image.open(sheets[i]).convert("RGB").crop(box))
        for i in chosen
    ]


def rows(pictures: np.ndarray) -> Image.Image:
    """Pictures (rows, columns, H, W, 3) uint8 as a grid of small ones."""
    count, columns = pictures.shape[:2]
    grid = Image.new("RGB", (columns * (SMALL + GAP) - GAP, count * (SMALL + GAP) - GAP), "white")
    for row in range(count):
        for column in range(columns):
            small = Image.fromarray(pictures[row, column]).resize((SMALL, SMALL))
            grid.paste(small, (column * (SMALL + GAP), row * (SMALL + GAP)))
    return grid


def directions(run: str) -> Counter[str]:
    """Of the directions that the paper states: how many hold, fail, or are left open."""
    stated = stated_in_paper(claims_of(run), "direction")["verdict"]
    return Counter(
        "hold" if one in HOLDING else "fail" if one in FAILING else "open" for one in stated
    )


def overview(run: Path, counts: Counter[str]) -> list[Image.Image]:
    """The frames of overview.webp, which differ in the growth alone."""
    walk = np.load(run / "experiments/latent_walk/measured/arrays.npz")["walk"][:2]
    turn = np.load(run / "experiments/turn_vector/measured/arrays.npz")["rows"][:3]
    sheets = growth(run)
    side = sheets[0][1].width
    height = MARGIN + LABEL + side + LABEL + BAR + LABEL
    frames = []
    for step, sheet in sheets:
        frame = Image.new("RGB", (WIDTH, height), "white")
        draw = ImageDraw.Draw(frame)
        left, top = MARGIN, MARGIN + LABEL
        draw.text((left, MARGIN), f"samples after {step:,} minibatches", "#1d2226", font(15))
        frame.paste(sheet, (left, top))
        left += side + 2 * MARGIN
        draw.text((left, MARGIN), "Fig 4: walks from one sample to the next", "#1d2226", font(15))
        frame.paste(rows(walk), (left, top))
        below = top + 2 * (SMALL + GAP) + MARGIN
        draw.text((left, below), "Fig 8: one direction of z turns faces", "#1d2226", font(15))
        frame.paste(rows(turn), (left, below + LABEL))
        verdicts(draw, counts, top + side + LABEL)
        frames.append(frame)
    return frames


def verdicts(draw: ImageDraw.ImageDraw, counts: Counter[str], top: int) -> None:
    """A bar of the directions that the paper states, and what its parts are."""
    draw.text((MARGIN, top - 20), "What the paper states, in the demo", "#1d2226", font(15))
    total, left = sum(counts.values()), MARGIN
    unit = (WIDTH - 2 * MARGIN) / total
    for name, colour, words in (
        ("hold", HOLDS, "directions hold"),
        ("fail", FAILS, "fail"),
        ("open", OPEN, "not decided"),
    ):
        right = left + round(counts[name] * unit)
        draw.rectangle((left, top, right - 3, top + BAR), fill=colour)
        draw.text((left, top + BAR + 4), f"{counts[name]} {words}", colour, font(13))
        left = right


def screenshot(page: Path, out: Path) -> bool:
    """The first screen of a page; False where there is no browser."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "screen.png"
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        size = ["--window-size=1280,900", f"--screenshot={picture}", page.resolve().as_uri()]
        subprocess.run([browser, *options, *size], check=True, capture_output=True)
        Image.open(picture).convert("RGB").save(out, quality=75, method=6)
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, help="results/demo, finished")
    first, *more = overview(parser.parse_args().run, directions(RUN))
    first.save(
        DOCS / "overview.webp",
        save_all=True,
        append_images=more,
        duration=[EACH] * len(more) + [LAST],
        loop=0,
        quality=55,
        method=6,
    )
    if not screenshot(PUBLISHED / RUN / "index.html", DOCS / "report.webp"):
        print(f"no browser ({', '.join(BROWSERS)}): docs/report.webp stays as it is")


if __name__ == "__main__":
    main()
