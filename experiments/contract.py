"""What all experiments share: inputs, the file of measurements, and the two commands.

An experiment is a folder: experiment.yaml, options.py, measure.py, figure.py, README.md.
Measuring and drawing are separate steps, so restyling a figure never measures again:

    python -m experiments.NAME.measure --spec S.json --input faces.model=DIR ... --out DIR
    python -m experiments.NAME.figure --spec S.json --measured DIR --out DIR

The spec holds {"options": {...}, "seed": 42} for the first, {"banner": "..."} for the second, and
there the claims of the card that are measured again under other choices, {"claims": [...]}.
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from repro.artefacts.finished_parts import FinishedParts
from repro.artefacts.import_closure import code_hashes, page_files
from repro.artefacts.provenance import Input, sha256_of_input, sha256_of_json
from repro.artefacts.recipe import Recipe, is_made
from repro.artefacts.step_folder import step_folder
from repro.artefacts.whole_file import write_json
from repro.claims.measurement import Measurement
from repro.command_line import add_threads, new_parser, run_main
from repro.data.store import ImageStore
from repro.figures.style import Style
from repro.specs.validation import (
    OptionsAndSeed,
    SpecError,
    Strict,
    files_in_options,
    read_step,
    validated,
)

if TYPE_CHECKING:  # figure steps need no torch, and start in half the time without it
    from repro.networks.model_folder import ModelFolder


class Inputs:
    """The folders given to an experiment, by `<role>.<slot>`.

    state: folder for the unfinished work of a long measurement, from which the same command resumes
    after a kill; it is removed once the measured folder is complete. None: keep nothing. identity:
    a hash of options, seed and code, so that parts kept in `state` are not mistaken for another
    measurement's.
    """

    def __init__(
        self, folders: dict[str, Path], *, state: Path | None = None, identity: str = ""
    ) -> None:
        self.folders, self.state, self.identity = folders, state, identity

    def finished_parts(self, names: Collection[str] | None = None) -> FinishedParts:
        """The finished parts of this measurement, and where to keep further ones.

        names: the inputs on which the parts depend, whatever the others are; None for all.
        """
        if self.state is None:
            return FinishedParts(None, identity="")
        given = {
            name: sha256_of_input(folder)
            for name, folder in self.folders.items()
            if names is None or name in names
        }
        # of some inputs the bytes alone count: the same model may be the second or the third given
        content = given if names is None else sorted(given.values())
        return FinishedParts(self.state, identity=sha256_of_json([self.identity, content]))

    def folder(self, name: str) -> Path:
        """The folder of an input. Raises SpecError naming the inputs given."""
        if name not in self.folders:
            given = ", ".join(self.folders) or "nothing"
            raise SpecError(f"no input '{name}' was given: add --input {name}=DIR (given: {given})")
        return self.folders[name]

    def has(self, name: str) -> bool:
        """Whether an optional input was given."""
        return name in self.folders

    def dataset(self, name: str) -> ImageStore:
        return ImageStore.open(self.folder(name))

    def model(self, name: str) -> "ModelFolder":
        from repro.networks.model_folder import ModelFolder

        return ModelFolder.open(self.folder(name))

    def models(self, name: str) -> "list[ModelFolder]":
        """All trainings of a model: the inputs `<name>.1`, `<name>.2` and so on.

        Raises SpecError where there is none.
        """
        return [self.model(key) for key in self.several(name)]

    def several(self, name: str) -> list[str]:
        """The inputs `<name>.1`, `<name>.2` and so on; the first also where none was given.

        Raises SpecError for one that has another name than a number.
        """
        own = [key for key in self.folders if key.rpartition(".")[0] == name]
        for key in own:
            if not key.rpartition(".")[2].isdecimal():
                raise SpecError(f"--input {key}: expected {name}.1, {name}.2, ...")
        return sorted(own, key=lambda key: int(key.rpartition(".")[2])) or [f"{name}.1"]


OptionsType = TypeVar("OptionsType", bound=Strict)
Measure = Callable[[Inputs, OptionsType, int, Path], list[Measurement]]
Figure = Callable[[Path, Path, Style], None]
OtherChoices = Callable[[Path, Path, Style, list[Any]], None]  # the last: claims of the card


def write_measurements(folder: Path, measurements: list[Measurement]) -> None:
    """Write measurements.json, sorted by name; two equal runs give equal bytes."""
    by_name = {m.name: m.model_dump() for m in measurements}
    if len(by_name) != len(measurements):
        raise ValueError(f"two measurements share a name: {sorted(m.name for m in measurements)}")
    write_json(folder / "measurements.json", by_name)


def measure_command(measure: Measure[OptionsType], options: type[OptionsType]) -> None:
    """Parse the command line of a measure.py and run it."""
    run_main(partial(_measure, measure, options))


def _measure(
    measure: Measure[OptionsType], options: type[OptionsType], argv: list[str] | None
) -> None:
    about = sys.modules["__main__"].__doc__
    parser = new_parser("measure", about, epilog=_described(options))
    parser.add_argument("--spec", type=Path, help="JSON with options and seed (default: defaults)")
    parser.add_argument(
        "--input",
        type=_pair,
        action="append",
        default=[],
        metavar="ROLE.SLOT=DIR",
        help="a folder of the run; `python -m repro roles` lists roles and slots; give it once for "
        "each input, ROLE.models.1 and so on where there are several",
    )
    parser.add_argument(
        "--state", type=Path, help="folder of unfinished work, to resume after a kill"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    add_threads(parser)
    given = parser.parse_args(argv)
    if given.threads:
        import torch

        torch.set_num_threads(given.threads)
    values = read_step(given.spec)
    spec = validated(OptionsAndSeed, values, where=str(given.spec))
    folders = dict(given.input)
    if len(folders) < len(given.input):
        parser.error(f"an --input is given twice: {', '.join(name for name, _ in given.input)}")
    run_measure(
        measure,
        validated(options, spec.options, where=str(given.spec), key="options"),
        folders=folders,
        seed=spec.seed,
        out=given.out,
        state=given.state,
        recipe=Recipe.of(_module(measure), settings=values),
    )


def run_measure(
    measure: Measure[OptionsType],
    options: OptionsType,
    *,
    folders: dict[str, Path],
    seed: int,
    out: Path,
    state: Path | None = None,
    recipe: Recipe | None = None,
) -> None:
    """Measure into the folder `out`, all or nothing; do nothing where `recipe` has already made it.

    An older measurement is moved aside when the new numbers are complete.
    """
    identity = _identity(measure, options, seed) if state is not None else ""
    inputs = Inputs(folders, state=state, identity=identity)
    read: dict[str, Input] = {**folders, **{file: Path(file) for file in files_in_options(options)}}
    if not is_made(out, recipe, read):
        with step_folder(
            out,
            inputs=read,
            spec=options.model_dump(),
            seed=seed,
            recipe=recipe,
            keep_older=True,
        ) as building:
            write_measurements(building, measure(inputs, options, seed, building))
    if state is not None:
        shutil.rmtree(state, ignore_errors=True)


def _module(measure: Measure[OptionsType]) -> str:
    """Name of the module of a function; its __name__ may be "__main__"."""
    name: str = measure.__globals__["__spec__"].name
    return name


def _identity(measure: Measure[OptionsType], options: OptionsType, seed: int) -> str:
    module = _module(measure)
    return sha256_of_json([module, code_hashes(module), options.model_dump(), seed])


def figure_command(figure: Figure, *, other_choices: OtherChoices | None = None) -> None:
    """Parse the command line of a figure.py and run it.

    other_choices: draws the claims that were measured again under other choices
    (experiments.multiverse_figures), where the card has any.
    """
    run_main(partial(_figure, figure, other_choices))


def _figure(figure: Figure, other_choices: OtherChoices | None, argv: list[str] | None) -> None:
    parser = new_parser("figure", sys.modules["__main__"].__doc__)
    parser.add_argument("--spec", type=Path, help="JSON with the banner (default: no banner)")
    parser.add_argument("--measured", type=Path, required=True, help="folder of the measure step")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    given = parser.parse_args(argv)
    values = read_step(given.spec)
    claims = values.get("claims", [])
    plain = {key: value for key, value in values.items() if key != "claims"}
    style = validated(Style, plain, where=str(given.spec))
    module = figure.__globals__["__spec__"].name
    recipe = Recipe.of(module, settings=values, files=page_files(module))
    inputs = {"measured": given.measured}
    if is_made(given.out, recipe, inputs):
        return
    with step_folder(given.out, inputs=inputs, spec=values, recipe=recipe) as building:
        figure(given.measured, building, style)
        if other_choices is not None:
            other_choices(given.measured, building, style, claims)


def _pair(text: str) -> tuple[str, Path]:
    """Parse ROLE.SLOT=DIR, for `type=`."""
    name, equals, folder = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(
            f"found '{text}', expected ROLE.SLOT=DIR, e.g. faces.model=results/..."
        )
    return name, Path(folder)


def _described(options: type[Strict]) -> str:
    lines = ["options (in the spec; of a run: scales: of the card, experiments: of the run file):"]
    for name, field in options.model_fields.items():
        lines.append(f"  {name} = {field.default!r}\n      {field.description or ''}")
    return "\n".join(lines)
