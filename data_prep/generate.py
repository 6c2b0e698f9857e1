"""Render the synthetic raw images of a world: the first step of a run that has no downloads.

    python -m data_prep.generate --spec FILE.json --out DIR [--workers 2]

FILE.json: {"generator": "rooms", "seed": 42, "options": {"count": 8000}}. `generator` names a
module of `data_prep.generated`, whose `Options` defines the options. DIR then holds the files in
the official layout that the readers in `data_prep/` expect.
"""

import importlib
import importlib.util
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import Field

import data_prep.generated
from repro.artefacts.recipe import Recipe, is_made
from repro.artefacts.step_folder import step_folder
from repro.command_line import add_workers, new_parser, run_main
from repro.specs.validation import SpecError, Strict, module_options, nearest, read_step, validated


class GenerateSpec(Strict):
    """Which world to draw."""

    generator: str = Field(description="module of data_prep.generated")
    seed: int = Field(42, description="every picture is a function of it and of its number")
    options: dict[str, Any] = Field(default_factory=dict, description="see the module's Options")


def worlds() -> list[str]:
    """Names of the generators: the modules (not packages) of data_prep.generated."""
    found = pkgutil.iter_modules(data_prep.generated.__path__)
    return sorted(module.name for module in found if not module.ispkg)


def code_of_world(name: str) -> tuple[str, ...]:
    """The modules that draw world `name`."""
    return "data_prep.generate", f"data_prep.generated.{name}"


def load_world(name: str) -> ModuleType:
    """The generator module `name`; SpecError names the nearest existing one."""
    if name not in worlds():
        raise SpecError(f"no generator {name!r}; {nearest(name, worlds())}")
    return importlib.import_module(f"data_prep.generated.{name}")


def generate(
    *, spec: GenerateSpec, out: Path, workers: int = 2, recipe: Recipe | None = None
) -> None:
    """Draw the world into the folder `out`, all or nothing; `workers` changes no byte.

    Does nothing where `recipe` has already made `out`.
    """
    if is_made(out, recipe, {}):
        return
    world = load_world(spec.generator)
    options = validated(
        module_options(world), spec.options, where=f"options of generator {spec.generator!r}"
    )
    settings = spec.model_dump() | {"options": options.model_dump()}
    with step_folder(out, inputs={}, spec=settings, seed=spec.seed, recipe=recipe) as folder:
        world.write(folder, options, spec.seed, workers=workers)


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("generate", __doc__)
    parser.add_argument("--spec", type=Path, required=True, help="JSON file: generator, seed, ...")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    add_workers(parser, "processes that draw")
    given = parser.parse_args(argv)
    values = read_step(given.spec)
    spec = validated(GenerateSpec, values, where=str(given.spec))
    load_world(spec.generator)
    recipe = Recipe.of(*code_of_world(spec.generator), settings=values)
    generate(spec=spec, out=given.out, workers=given.workers, recipe=recipe)


if __name__ == "__main__":
    run_main(main)
