"""Pages of the browser have one main landmark, which contains all that a reader sees."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [*sorted((ROOT / "experiments").glob("*/*.html")), ROOT / "repro/watch/progress_page.html"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_everything_on_a_page_is_within_its_main_landmark(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    before, body = re.split("<body>", text)
    assert "<main" not in before
    assert re.match(r"\s*<main>", body)
    assert body.count("<main") == body.count("</main>") == 1
    rest = re.sub(r"(?s)<script.*?</script>", "", body.partition("</main>")[2])
    assert rest.split() == ["</body>", "</html>"]


def test_there_are_such_pages() -> None:
    assert len(PAGES) >= 5
