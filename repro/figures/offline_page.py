"""Interactive pages for a browser: one self-contained HTML file that requests no address.

Where in the flow: figure steps whose readers contribute something (label collisions, draw boxes,
pick exemplars) or play with a generator. A page is a template next to the step that writes it, with
the places <!--HEAD-->, /*STYLE*/, /*SCRIPT*/ and /*CONTENT*/ (in a <script
type="application/json">), filled here: the parts shared by all pages are templates/page_head.html,
page.css and page.js. A page works from file://; its head's Content-Security-Policy forbids every
address.

Alone: `write_page(Path("page.html"), template=Path("label_page.html"), content={"pairs": []})`.
"""

import base64
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image

from repro.artefacts.whole_file import atomic_write

SHARED = Path(__file__).parent / "templates"


def write_page(path: Path, *, template: Path, content: object) -> None:
    """Write the template with its places filled, whole or not at all; content: must fit JSON.

    `content` is a mapping with the key "banner", which templates/page.js shows. Raises ValueError
    when the template does not have each place exactly once.
    """
    page = template.read_text(encoding="utf-8")
    for place, text in (
        ("<!--HEAD-->", _shared("page_head.html")),
        ("/*STYLE*/", _shared("page.css")),
        ("/*SCRIPT*/", _shared("page.js")),
        ("/*CONTENT*/", script_json(content)),
    ):
        if page.count(place) != 1:
            raise ValueError(
                f"{template}: expected {place} once, found it {page.count(place)} times"
            )
        page = page.replace(place, text)
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _shared(name: str) -> str:
    return (SHARED / name).read_text(encoding="utf-8").rstrip()


def page_id(value: object) -> str:
    """16 hexadecimal characters of a JSON value, by which a page recognises its own saved work."""
    return hashlib.blake2b(json.dumps(value).encode(), digest_size=8).hexdigest()


def script_json(value: object) -> str:
    """JSON that is safe inside a <script> element: no character of it ends the element."""
    text = json.dumps(value, ensure_ascii=True, sort_keys=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def data_uri(image: np.ndarray) -> str:
    """A picture (H, W, C) uint8 as a PNG in a data: address; equal pixels give equal bytes."""
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    stream = io.BytesIO()
    picture.save(stream, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def jpeg_uri(image: np.ndarray, *, quality: int = 80) -> str:
    """A photo (H, W, 3) uint8 as a JPEG in a data: address: a tenth of a PNG's length."""
    pixels = np.ascontiguousarray(image)
    data = simplejpeg.encode_jpeg(pixels, quality=quality, colorspace="RGB", colorsubsampling="420")
    return "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
