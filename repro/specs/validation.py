"""Strict models, and errors that name the file, the key, the value found and the values allowed.

This is the base of every typed spec of repro.specs and of every module's Options. `validated` turns
a mapping into a model or reports what is wrong with it, with the nearest valid name; `read_yaml`
reads a mapping and refuses duplicate keys; `read_step` reads the JSON file that the pipeline gives
a step.
"""

import difflib
import json
import os
import typing
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, TextIO, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from repro.errors import ExpectedError


class SpecError(ExpectedError, ValueError):
    """A config that cannot be run; the message names file, key, value found and what to do."""


class Strict(BaseModel):
    """Base of all specs: unknown keys are errors, and values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class OptionsAndSeed(Strict):
    """The JSON file (--spec) of a step with its own Options."""

    options: dict[str, Any] = {}
    seed: int = Field(42, ge=0, strict=True)


def _a_path(text: str) -> str:
    if set(text) & set("{}"):
        raise ValueError("Snakemake takes { and } for wildcards; link to it by a plain name")
    if any(ord(char) < 32 for char in text):
        raise ValueError("a path without control characters is expected; link to it by such a name")
    return text


GivenPath = Annotated[str, AfterValidator(_a_path)]  # path of a user's own file in a run file

Device = Annotated[
    typing.Literal["auto", "cpu", "cuda"], Field(description="auto: a GPU if there is one")
]

SpecType = TypeVar("SpecType", bound=BaseModel)
EXPECTED = {  # kind of a pydantic error -> what a run file must have there
    "bool": "true or false",
    "dict": "keys with values, e.g. name: value",
    "float": "a number",
    "int": "a whole number",
    "list": "a list, e.g. [first, second]",
    "model": "keys with values, e.g. name: value",
    "string": "a text",
    "tuple": "a list, e.g. [first, second]",
}
MOST_VALUES = 100_000  # in a YAML file; the longest run file here has some hundreds
QUICK_BYTES = 16_384  # twice our longest; 30,000 nested brackets overflow libyaml's stack


def module_options(module: ModuleType) -> type[Strict]:
    """The `Options` model that every source, world and experiment module defines."""
    options = getattr(module, "Options", None)
    if not (isinstance(options, type) and issubclass(options, Strict)):
        raise SpecError(
            f"{module.__name__} defines no `Options` (a subclass of repro.specs.validation.Strict)"
        )
    return options


def nearest(name: str, names: typing.Iterable[str]) -> str:
    """Text that lists the valid names, the nearest first: "did you mean 'x'? allowed: x, y"."""
    names = sorted(names)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}allowed: {', '.join(names) or 'nothing'}"


def validated(model: type[SpecType], values: Any, *, where: str, key: str = "") -> SpecType:
    """`values` as `model`. Raises SpecError naming file `where`, key, value found and allowed."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = [_complaint(model, dict(e), where=where, prefix=key) for e in error.errors()]
        raise SpecError("\n".join(lines)) from None


def _complaint(model: type[BaseModel], error: dict[str, Any], *, where: str, prefix: str) -> str:
    place = [str(part) for part in error["loc"]]
    key = ".".join([prefix, *place] if prefix else place) or "(top level)"
    if error["type"] == "extra_forbidden":
        owner = _model_at(model, error["loc"][:-1])
        names = owner.model_fields if owner else []
        return f"{where}: unknown key '{key}'; {nearest(place[-1], names)}"
    if error["type"] == "missing":
        return f"{where}: '{key}' is missing; it must be given"
    return f"{where}: '{key}': {_expected(error)} (found: {shortened(error['input'])})"


def _expected(error: dict[str, Any]) -> str:
    """What pydantic expected, in the words of a run file."""
    kind, about = error["type"], error.get("ctx", {})
    if kind == "too_long":
        return f"expected at most {about['max_length']} values, found {about['actual_length']}"
    if kind.endswith(("_type", "_parsing")) and (words := EXPECTED.get(kind.partition("_")[0])):
        return f"expected {words}"
    return str(error["msg"]).removeprefix("Value error, ")


