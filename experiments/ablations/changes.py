"""Which trainings belong together: the recipe's, and those of each change to it.

Part of measure.py. The models alone decide: trainings with equal settings form one group, the first
group is the recipe, and a group's change is the difference between its settings and the recipe's.
Alone: `changes_among([ModelFolder.open(path) for path in paths])`.
"""

import json
from dataclasses import dataclass

from repro.networks.model_folder import ModelFolder
from repro.specs.differences import Difference, changes_of, format_setting, name_of
from repro.specs.validation import SpecError


@dataclass(frozen=True)
class Change:
    """A group of trainings, one per seed; `changed` is empty for the recipe itself."""

    models: list[ModelFolder]
    changed: list[Difference]

    @property
    def name(self) -> str:
        """The change as part of a measurement's name: "base", "kernel_4"."""
        return name_of(self.changed) if self.changed else "base"

    @property
    def words(self) -> str:
        """E.g. "network.kernel: 5 → 4"."""
        if not self.changed:
            return "the recipe"
        return ", ".join(
            f"{key}: {_word(before)} → {_word(after)}" for key, before, after in self.changed
        )

    @property
    def setting(self) -> dict[str, str]:
        """`setting` and `changed_to` of its measurements if it changes one setting; else {}."""
        if len(self.changed) != 1:
            return {}
        key, _, value = self.changed[0]
        return {"setting": key, "changed_to": _word(value)}

    @property
    def troubles(self) -> list[set[str]]:
        """Troubles that the monitor (repro.train.monitor) reported of each training, by name."""
        records = [
            json.loads((m.folder / "health.json").read_text(encoding="utf-8")) for m in self.models
        ]
        return [{finding["trouble"] for finding in record["findings"]} for record in records]


def changes_among(models: list[ModelFolder]) -> list[Change]:
    """The recipe first, then each change, in the order of the models; all with the same seeds.

    Raises SpecError where a group has fewer than two seeds, or other seeds than the recipe, with
    which it could then not be paired.
    """
    settings = list({model.spec.model_dump_json(): None for model in models})
    groups = [[m for m in models if m.spec.model_dump_json() == own] for own in settings]
    wanted = [model.seed for model in groups[0]]
    for group in groups:
        if [model.seed for model in group] != wanted or len(wanted) < 2:
            raise SpecError(
                f"{group[0].folder}: seeds {[model.seed for model in group]}, but the recipe "
                f"({groups[0][0].folder}) has {wanted}; every change needs the same ones, at "
                "least two"
            )
    base = groups[0][0].spec
    return [Change(group, changes_of(base, group[0].spec)) for group in groups]


def _word(value: object) -> str:
    return format_setting(value).replace("_", " ")
