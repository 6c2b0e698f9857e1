"""The report of a run, the last step of the pipeline (repro.report.build does the work).

    python -m repro.report --run results/demo --spec results/demo/specs/report.json \\
        --out results/demo/report
"""

from pathlib import Path

from repro.command_line import new_parser, run_main
from repro.report.build import build_report
from repro.runs.extensions import CARDS


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("report", __doc__)
    parser.add_argument("--run", type=Path, required=True, help="results/<run>")
    parser.add_argument("--spec", type=Path, required=True, help="the run's specs/report.json")
    parser.add_argument("--out", type=Path, required=True, help="results/<run>/report")
    parser.add_argument("--experiments", type=Path, default=CARDS, help="folder with the cards")
    given = parser.parse_args(argv)
    build_report(run=given.run, spec_path=given.spec, experiments=given.experiments, out=given.out)
    print(f"report: {given.out / 'index.html'}")


if __name__ == "__main__":
    run_main(main)
