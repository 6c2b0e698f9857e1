"""The pieces a report is put together from: embedded pictures, tables, READMEs, words for cost.

Where in the flow: `repro.report` fills its templates with these. Everything is embedded: a report
is one file that calls no address, so links of a README that lead elsewhere become plain text.

Alone: `embed_picture(Path("fig04_latent_walk.png"), caption="...")`.
"""

import base64
import html
import re
import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import markdown
import pandas as pd
from PIL import Image

from repro.claims import number
from repro.run_results import Health, Step

SHOWN_ROWS = 60  # of a table; the file itself holds all
STAGES = {
    "raw": "draw the generated data",
    "data": "prepare",
    "dedup": "de-duplicate",
    "models": "train",
    "measure": "measure",
    "figures": "figures",
}


@dataclass(frozen=True)
class Picture:
    """A PNG or WebP as a data: URI, its size in pixels; `hard`: a pixel picture, never smoothed."""

    name: str
    uri: str
    width: int
    height: int
    hard: bool
    caption: str


@dataclass(frozen=True)
class Table:
    """A CSV as text cells; `numeric` marks the columns that are set flush right."""

    name: str
    header: list[str]
    rows: list[list[str]]
    numeric: list[bool]
    left_out: int
    caption: str


def embed_picture(path: Path, *, caption: str) -> Picture:
    """Read a PNG, or a WebP by its name. Raises ValueError naming the file when it is none."""
    kind = "WebP" if path.suffix == ".webp" else "PNG"
    try:
        with Image.open(path, formats=[kind]) as picture:
            width, height = picture.size
            hard = picture.info.get("Kind") == "pixels"
    except OSError as error:
        raise ValueError(f"{path}: not a readable {kind} ({error}); rerun its step") from None
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    uri = f"data:image/{kind.lower()};base64,{content}"
    return Picture(path.name, uri, width, height, hard, caption)


def read_table(path: Path, *, caption: str) -> Table:
    """Read a CSV as text; its first 60 rows are shown. Raises ValueError naming the file."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a readable CSV ({error}); rerun its step") from None
    filled = frame.map(lambda cell: cell.removesuffix("%").strip()).replace("", None)
    numeric = [
        bool(filled[name].notna().any())
        and bool(pd.to_numeric(filled[name].dropna(), errors="coerce").notna().all())
        for name in frame.columns
    ]
    rows = [[str(cell) for cell in row] for row in frame.head(SHOWN_ROWS).to_numpy()]
    header = [str(name).replace("_", " ") for name in frame.columns]
    left_out = max(0, len(frame) - SHOWN_ROWS)
    return Table(path.name, header, rows, numeric, left_out, caption)


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


def duration(seconds: float) -> str:
    """Seconds in words: 0.4 s, 48 s, 12 min 5 s, 3 h 20 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def memory(megabytes: float) -> str:
    """Peak memory in words: 640 MB, 2.4 GB."""
    return f"{megabytes / 1024:.1f} GB" if megabytes >= 1024 else f"{megabytes:.0f} MB"


