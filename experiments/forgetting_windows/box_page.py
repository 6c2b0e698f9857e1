"""The page on which windows are boxed by hand (paper §6.3.1: "52 window bounding boxes").

Part of figure.py. One self-contained HTML file that loads nothing from the network. It shows the
samples one by one, enlarged; boxes are drawn with the mouse or the keys, optionally starting from
the segmenter's; a button downloads boxes.json, which option `boxes` names (boxes.py reads it). The
style and script of the page are in box_page.html in this folder.

Alone: python -m experiments.forgetting_windows.figure writes it among the figures.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from repro.figures.offline_page import data_uri, write_page

TEMPLATE = Path(__file__).parent / "box_page.html"
SHOWN_SIDE = 448  # pixels: a sample is enlarged by the integer factor that comes closest


def write_box_page(path: Path, marked: Mapping[str, np.ndarray], *, banner: str) -> None:
    """Write the page for the samples of boxes.npz (marking.Marked.save).

    samples (N, H, W, 3) uint8; proposals (M, 5): sample, x0, y0, x1, y1 in pixels; identity ().
    """
    samples, proposals = marked["samples"], marked["proposals"]
    size = samples.shape[1]
    content = {
        "id": str(marked["identity"]),
        "banner": banner,
        "size": size,
        "factor": max(1, round(SHOWN_SIDE / size)),
        "samples": [
            {
                "image": data_uri(picture),
                "proposals": proposals[proposals[:, 0] == number, 1:].tolist(),
            }
            for number, picture in enumerate(samples)
        ],
    }
    write_page(path, template=TEMPLATE, content=content)
