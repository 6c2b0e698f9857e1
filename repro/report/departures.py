"""The ledger of departures: a setting as the paper, its authors' code, a port and the run have it.

Where in the flow: `repro.report.build` shows it. Nothing in it is written by hand. The authors'
values are those of the presets that are theirs; the paper's are the specs' defaults, where their
description names the place in the paper that states them; the port's are those of the preset
`pytorch_tutorial`; the effects are measurements that say which setting they changed.

`python -m repro ledger config/demo.yaml` prints the ledger of a run file, with the
effects that its results hold.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from repro.claims.measurement import Measurement, format_measurement, read_measurements
from repro.command_line import new_parser
from repro.specs.differences import format_setting
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.presets import read_presets
from repro.specs.training import TrainingSpec

PAPERS_OWN = "paper_64"  # what Fig 1 shows; the other presets of the authors' depart from it
PORT = "pytorch_tutorial"  # the best known; it differs from dcgan.torch in the batch alone
NO_WEIGHT = (  # settings that change what is watched and kept, and no weight
    "training.early_epochs", "training.snapshots", "training.snapshots_of", "training.stop_on",
    "training.sample_every", "training.log_every", "training.checkpoint_every",
    "training.batch_statistics",
)  # fmt: skip
THEIR_SCRIPT = {"training.epochs": 25.0}  # faces; the preset's 5 are those of the bedrooms in Fig 3
DEDUPLICATED = "deduplicated"
DEFAULTS = ModelSpec(data="").model_dump(mode="json")


@dataclass(frozen=True)
class StatedInPaper:
    """Where the paper states a setting, and the value; both None where it is silent."""

    place: str | None = None
    value: Any = None


@dataclass(frozen=True)
class LedgerEntry:
    """A line of the ledger: some models whose settings are alike in one key.

    `authors` and `port` are None where there is no such model of theirs.
    """

    key: str
    about: str
    paper: StatedInPaper
    authors: Any
    port: Any
    ours: Any
    models: tuple[str, ...]
    effects: tuple[Measurement, ...]

    @property
    def departs(self) -> bool:
        """Whether ours is neither what the paper states nor what its authors' code does."""
        stated = [value for value in (self.paper.value, self.authors) if value is not None]
        return self.ours not in stated


def ledger(
    models: Mapping[str, Mapping[str, Any]],
    effects: Iterable[Measurement] = (),
    *,
    hashed: Collection[str] = (),
) -> list[LedgerEntry]:
    """Settings in which the paper, the authors' code, the port or these models are not alike.

    models: name -> spec as JSON has it, of which only recipes of the paper's authors are entered.
    hashed: models whose images a run looks for duplicates in, as the paper did. A setting of which
    an effect was measured is entered even where all are alike. In the order of the specs.
    """
    presets = {preset.name: preset.spec.model_dump(mode="json") for preset in read_presets()}
    recipes = {
        name: model
        for name, model in models.items()
        if model.get("preset") in presets and presets[model["preset"]]["of_the_paper"]
    }
    measured: dict[str, list[Measurement]] = {}
    for effect in effects:
        measured.setdefault(effect.setting, []).append(effect)
    entries: list[LedgerEntry] = []
    for key, about in settings().items():
        asked = {n: m for n, m in recipes.items() if key != DEDUPLICATED or n in hashed}
        entries += _entries(key, about, asked, presets, tuple(measured.get(key, ())))
    return entries


def settings() -> dict[str, str]:
    """Key with dots -> description, of every setting that may change a weight."""
    about = {DEDUPLICATED: str(ModelSpec.model_fields[DEDUPLICATED].description)}
    for part, spec in (("network", NetworkSpec), ("training", TrainingSpec)):
        for name, field in spec.model_fields.items():
            about[f"{part}.{name}"] = str(field.description or "")
    return {key: text for key, text in about.items() if key not in NO_WEIGHT}