def value_in_words(value: Any) -> str:
    """Any JSON value for reading."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(float(value))
    if isinstance(value, dict):
        pairs = (f"{key} {value_in_words(v)}" for key, v in value.items())
        return ", ".join(pairs) or "none"
    if isinstance(value, list):
        return ", ".join(value_in_words(v) for v in value) or "none"
    return str(value)


def model_in_words(description: Mapping[str, Any]) -> str:
    """Recipe, dataset and number of images of a model (its spec.json)."""
    spec = description.get("spec", {})
    recipe, data = spec.get("preset", "–"), spec.get("data", "–")
    without = ", without duplicates" if spec.get("deduplicated") else ""
    images = value_in_words(description.get("images", "–"))
    return f"recipe {recipe} · dataset {data}{without} · {images} images"


def epoch_in_words(description: Mapping[str, Any]) -> str:
    """What one epoch of a training was (from its spec.json), and how many steps it took in all.

    "" for a description without these numbers.
    """
    try:
        training = description["spec"]["training"]
        batch, schedule = int(training["batch"]), training["schedule"]
        images, done = int(description["images"]), int(description["minibatches"])
        parts = int(description["minibatches_per_epoch"])
        steps_d, steps_g = int(description["steps_d"]), int(description["steps_g"])
    except KeyError:
        return ""
    last = images - (parts - 1) * batch
    of = f"{_counted(parts, 'minibatch', 'minibatches')} of {batch if parts > 1 else last:,}"
    if parts > 1 and last != batch:
        of += f", the last of {last:,}"
    how = (
        "the alternating schedule trains G on the even and D on the odd ones, counted from 0"
        if schedule == "alternating"
        else "every minibatch trains D, then G, on the same generated images"
    )
    epochs = number(done / parts)
    return (
        f"One epoch is one pass over the {images:,} images: {of}; {how}, so "
        f"{epochs} {'epoch is' if done == parts else 'epochs are'} "
        f"{_counted(steps_d, 'D step', 'D steps')} and {_counted(steps_g, 'G step', 'G steps')}."
    )


def _counted(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def troubles_in_words(health: Health | None) -> list[str]:
    """Each trouble of a training and since when: "collapse from minibatch 500 on"."""
    findings = health.findings if health else []
    return [
        f"{found.trouble.replace('_', ' ')} from minibatch {found.step:,} on" for found in findings
    ]


def stop_in_words(health: Health | None) -> str:
    """That a training was ended early, and why; "" where it was not."""
    if health is None or health.stopped_early_at is None:
        return ""
    found = {finding.trouble for finding in health.findings}
    reasons = [name.replace("_", " ") for name in health.stop_on if name in found]
    because = f", since its settings stop it on {' and '.join(reasons)}" if reasons else ""
    return f"The training was ended early, at minibatch {health.stopped_early_at:,}{because}."


def cost(steps: list[Step]) -> dict[str, str]:
    """Compute time, peak memory, devices and commits of some steps, in words."""
    records = [step.record for step in steps]
    devices = Counter(str(record.get("device", "unknown")) for record in records)
    commits = Counter(commit_in_words(record) for record in records)
    return {
        "seconds": duration(sum(float(record.get("seconds") or 0) for record in records)),
        "memory": memory(max((float(r.get("peak_memory_mb") or 0) for r in records), default=0)),
        "devices": ", ".join(devices) or "none",
        "commits": ", ".join(commits) or "none",
        "steps": str(len(steps)),
    }


def commit_in_words(record: dict[str, Any]) -> str:
    """E.g. "4f2a9c1b7d" or "4f2a9c1b7d, uncommitted changes"."""
    words = str(record.get("commit", "unknown"))[:10]
    return f"{words} + uncommitted changes" if record.get("dirty") else words


def commands(steps: list[Step]) -> list[str]:
    """The commands that made some steps, as they can be pasted into a shell."""
    return [shlex.join(step.record["command"]) for step in steps if step.record.get("command")]


def stages(steps: list[Step]) -> list[dict[str, Any]]:
    """Cost per stage in the order of the flow, each with its steps."""
    known = [*STAGES, *sorted({step.stage for step in steps} - set(STAGES))]
    grouped = {stage: [step for step in steps if step.stage == stage] for stage in known}
    return [
        {"name": STAGES.get(stage, stage), "cost": cost(members), "steps": members}
        for stage, members in grouped.items()
        if members
    ]


def versions(steps: list[Step]) -> dict[str, str]:
    """Versions of the packages, all that occurred."""
    found: dict[str, dict[str, None]] = {}
    for step in steps:
        for package, version in step.record.get("versions", {}).items():
            found.setdefault(package, {})[str(version)] = None
    return {package: ", ".join(versions) for package, versions in sorted(found.items())}
