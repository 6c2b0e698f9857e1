"""What a run's folders hold, read for the report; a folder that is missing reads as "not run".

Where in the flow: `repro.report.build` and `repro.report.publish` call `read_run`, and
`repro.report.page` renders what it returns. Nothing is computed here but the verdicts of
`repro.claims.verdict`. A missing folder is no error; a file that is there but cannot be read is
one, and its message names the file.

Alone: `read_run(run=Path("results/demo"), spec=..., experiments=Path("experiments"))`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from repro.artefacts.provenance import SIDECAR
from repro.claims.card import ExperimentCard, read_card
from repro.claims.claim import Claim
from repro.claims.ground import BoundRole, Ground, Grounds, ground_of
from repro.claims.measurement import Measurement, read_measurements
from repro.claims.multiverse import Stability, Universes, read_multiverse, stability
from repro.claims.verdict import Judgement, judge
from repro.report.commands import command_for
from repro.report.spec import Health, ReportExperiment, ReportSpec
from repro.runs.report_inputs import steps_shown
from repro.specs.differences import Difference, differing_from_paper
from repro.specs.scales import TOO_SMALL
from repro.specs.validation import SpecError, read_step, validated

MODEL_PICTURES = {  # in the order of the page, with what they show
    "real_and_generated.png": "Training images next to generated ones",
    "curves.png": "Training curves",
}


@dataclass(frozen=True)
class Step:
    """A step that has run: its stage, its folder below the run, its provenance record."""

    stage: str
    folder: str
    record: dict[str, Any]


@dataclass(frozen=True)
class ExperimentResult:
    """An experiment as the report shows it; empty lists where it has not been run.

    stabilities: by claim, of those measured again under other choices.
    """

    name: str
    folder: Path
    card: ExperimentCard
    readme: str
    command: str
    judgements: list[Judgement]
    measurements: list[Measurement]
    figures: list[Path]
    tables: list[Path]
    pages: list[str]  # HTML files next to the figures, below the run's folder
    steps: list[Step]
    unbound: list[str]
    stabilities: dict[str, Stability] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetResult:
    """A prepared dataset: manifest and summary of its de-duplication, or None where not run.

    `dedup_command` is "" where the run wants no de-duplication of it.
    """

    name: str
    command: str
    manifest: dict[str, Any] | None
    dedup: dict[str, Any] | None
    dedup_command: str


@dataclass(frozen=True)
class ModelResult:
    """A trained model; `differences` are those from the paper's bedroom model.

    `health` is None where the training was not watched, `animation` where there is none. Of a
    `repeat`, a further training of another model, no pictures are shown.
    """

    name: str
    command: str
    spec: dict[str, Any] | None
    last: dict[str, Any]
    health: Health | None
    pictures: list[Path]
    animation: Path | None
    differences: list[Difference]
    repeat: bool = False


@dataclass(frozen=True)
class RunResults:
    """All that the report shows of a run; steps: those of `steps_shown`."""

    spec: ReportSpec
    experiments: list[ExperimentResult]
    datasets: list[DatasetResult]
    models: list[ModelResult]
    steps: list[Step]


def read_run(*, run: Path, spec: ReportSpec, experiments: Path) -> RunResults:
    """Read the folder `run` (results/<run>); `experiments` holds the cards and READMEs."""
    steps = [_step(run, path) for path in steps_shown(run, spec.shown)]
    spec = spec.model_copy(update={"roles": roles_as_prepared(run, spec.roles)})
    return RunResults(
        spec=spec,
        experiments=[
            _experiment(run=run, spec=spec, one=one, home=experiments / one.name, steps=steps)
            for one in spec.experiments
        ],
        datasets=[_dataset(run=run, spec=spec, name=name) for name in spec.datasets],
        models=[_model(run=run, spec=spec, name=name) for name in spec.models],
        steps=steps,
    )


def _step(run: Path, path: Path) -> Step:
    folder = path.relative_to(run)
    stage = folder.parts[0]
    if stage == "experiments":
        stage = "measure" if folder.name == "measured" else "figures"
    return Step(stage=stage, folder=folder.as_posix(), record=read_json(path / SIDECAR))


def read_json(path: Path) -> dict[str, Any]:
    """A JSON mapping. Raises SpecError naming the file when it is none."""
    try:
        return read_step(path)
    except SpecError as error:
        raise SpecError(f"{error}; remove its folder and rerun") from None


def roles_as_prepared(run: Path, roles: Mapping[str, BoundRole]) -> dict[str, BoundRole]:
    """The roles, those no longer as in the paper whose datasets hold other numbers of images."""
    return {name: _as_prepared(run, role) for name, role in roles.items()}


def _as_prepared(run: Path, role: BoundRole) -> BoundRole:
    found = []
    for dataset, expected in role.expected_images.items():
        path = run / "data" / dataset / "manifest.json"
        if not path.is_file():
            continue  # nothing has been measured on it
        manifest = read_json(path)
        count = manifest.get("count", 0) + sum(manifest.get("skipped", {}).values())
        if count != expected:
            found.append(f"{dataset} holds {count:,} images, the paper's {expected:,}")
    if not found:
        return role
    return role.model_copy(
        update={"as_in_paper": False, "not_as_in_paper": [*role.not_as_in_paper, *found]}
    )


def judgements(
    card: ExperimentCard, measured: Mapping[str, Measurement], spec: ReportSpec
) -> list[Judgement]:
    """Every claim of a card decided; [] for the reader's own pictures."""
    if spec.own_pictures:
        return []
    found = []
    for claim in card.claims:
        on = _grounds(claim, card, spec)
        found.append(
            judge(
                claim,
                measured.get(claim.measurement),
                ground=on.ground,
                control=measured.get(claim.control),
                because=on.because,
            )
        )
    return found


