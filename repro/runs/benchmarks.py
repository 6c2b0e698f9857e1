"""The benchmark files in which Snakemake writes what each step of a run took.

Where in the flow: results/<run>/benchmarks/<rule>/<name>.tsv; the plan and the time left use them.
Alone: `seconds_taken(Path("results/demo/benchmarks/measure/latent_walk.tsv"))`.
"""

import csv
from pathlib import Path


def seconds_taken(benchmark: Path) -> float | None:
    """Wall-clock seconds of a finished step; None where there is no file, or a damaged one."""
    try:
        with benchmark.open(newline="", encoding="utf-8") as stream:
            return float(list(csv.DictReader(stream, delimiter="\t"))[-1]["s"])
    except (OSError, ValueError, KeyError, IndexError):
        return None
