"""The README of an experiment as HTML, below the report's own headings.

Where in the flow: repro.report.views embeds the README of every experiment. A report is one file
that calls no address: pictures, raw HTML and links that lead elsewhere become plain text.

Alone: `readme_html(Path("experiments/latent_walk/README.md").read_text())`.
"""

import html
import re

import markdown


def readme_html(text: str) -> str:
    """Markdown as HTML below the report's own headings: no raw HTML, no pictures, no far links."""
    converter = markdown.Markdown(extensions=["tables", "fenced_code", "sane_lists"])
    converter.preprocessors.deregister("html_block")
    converter.inlinePatterns.deregister("html")
    converted = converter.convert(re.sub(r"\A\s*# .*\n", "", text))  # the report has its own title
    converted = re.sub(r"<(/?)h([1-6])", _three_levels_down, converted)
    converted = re.sub(r'<img[^>]*alt="([^"]*)"[^>]*>', r"\1", converted)
    converted = re.sub(r"<table>", '<div class="scroll"><table>', converted)
    converted = re.sub(r"</table>", "</table></div>", converted)
    return re.sub(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', _link_as_text, converted, flags=re.S)


def _three_levels_down(tag: re.Match[str]) -> str:
    return f"<{tag[1]}h{min(6, int(tag[2]) + 3)}"


def _link_as_text(link: re.Match[str]) -> str:
    address, words = html.unescape(link[1]), link[2]
    if not re.match(r"https?:", address) or html.unescape(words) == address:
        return words
    return f'{words} <span class="address">({html.escape(address)})</span>'