def stabilities(
    card: ExperimentCard,
    judged: list[Judgement],
    found: Mapping[str, Universes],
    spec: ReportSpec,
) -> dict[str, Stability]:
    """By claim, whether its verdict stays under other choices, where it was measured again."""
    made = {}
    for one in judged:
        on = _grounds(one.claim, card, spec)
        universes = found.get(one.claim.id)
        stable = stability(one, universes, ground=on.ground, because=on.because)
        if stable is not None:
            made[one.claim.id] = stable
    return made


def _grounds(claim: Claim, card: ExperimentCard, spec: ReportSpec) -> Grounds:
    if spec.scale in TOO_SMALL:
        return Grounds(Ground.TOO_SMALL, f"the run's scale is {spec.scale}")
    return ground_of(claim, card, spec.roles)


def _experiment(
    *, run: Path, spec: ReportSpec, one: ReportExperiment, home: Path, steps: list[Step]
) -> ExperimentResult:
    relative = f"experiments/{one.name}"
    folder = run / relative
    card = read_card(home / "experiment.yaml")
    readme = home / "README.md"
    measured = read_measurements(folder / "measured") if (folder / "measured").is_dir() else {}
    judged = judgements(card, measured, spec)
    pictures = sorted((folder / "figures").glob("*"))
    return ExperimentResult(
        name=one.name,
        folder=folder,
        card=card,
        readme=readme.read_text(encoding="utf-8") if readme.is_file() else "",
        command=command_for(spec, one.name, ask_for=card.ask_for),
        judgements=judged,
        measurements=list(measured.values()),
        figures=[path for path in pictures if path.suffix == ".png"],
        tables=[path for path in pictures if path.suffix == ".csv"],
        pages=[p.relative_to(run).as_posix() for p in pictures if p.suffix == ".html"],
        steps=[step for step in steps if step.folder.startswith(f"{relative}/")],
        unbound=one.unbound,
        stabilities=stabilities(card, judged, read_multiverse(folder / "measured"), spec),
    )


def _dataset(*, run: Path, spec: ReportSpec, name: str) -> DatasetResult:
    manifest = run / "data" / name / "manifest.json"
    summary = run / "dedup" / name / "summary.json"
    hashed = name in spec.hashed
    return DatasetResult(
        name=name,
        command=command_for(spec, "prepare"),
        manifest=read_json(manifest) if manifest.is_file() else None,
        dedup=read_json(summary) if hashed and summary.is_file() else None,
        dedup_command=command_for(spec, "dedup") if hashed else "",
    )


def _model(*, run: Path, spec: ReportSpec, name: str) -> ModelResult:
    folder = run / "models" / name
    path = folder / "spec.json"
    values = read_json(path) if path.is_file() else None
    health = folder / "health.json"
    if not folder.is_dir():  # a training that failed: its state folder says what was seen
        health = run / "state" / name / "health.json"
    animation, repeat = folder / "samples.webp", name in spec.repeats
    shown = [] if repeat else [folder / file for file in MODEL_PICTURES]
    return ModelResult(
        name=name,
        command=command_for(spec, "train"),
        spec=values,
        last=_last_row(folder / "log.jsonl"),
        health=(
            validated(Health, read_json(health), where=str(health)) if health.is_file() else None
        ),
        pictures=[path for path in shown if path.is_file()],
        animation=animation if animation.is_file() and not repeat else None,
        differences=differing_from_paper((values or {}).get("spec", {})),
        repeat=repeat,
    )


def _last_row(log: Path) -> dict[str, Any]:
    """Last value of every column of a training log; {} where there is none."""
    if not log.is_file() or log.stat().st_size == 0:
        return {}
    filled = pd.read_json(log, lines=True).ffill()
    return {str(key): value for key, value in filled.iloc[-1].items()}