def _entries(
    key: str,
    about: str,
    models: Mapping[str, Mapping[str, Any]],
    presets: Mapping[str, Mapping[str, Any]],
    effects: tuple[Measurement, ...],
) -> Iterator[LedgerEntry]:
    """One entry for each relation of some models to their sources."""
    groups: dict[str, LedgerEntry] = {}
    for name, model in models.items():
        preset = model["preset"]
        paper = _paper(key, about, preset)
        ours = _value(model, key)
        authors = _value(presets[preset], key)  # None for deduplicated
        if preset == PAPERS_OWN:
            authors = THEIR_SCRIPT.get(key, authors)
        port = _value(presets[PORT], key) if preset == PAPERS_OWN else None
        stated = [value for value in (paper.value, authors, port) if value is not None]
        on_it = effects if preset == PAPERS_OWN else ()
        if ours is None or (all(value == ours for value in stated) and not on_it):
            continue
        same = json.dumps([paper.value, authors, port, ours])
        known = groups[same].models if same in groups else ()
        groups[same] = LedgerEntry(key, about, paper, authors, port, ours, (*known, name), on_it)
    yield from groups.values()


def _paper(key: str, about: str, preset: str) -> StatedInPaper:
    """What the paper states of a setting: of all its models in a section, of one in Fig 1 to 3."""
    stated = re.search(r"paper ((?:§[\d.]+|Fig \d)(?:, (?:§[\d.]+|Fig \d))*)", about)
    if stated is None or ("§" not in stated[1] and preset != PAPERS_OWN):
        return StatedInPaper()
    if key == DEDUPLICATED:
        return StatedInPaper(stated[1], True)
    return StatedInPaper(stated[1], _value(DEFAULTS, key))


def _value(spec: Mapping[str, Any], key: str) -> Any:
    """None where the spec does not hold it."""
    part, _, name = key.partition(".")
    return (spec.get(part) or {}).get(name) if name else spec.get(part)


def effects_among(measurements: Iterable[Measurement]) -> list[Measurement]:
    """Those that say which setting they changed."""
    return [one for one in measurements if one.setting]


def describe_source(source: StatedInPaper) -> str:
    """E.g. "5 (Fig 1)", or "silent"."""
    if source.place is None:
        return "silent"
    return f"{format_setting(source.value)} ({source.place})"


def describe_effect(effect: Measurement) -> str:
    """E.g. "with 4: times distance 1.1 [0.8, 1.4], n = 3, Holm over 16 effects"."""
    what, _, _ = effect.name.partition(f"_{effect.setting.rpartition('.')[2]}_")
    words = f"with {effect.changed_to}: {what.replace('_', ' ')} {format_measurement(effect)}"
    over = f", Holm over {effect.corrected_over} effects" if effect.corrected_over else ""
    return words + over


def markdown(entries: list[LedgerEntry]) -> str:
    """The ledger as a table."""
    head = ("setting", "paper", "authors' code", "PyTorch tutorial", "ours", "models", "effect")
    rows = [head, ("---",) * len(head)]
    rows += [
        (
            f"`{one.key}`",
            describe_source(one.paper),
            format_setting(one.authors),
            format_setting(one.port),
            f"**{format_setting(one.ours)}**" if one.departs else format_setting(one.ours),
            ", ".join(one.models),
            "; ".join(map(describe_effect, one.effects)),
        )
        for one in entries
    ]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def ledger_table(entries: list[LedgerEntry]) -> pd.DataFrame:
    """The ledger as departures.csv holds it: one row an entry."""
    columns = ["setting", "paper", "stated", "authors", "port", "ours", "models", "effect"]
    rows = [
        (
            one.key,
            "" if one.paper.place is None else format_setting(one.paper.value),
            one.paper.place or "",
            "" if one.authors is None else format_setting(one.authors),
            "" if one.port is None else format_setting(one.port),
            format_setting(one.ours),
            ", ".join(one.models),
            "; ".join(map(describe_effect, one.effects)),
        )
        for one in entries
    ]
    return pd.DataFrame(rows, columns=columns)


def main(argv: list[str] | None = None) -> None:
    from repro.runs.load import add_run_file, run_given  # imports for the whole pipeline

    parser = new_parser("ledger", __doc__)
    add_run_file(parser)
    run = run_given(parser.parse_args(argv))
    folders = sorted((run.folder / "experiments").glob("*/measured"))
    found = [one for folder in folders for one in read_measurements(folder).values()]
    models = {name: run.model(name).model_dump(mode="json") for name in run.trainings}
    hashed = [
        name for name, model in models.items() if run.spec.datasets[model["data"]].dedup is not None
    ]
    print(markdown(ledger(models, effects_among(found), hashed=hashed)), end="")
