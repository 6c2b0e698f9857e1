"""Inputs of a run's report: the folders of the steps that it shows, cards and READMEs.

Where in the flow: repro.report.results reads these folders, repro.report.build records them as the
inputs of the report, and repro.runs.freshness checks whether they have changed. Other folders of
the run (ablations that nobody measured, models that the run file no longer has) are nothing to the
report: it neither counts what they cost nor waits for them to be made again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from repro.artefacts.provenance import (
    SIDECAR,
    ChangedFileError,
    Input,
    how_to_remake,
    read_record,
    step_folders,
)

TEXTS = {"card": "experiment.yaml", "readme": "README.md"}  # of an experiment


@dataclass(frozen=True)
class Shown:
    """What a report shows, by name; hashed: datasets that the run de-duplicates."""

    datasets: Collection[str]
    hashed: Collection[str]
    models: Collection[str]
    experiments: Collection[str]

    def folders(self, run: Path) -> list[Path]:
        """The folders of these in the run's folder, whether or not they are there."""
        return [
            *(run / "data" / name for name in self.datasets),
            *(run / "dedup" / name for name in self.hashed),
            *(run / "models" / name for name in self.models),
            *(
                run / "experiments" / name / part
                for name in self.experiments
                for part in ("measured", "figures")
            ),
        ]


def steps_shown(run: Path, shown: Shown) -> list[Path]:
    """The folders with a record that the report of the folder `run` shows, sorted.

    They include what these were made from in the same run: drawn worlds, and the ablations that an
    experiment measured. Raises ChangedFileError for a damaged record.
    """
    recorded = set(step_folders(run))
    found = [folder for folder in shown.folders(run) if folder in recorded]
    for folder in found:  # it grows
        for about in read_record(folder).get("inputs", {}).values():
            below = run.joinpath(*Path(about["path"]).parts[-2:])  # also where the run was copied
            if below in recorded and below not in found:
                found.append(below)
    return sorted(found)


def report_inputs(run: Path, experiments: Path, shown: Shown) -> dict[str, Input]:
    """The inputs by name; experiments: the folder that holds the experiments' cards.

    Raises ChangedFileError where a folder holds results but no record of what made them.
    """
    for folder in shown.folders(run):
        if folder.is_dir() and any(folder.iterdir()):
            _require_record(folder)
    inputs: dict[str, Input] = {
        path.relative_to(run).as_posix(): path for path in steps_shown(run, shown)
    }
    for name in shown.experiments:
        for kind, file in TEXTS.items():
            if (path := experiments / name / file).is_file():
                inputs[f"{kind} {name}"] = path
    return inputs


def _require_record(folder: Path) -> None:
    sidecar = folder / SIDECAR
    if not sidecar.is_file():
        raise ChangedFileError(
            f"{sidecar} is missing, so nothing tells what made the files next to it; "
            f"{how_to_remake(sidecar)}"
        )
