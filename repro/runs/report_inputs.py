"""Inputs of a run's report: the folders of all its steps, cards and READMEs.

Where in the flow: repro.report.build records them as the inputs of the report, and
repro.runs.freshness checks whether they have changed.
"""

from collections.abc import Iterable
from pathlib import Path

from repro.artefacts.provenance import SIDECAR, ChangedFileError, Input, step_folders

KINDS = ("data", "dedup", "models", "experiments/*")  # folders of steps, below a run's folder
TEXTS = {"card": "experiment.yaml", "readme": "README.md"}  # of an experiment


def report_inputs(run: Path, experiments: Path, names: Iterable[str]) -> dict[str, Input]:
    """The inputs by name; experiments: the folder that holds the experiments called `names`.

    Raises ChangedFileError where a folder holds results but no record of what made them.
    """
    for kind in KINDS:
        for folder in sorted(run.glob(f"{kind}/*")):
            hidden = folder.name.startswith(".")
            if not hidden and folder.is_dir() and any(folder.iterdir()):
                _require_record(folder)
    inputs: dict[str, Input] = {
        path.relative_to(run).as_posix(): path for path in step_folders(run)
    }
    for name in names:
        for kind, file in TEXTS.items():
            if (path := experiments / name / file).is_file():
                inputs[f"{kind} {name}"] = path
    return inputs


def _require_record(folder: Path) -> None:
    sidecar = folder / SIDECAR
    if not sidecar.is_file():
        raise ChangedFileError(
            f"{sidecar} is missing, so nothing tells what made the files next to it; delete the "
            f"folder {folder} and make it again (snakemake does so by itself)"
        )
