"""The report of a finished run as it is kept in results/published.

    python -m repro publish --run results/demo --out results/published/demo
    python -m repro publish --run results/two_cores --out results/published/two_cores \\
        --leave-out 'models/*' 'fig0[2-8]*.png' playable.html

Where in the flow: after the report of a run (`make publish RUN=demo`). It writes `report.md`, whose
pictures a code host shows, a light `index.html` (pictures coded with loss, no animations), the two
tables, for each experiment its figures, tables and measurements with the record of what made them,
and the page to play with, which needs nothing but a browser. A folder of an experiment that this
run has is replaced; all else that is there stays, and a line names the experiments that are of an
earlier run. Look at the pictures first: photographs of people, and samples learnt from them, do not
belong in a repository.
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from repro.artefacts.provenance import SIDECAR
from repro.command_line import new_parser
from repro.report.build import write_report
from repro.report.page import Place
from repro.report.results import ExperimentResult, RunResults, read_json, read_run
from repro.report.spec import ReportSpec
from repro.runs.extensions import CARDS
from repro.specs.validation import validated

MEASURED = ("measurements.json", SIDECAR)
PAGE = "playable.html"  # the other pages ask for judgements about this run's pictures


def published_address(file: str) -> str | None:
    """Path of a file of the run below results/published/<run>; None where it is not kept.

    file: below the run's folder, e.g. "experiments/latent_walk/figures/fig04_latent_walk.png".
    """
    path = PurePosixPath(file)
    kept = path.suffix in (".png", ".csv") or path.name == PAGE
    if path.parts[:1] != ("experiments",) or not kept:
        return None
    return f"{path.parts[1]}/{path.name}"


def publish(
    *, run: Path, spec_path: Path, experiments: Path, out: Path, leave_out: Sequence[str] = ()
) -> list[str]:
    """Write what is kept of the run folder `run` into `out`.

    leave_out: patterns of pictures and tables, by their names or their places below the run.
    Returns the experiments in `out` that are of an earlier run. Raises SpecError or ValueError,
    naming the file, for one that is there but cannot be read.
    """
    spec = validated(ReportSpec, read_json(spec_path), where=str(spec_path))
    results = _without(read_run(run=run, spec=spec, experiments=experiments), run, leave_out)
    out.mkdir(parents=True, exist_ok=True)
    earlier = []
    for experiment in results.experiments:
        if experiment.measurements or experiment.figures:
            _keep(experiment, out / experiment.name)
        elif (out / experiment.name).is_dir():
            earlier.append(experiment.name)
    place = Place(published_address, light=True)
    write_report(results, run=run, experiments=experiments, place=place, out=out)
    return earlier


def _without(results: RunResults, run: Path, patterns: Sequence[str]) -> RunResults:
    def kept(paths: list[Path]) -> list[Path]:
        names = [(path, path.relative_to(run).as_posix()) for path in paths]
        return [
            path
            for path, name in names
            if not any(fnmatch(name, one) or fnmatch(path.name, one) for one in patterns)
        ]

    return replace(
        results,
        experiments=[
            replace(
                one,
                figures=kept(one.figures),
                tables=kept(one.tables),
                pages=[page for page in one.pages if kept([run / page])],
            )
            for one in results.experiments
        ],
        models=[replace(one, pictures=kept(one.pictures)) for one in results.models],
    )


def _keep(experiment: ExperimentResult, folder: Path) -> None:
    """Copy figures, tables, the page to play with, measurements and their record."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    measured = [experiment.folder / "measured" / name for name in MEASURED]
    named = [PurePosixPath(page).name for page in experiment.pages if published_address(page)]
    pages = [experiment.folder / "figures" / name for name in named]
    there = filter(Path.is_file, measured)
    files = [*experiment.figures, *experiment.tables, *pages, *there]
    for file in files:
        shutil.copyfile(file, folder / file.name)


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("publish", __doc__)
    parser.add_argument("--run", type=Path, required=True, help="results/<run>, finished")
    parser.add_argument("--spec", type=Path, help="default: specs/report.json of the run")
    parser.add_argument("--out", type=Path, required=True, help="results/published/<run>")
    parser.add_argument("--experiments", type=Path, default=CARDS, help="folder with the cards")
    parser.add_argument(
        "--leave-out", nargs="+", default=[], metavar="PATTERN", help="pictures that are not kept"
    )
    given = parser.parse_args(argv)
    earlier = publish(
        run=given.run,
        spec_path=given.spec or given.run / "specs" / "report.json",
        experiments=given.experiments,
        out=given.out,
        leave_out=given.leave_out,
    )
    print(f"published: {given.out / 'report.md'} and index.html")
    if earlier:
        print(f"kept from an earlier run, and not in this report: {', '.join(earlier)}")
