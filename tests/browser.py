"""Pages in headless Chromium: run a script inside a page, read what it left in the document.

`python tests/browser.py` prints the browser that the tests use, and fails where there is none.
"""

import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

NAMES = (
    "chromium", "chromium-headless-shell", "chromium-browser", "google-chrome-stable",
    "google-chrome",
)  # fmt: skip
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no browser in PATH: chromium")

# What a test's script may use: say(id, text) leaves a text for the test to read in `by_id`;
# what the page offers for download is left as "name" and "file" instead of being saved.
TOOLS = """
<script>
const say = (id, text) => {
  const pre = document.createElement("pre");
  pre.id = id;
  pre.textContent = text;
  document.body.append(pre);
};
HTMLAnchorElement.prototype.click = function () { say("name", this.download); };
URL.createObjectURL = (blob) => { blob.text().then((text) => say("file", text)); return "#"; };
</script>
"""


class Content(HTMLParser):
    """Text of elements with an id, and all addresses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.by_id: dict[str, str] = {}
        self.addresses: list[str] = []
        self.inside: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [given[name] or "" for name in ("src", "href") if name in given]
        if given.get("id"):
            self.inside = given["id"]
            self.by_id[self.inside] = ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = None

    def handle_data(self, data: str) -> None:
        if self.inside is not None:
            self.by_id[self.inside] += data


def dom_of(page: Path, folder: Path, *, milliseconds: int = 3000) -> str:
    """The document of a page after its scripts have run for this much of the browser's time.

    folder: an empty place for the browser's profile.
    """
    done = subprocess.run(
        [
            *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
            *("--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"),
            *("--disable-component-update", "--disable-sync"),
            *(f"--user-data-dir={folder / 'profile'}", f"--virtual-time-budget={milliseconds}"),
            *("--dump-dom", page.as_uri()),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout


def after_script(page: Path, script: str, folder: Path, *, milliseconds: int = 3000) -> Content:
    """Run a <script>...</script> at the end of a page, after TOOLS; returns what it left."""
    scripted = folder / f"scripted_{page.name}"
    text = page.read_text(encoding="utf-8").replace("</body>", f"{TOOLS}{script}</body>")
    scripted.write_text(text, encoding="utf-8")
    return Content(dom_of(scripted, folder, milliseconds=milliseconds))


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit(f"none of {', '.join(NAMES)} is in PATH")
    print(CHROMIUM)
