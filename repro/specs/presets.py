"""Read the files in config/presets, each a known recipe that begins with a comment.

Where in the flow: `repro.networks.presets_page` shows them, `repro.report.departures` compares a
run with them. It needs no torch. Alone: `{preset.name: preset.spec for preset in
read_presets()}`.
"""

from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from repro.places import PRESETS
from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec
from repro.specs.validation import SpecError, Strict, nearest, read_yaml, validated


class PresetSpec(Strict):
    """A known recipe (config/presets/<name>.yaml)."""

    title: str = Field(description="what it is, in one line")
    source: str = Field(description="where the recipe comes from")
    of_the_paper: bool = Field(
        False, description="a recipe of the paper's authors, which nothing may stop early"
    )
    network: NetworkSpec = NetworkSpec()
    training: TrainingSpec = TrainingSpec()


class Preset(NamedTuple):
    """A preset file: its name, the comment at its beginning as one paragraph, its values."""

    name: str
    about: str
    spec: PresetSpec


def read_presets(folder: Path = PRESETS) -> list[Preset]:
    """All presets of a folder by name. Raises SpecError naming the file and the invalid key."""
    presets = []
    for path in sorted(folder.glob("*.yaml")):
        lines = path.read_text(encoding="utf-8").splitlines()
        about = " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
        spec = validated(PresetSpec, read_yaml(path), where=str(path))
        presets.append(Preset(path.stem, about, spec))
    return presets


def find_preset(name: str) -> Preset:
    """The preset of that name. Raises SpecError with the nearest name for an unknown one."""
    presets = {preset.name: preset for preset in read_presets()}
    if name not in presets:
        raise SpecError(f"no preset '{name}'; {nearest(name, presets)}")
    return presets[name]
