"""The page on which a random sample of hash collisions is labelled by eye (paper §4.1.1).

Part of figure.py. The page is one self-contained HTML file that loads nothing from the network and
works from a folder. It shows each removed image next to the one kept for it; keys or buttons mark
the pair as same, different or unsure, and a button downloads labels.csv, which option `labels` of
measure.py reads (labels.py). The style and script of the page are in label_page.html in this
folder.

Alone: python -m experiments.dedup.figure writes it among the figures.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from repro.figures.offline_page import data_uri, page_id, write_page

TEMPLATE = Path(__file__).parent / "label_page.html"
SHOWN_SIDE = 256  # pixels: a picture is enlarged by the integer factor that comes nearest


def write_label_page(path: Path, sample: Mapping[str, np.ndarray], *, banner: str) -> None:
    """Write the page for a sample of collisions (removal.sampled_collisions).

    images (P, 2, H, W, C) uint8, kept first; kept_keys, removed_keys (P,) str; collisions ().
    """
    images = sample["images"]
    kept, removed = sample["kept_keys"].tolist(), sample["removed_keys"].tolist()
    content = {
        "id": page_id([kept, removed]),
        "banner": banner,
        "collisions": int(sample["collisions"]),
        "side": images.shape[2] * max(1, round(SHOWN_SIDE / images.shape[2])),
        "pairs": [
            {"kept_key": kept[n], "removed_key": removed[n], "images": list(map(data_uri, pair))}
            for n, pair in enumerate(images)
        ],
    }
    write_page(path, template=TEMPLATE, content=content)
