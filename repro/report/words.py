"""The pieces a report is put together from: tables, READMEs, words for data, models and cost.

Where in the flow: `repro.report` fills its templates with these, and with the pictures of
`repro.report.pictures`. Everything is embedded: a report is one file that calls no address, so
links of a README that lead elsewhere become plain text.

Alone: `read_table(Path("table1_cifar10.csv"), caption="...")`.
"""

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

from repro.claims.measurement import number
from repro.report.results import Step
from repro.report.spec import Health, ReportRole, ReportSpec

SHOWN_ROWS = 60  # of a table; the file itself holds all
MANY_COLUMNS, FEW_ROWS = 12, 6  # such a table is turned: its columns become rows
MANY_COMMITS = 3  # more are counted on the first screen and listed under provenance
STAGES = {
    "raw": "draw the generated data",
    "data": "prepare",
    "dedup": "de-duplicate",
    "models": "train",
    "measure": "measure",
    "figures": "figures",
}


@dataclass(frozen=True)
class Table:
    """A CSV as text cells; `numeric` marks the columns that are set flush right."""

    name: str
    file: str  # below the run's folder, or the bare name
    header: list[str]
    rows: list[list[str]]
    numeric: list[bool]
    left_out: int
    caption: str


def read_table(path: Path, *, caption: str, run: Path | None = None) -> Table:
    """Read a CSV as text; its first 60 rows are shown. Raises ValueError naming the file.

    One of many columns and few rows is turned, so that a page can hold it in its width.
    run: the folder below which the file is named.
    """
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
    rows = [[_set_off(str(cell)) for cell in row] for row in frame.head(SHOWN_ROWS).to_numpy()]
    header = [str(name).replace("_", " ") for name in frame.columns]
    left_out = max(0, len(frame) - SHOWN_ROWS)
    if len(header) > MANY_COLUMNS and len(frame) <= FEW_ROWS:
        right = all(numeric[1:])
        header, *rows = [list(line) for line in zip(header, *rows, strict=True)]
        numeric = [False] + [right] * (len(header) - 1)
    file = path.name if run is None else path.relative_to(run).as_posix()
    return Table(path.name, file, header, rows, numeric, left_out, caption)


def _set_off(cell: str) -> str:
    """13,107,200 for 13107200; whatever is no whole number of five digits or more as it is."""
    return f"{int(cell):,}" if re.fullmatch(r"[1-9]\d{4,}", cell) else cell


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


def first_line(spec: ReportSpec) -> str:
    """What data the run is on, in a sentence: the first thing a reader must know."""
    roles = {name: role for name, role in spec.roles.items() if role.data}
    drawn = sorted(name for name, role in roles.items() if role.kind == "generated")
    real = sorted(name for name, role in roles.items() if role.kind == "real")
    if spec.generated and not real:
        return (
            "Generated data: programs made the images of this run, as stand-ins for the paper's. "
            "Its numbers show that the chain works and which way the effects point; they are not "
            "to be set against the paper's numbers."
        )
    if spec.generated or drawn:
        return (
            f"Partly generated data: {', '.join(drawn)} made by program; {', '.join(real)} real. "
            "Numbers on generated images are not to be set against the paper's."
        )
    if roles and all(role.as_in_paper is True for role in roles.values()):
        return "Real data, at the paper's scale."
    return "Real data, not at the paper's scale or not the paper's own: see the departures."


def data_in_words(roles: Mapping[str, ReportRole]) -> str:
    """What stands under figures and tables made from these roles; "" where all are real."""
    shown = {name: role for name, role in roles.items() if role.data}
    drawn = sorted(name for name, role in shown.items() if role.kind == "generated")
    if not drawn:
        return ""
    if len(drawn) == len(shown):
        return "Generated data."
    return f"Partly generated data: {', '.join(drawn)}."


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
    many = len(commits) > MANY_COMMITS
    return {
        "seconds": duration(sum(float(record.get("seconds") or 0) for record in records)),
        "memory": memory(max((float(r.get("peak_memory_mb") or 0) for r in records), default=0)),
        "devices": ", ".join(devices) or "none",
        "commits": ", ".join(commits) or "none",
        "commits_in_short": f"{len(commits)} states of the code" if many else "",
        "steps": str(len(steps)),
    }


def commit_in_words(record: dict[str, Any]) -> str:
    """E.g. "4f2a9c1b7d" or "4f2a9c1b7d, uncommitted changes"."""
    words = str(record.get("commit", "unknown"))[:10]
    return f"{words} + uncommitted changes" if record.get("dirty") else words


def commands(steps: list[Step]) -> list[str]:
    """The commands that made some steps, in the order of the flow, to be pasted into a shell."""
    place = {stage: number for number, stage in enumerate(STAGES)}
    ordered = sorted(steps, key=lambda step: place.get(step.stage, len(place)))
    return [shlex.join(step.record["command"]) for step in ordered if step.record.get("command")]


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
