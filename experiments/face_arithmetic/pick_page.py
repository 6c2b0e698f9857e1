"""The page on which exemplars of Fig 7 (and of Fig 8) are picked by hand (paper §6.3.2).

Part of figure.py. One self-contained HTML file that loads nothing from the network and works from a
folder. It shows samples of the face model, sorts them into concepts with free names, and downloads
picks.json, which option `picks` of face_arithmetic and of turn_vector names
(repro.internals.hand_picks reads it). The style and script of the page are in pick_page.html in
this folder.

Alone: python -m experiments.face_arithmetic.figure writes it among the figures.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from repro.figures.offline_page import data_uri, write_page

TEMPLATE = Path(__file__).parent / "pick_page.html"


def write_pick_page(path: Path, offered: Mapping[str, np.ndarray], *, banner: str) -> None:
    """Write the page for the samples offered (picked.Offered.arrays).

    pictures (N, H, W, C) uint8, H and W at most 64; identity (); initial concepts (K,) str and sums
    (S,) str.
    """
    content = {
        "id": str(offered["identity"]),
        "banner": banner,
        "concepts": offered["concepts"].tolist(),
        "sums": offered["sums"].tolist(),
        "pictures": [data_uri(picture) for picture in offered["pictures"]],
    }
    write_page(path, template=TEMPLATE, content=content)
