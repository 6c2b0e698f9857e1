"""What the steps of a run cost and how they were made, in words, from their provenance records.

Time, memory, devices, commits, commands and versions of packages. Where in the flow:
repro.report.page asks for all steps that a report shows, repro.report.views for one experiment's.

Alone: `cost(steps)` with steps of `repro.report.results.read_run`.
"""

import shlex
from collections import Counter
from typing import Any

from repro.report.quantities import duration, memory
from repro.report.results import Step

STAGES = {
    "raw": "render the synthetic data",
    "data": "prepare",
    "dedup": "de-duplicate",
    "models": "train",
    "measure": "measure",
    "figures": "figures",
}


def cost(steps: list[Step]) -> dict[str, str]:
    """Compute time, peak memory, devices and commits of some steps, in words."""
    records = [step.record for step in steps]
    devices = Counter(str(record.get("device", "unknown")) for record in records)
    commits = Counter(describe_commit(record) for record in records)
    return {
        "seconds": duration(sum(float(record.get("seconds") or 0) for record in records)),
        "memory": memory(max((float(r.get("peak_memory_mb") or 0) for r in records), default=0)),
        "devices": ", ".join(devices) or "none",
        "commits": ", ".join(commits) or "none",
        "steps": str(len(steps)),
    }


def describe_commit(record: dict[str, Any]) -> str:
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