def shortened(value: Any) -> str:
    """A value as a message shows it, on one line of at most 200 characters."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _model_at(model: type[BaseModel], place: tuple[Any, ...]) -> type[BaseModel] | None:
    """The model that holds the value at `place` (a pydantic error location)."""
    kind: Any = model
    for part in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[str(part)].annotation
        else:  # dict[str, X], list[X]: the last argument is the type of the elements
            kind = typing.get_args(kind)[-1]
        members = [a for a in typing.get_args(kind) if isinstance(a, type)]
        if type(None) in members:  # X | None
            kind = next(a for a in members if a is not type(None))
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


class _NoDuplicates:
    """Mixin of a YAML loader: refuses duplicate keys instead of silently keeping the last.

    It also refuses a few lines of aliases of aliases that stand for billions of values.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)  # type: ignore[call-arg]
        self.file = stream.name

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()  # type: ignore[misc]
        if node is not None and self._values(node, {}) > MOST_VALUES:
            raise SpecError(f"{self.file}: stands for more than {MOST_VALUES} values; shorten it")
        return node

    def _values(self, node: yaml.Node, known: dict[int, int]) -> int:
        """Number of values below a node with its aliases expanded. known: counts by node id."""
        if known.get(id(node)) == 0:
            line = node.start_mark.line + 1
            raise SpecError(f"{self.file}: the value at line {line} contains itself")
        if id(node) not in known:
            known[id(node)] = 0  # being counted
            inner = [] if isinstance(node, yaml.ScalarNode) else node.value
            parts = [part for one in inner for part in (one if isinstance(one, tuple) else (one,))]
            known[id(node)] = 1 + sum(self._values(part, known) for part in parts)
        return known[id(node)]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        given = [k for k, _ in node.value if k.tag != "tag:yaml.org,2002:merge"]
        keys = [self.construct_object(k, deep=deep) for k in given]  # type: ignore[attr-defined]
        for key in keys:
            if keys.count(key) > 1:
                line = node.start_mark.line + 1
                raise SpecError(f"{self.file}: key '{key}' is given twice (mapping at line {line})")
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)  # type: ignore[misc]
        return mapping


class _PythonLoader(_NoDuplicates, yaml.SafeLoader):
    pass


class _QuickLoader(_NoDuplicates, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """libyaml's, ten times as fast: a run reads thirty files of YAML."""


def _loaded(stream: TextIO) -> Any:
    if 0 < os.fstat(stream.fileno()).st_size <= QUICK_BYTES:  # a pipe has size 0
        try:
            return yaml.load(stream, _QuickLoader)
        except yaml.YAMLError:
            # the other one says it better, and takes some of what libyaml refuses
            stream.seek(0)
    return yaml.load(stream, _PythonLoader)


def read_yaml(path: Path) -> dict[str, Any]:
    """Mapping in a YAML file. Raises SpecError for a missing file, bad YAML or a duplicate key."""
    try:
        with path.open(encoding="utf-8") as stream:
            values = _loaded(stream)
    except FileNotFoundError:
        raise SpecError(f"{path}: no such file{_nearest_file(path)}") from None
    except SpecError:
        raise
    except (yaml.YAMLError, ValueError, TypeError) as error:  # invalid dates, no UTF-8, ...
        raise SpecError(f"{path}: not valid YAML: {error}") from None
    except RecursionError:
        raise SpecError(f"{path}: nested too deeply; it is not a config of this program") from None
    if not isinstance(values, dict):
        raise SpecError(f"{path}: expected a mapping of keys, found {type(values).__name__}")
    return values


def _nearest_file(path: Path) -> str:
    """The YAML files next to a missing one, else those in config/ and the nearest of all."""
    beside = [file.name for file in path.parent.glob("*.yaml")] if path.parent.is_dir() else []
    elsewhere = {file.stem: str(file) for file in Path("config").glob("*.yaml")}
    if not beside and (close := difflib.get_close_matches(path.stem, elsewhere, n=1)):
        return f"; did you mean '{elsewhere[close[0]]}'?"
    return f"; {nearest(path.name, beside)}" if beside else ""


def read_step(path: Path | None) -> dict[str, Any]:
    """The mapping in a step's JSON file (--spec); {} where none is given.

    Raises SpecError naming the file and the error, and OSError where the file cannot be opened.
    """
    if path is None:
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # no JSON, or no UTF-8
        raise SpecError(f"{path}: not valid JSON: {error}") from None
    except RecursionError:
        raise SpecError(f"{path}: nested too deeply; it is not a file of this program") from None
    if not isinstance(values, dict):
        raise SpecError(f"{path}: expected a mapping of keys, found {type(values).__name__}")
    return values


def files_in_options(options: Strict) -> list[str]:
    """Files that options name, in fields marked by json_schema_extra={"files": True}."""
    marked = [
        name
        for name, about in type(options).model_fields.items()
        if isinstance(about.json_schema_extra, dict) and about.json_schema_extra.get("files")
    ]
    return [file for name in marked for file in getattr(options, name)]
