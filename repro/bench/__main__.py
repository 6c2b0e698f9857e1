"""python -m repro bench [NAME]: run a bench, or list them.

The last line printed is the record, one JSON object: bench, ours, reference, ratio (how many times
better ours is), unit, n, device, threads, repeats, and further results of the bench; ours and
reference are medians over the repeats. A bench of several cases has a list of them, `cases`.
"""

import argparse
import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

from repro.artefacts.provenance import device_name
from repro.command_line import add_threads, at_least_one, new_parser, run_main


class RawHelpFormatter(
    argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter
):
    """Help with unchanged text, and every option with its default."""


def bench_names() -> list[str]:
    """Names of all benches: the modules of this package that define `run`."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    return [m.stem for m in modules if "\ndef run(" in m.read_text(encoding="utf-8")]


def load_bench(name: str) -> ModuleType:
    return importlib.import_module(f"repro.bench.{name}")


def main(argv: list[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else argv
    if not argv:
        for name in bench_names():
            print(f"{name:<12} {(load_bench(name).__doc__ or '').strip().splitlines()[0]}")
        return
    parser = new_parser("bench", __doc__)
    benches = parser.add_subparsers(dest="bench", required=True, metavar="NAME")
    for name in bench_names() if argv[0] not in bench_names() else [argv[0]]:
        bench = load_bench(name)
        about = benches.add_parser(
            name,
            description=bench.__doc__,
            formatter_class=RawHelpFormatter,
        )
        add_threads(about, default=2)
        about.add_argument("--repeats", type=at_least_one, default=3, help="runs of either side")
        bench.add_arguments(about)
    given = parser.parse_args(argv)
    record = {
        "bench": given.bench,
        "machine": device_name(),
        "threads": given.threads,
        "repeats": given.repeats,
        **load_bench(given.bench).run(given),
    }
    print(json.dumps(record), flush=True)


if __name__ == "__main__":
    run_main(main)
