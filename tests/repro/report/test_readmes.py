"""repro/report/readmes.py: what of an experiment's README goes into the report."""

import re

from repro.report.readmes import readme_html


def test_readme_keeps_words_and_drops_what_calls_out() -> None:
    text = (
        "# Title\n\n## How\n\n[a](https://x.org/p) [b](../b.py) ![c](d.png)\n\n<script>1</script>"
    )
    html = readme_html(text)
    assert "Title" not in html
    assert "<h5>How</h5>" in html
    assert 'a <span class="address">(https://x.org/p)</span> b c' in html
    assert "&lt;script&gt;" in html
    assert not re.search(r"<(a|img|script)\b", html)
