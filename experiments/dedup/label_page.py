"""The page on which a random sample of hash collisions is labelled by eye (paper §4.1.1).

Part of figure.py. One self-contained HTML file that calls no address and works from a folder: each
removed image stands beside the one kept for it, keys or buttons say same, different or unsure, and
a button hands out labels.csv, which option `labels` of measure.py reads (labels.py). The look and
the script of the page lie beside this module, in label_page.html.

Alone: python -m experiments.dedup.figure writes it among the figures.
"""

import base64
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

TEMPLATE = Path(__file__).parent / "label_page.html"
SHOWN_SIDE = 256  # pixels: a picture is enlarged by the whole factor that comes nearest
PLACE = "/*SAMPLE*/"


def write_label_page(path: Path, sample: Mapping[str, np.ndarray], *, banner: str) -> None:
    """Write the page for a sample of collisions (removal.sampled_collisions).

    images (P, 2, H, W, C) uint8, kept first; kept_keys, removed_keys (P,) str; collisions ().
    """
    images = sample["images"]
    kept, removed = sample["kept_keys"].tolist(), sample["removed_keys"].tolist()
    content = {
        "id": hashlib.blake2b(json.dumps([kept, removed]).encode(), digest_size=8).hexdigest(),
        "banner": banner,
        "collisions": int(sample["collisions"]),
        "side": images.shape[2] * max(1, round(SHOWN_SIDE / images.shape[2])),
        "pairs": [
            {"kept_key": kept[n], "removed_key": removed[n], "images": list(map(data_uri, pair))}
            for n, pair in enumerate(images)
        ],
    }
    page = TEMPLATE.read_text(encoding="utf-8")
    if page.count(PLACE) != 1:
        raise ValueError(f"{TEMPLATE}: expected {PLACE} once, found it {page.count(PLACE)} times")
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(page.replace(PLACE, script_json(content)), encoding="utf-8")
    temporary.replace(path)


def script_json(value: object) -> str:
    """JSON that can stand inside a <script> element: no character of it ends the element."""
    text = json.dumps(value, ensure_ascii=True, sort_keys=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def data_uri(image: np.ndarray) -> str:
    """A picture (H, W, C) uint8 as a PNG in a data: address; same pixels, same bytes."""
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    stream = io.BytesIO()
    picture.save(stream, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
