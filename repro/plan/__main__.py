"""How long a run will take here, what it needs, and what of it fits into a number of hours.

    python -m repro.plan --config config/paper.yaml [--device cuda] [--hours 48 --gpus 8]

Measures about a minute (repro.plan.training_rate, repro.plan.step_rates), counts images
(repro.plan.image_counts), and prints for each stage of the run file: images, minibatches, hours,
peak memory, disk; blank is not predicted. Finished steps count as well. Only synthetic data in a
temporary folder are written; --json keeps the plan. Hours are of one device (a GPU, or --threads
threads of the processor) that has nothing else to do.
"""

import argparse
import sys
from pathlib import Path

import torch

from repro.artefacts.provenance import write_json
from repro.plan.image_counts import image_counts
from repro.plan.plan import plan
from repro.runs.load import load_run
from repro.specs.validation import SpecError


def main(words: list[str] | None = None) -> None:
    given = _arguments().parse_args(words)
    try:
        _check(given)
        run = load_run(given.config)
        if given.raw is not None:
            run = load_run(given.config, {run.spec.raw_key: given.raw})
        counts = image_counts(run, _counts_given(given.images))
        torch.set_num_threads(given.threads)
        record = plan(run, counts, given)
    except SpecError as error:
        sys.exit(f"error: {error}")
    if given.json:
        write_json(given.json, record)


def _check(given: argparse.Namespace) -> None:
    for name in ("threads", "gpus", "hours"):
        value = getattr(given, name)
        if value is not None and not value > 0:
            raise SpecError(f"--{name} {value:g}: expected a number above 0")
    if given.json is not None and not given.json.absolute().parent.is_dir():
        raise SpecError(f"--json {given.json}: no folder {given.json.parent}; make it first")


def _counts_given(words: list[str]) -> dict[str, int]:
    """NAME=COUNT, ... Raises SpecError for anything else."""
    given = {}
    for word in words:
        name, _, number = word.partition("=")
        if not number.isdecimal() or int(number) < 1:
            raise SpecError(f"--images {word}: expected NAME=COUNT, e.g. faces=202599")
        given[name] = int(number)
    return given


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", required=True, help="a run file, e.g. config/paper.yaml")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--threads", type=int, default=1, help="of one training (default 1)")
    parser.add_argument("--hours", type=float, help="say what fits into so many hours")
    parser.add_argument("--gpus", type=int, default=1, help="devices side by side (default 1)")
    parser.add_argument(
        "--images", action="append", default=[], metavar="NAME=COUNT", help="images of a dataset"
    )
    parser.add_argument("--raw", help="folder of the raw data, over the run file's own")
    parser.add_argument("--json", type=Path, help="keep the plan in this file")
    return parser


if __name__ == "__main__":
    main()
