"""The closure of a step's module: all that Python loads for it, and nothing irrelevant."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from repro.artefacts import import_closure as module
from repro.artefacts.import_closure import import_closure

# every kind of step, as its rule names it
STEPS = {
    "data_prep.generate": "data_prep.generate",
    "data_prep.prepare": "data_prep.prepare",
    "data_prep.dedup": "data_prep.dedup",
    "repro.train": "repro.train.__main__",
    "experiments.latent_walk.measure": "experiments.latent_walk.measure",
    "experiments.latent_walk.figure": "experiments.latent_walk.figure",
    "repro.report": "repro.report.__main__",
}
CODE = """
import sys, {started}
for module in list(sys.modules.values()):
    name, file = module.__name__, getattr(module, "__file__", None)
    if file and name.partition(".")[0] in ("repro", "data_prep", "experiments"):
        print(file)
"""


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_closure_holds_what_python_loads(
    step: str, warm: Path, repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "loads.py").write_text(CODE.format(started=STEPS[step]))
    done = subprocess.run(
        [warm, "-m", "loads"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(repository)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = {Path(line).relative_to(repository).as_posix() for line in done.stdout.split()}
    modules = {file for file in loaded if not file.endswith("/__init__.py")}
    assert len(modules) > 3
    assert modules <= set(import_closure(step))


def test_a_step_does_not_depend_on_what_it_does_not_import() -> None:
    for step in ("repro.train", "repro.report"):
        assert not any(f.startswith(("data_prep", "experiments")) for f in import_closure(step))
    assert "repro/train/loop.py" not in import_closure("repro.report")
    assert "repro/report/pictures.py" not in import_closure("repro.train")


@pytest.mark.slow
def test_an_edit_of_what_run_files_may_hold_makes_no_step_run_again(repository: Path) -> None:
    """Not the roles, nor the spec of whole runs, nor the commands and sources found by name."""
    of_run_files = {"repro/specs/roles.py", "repro/specs/run_file.py", "repro/runs/extensions.py"}
    assert of_run_files <= set(import_closure("repro.runs.load"))
    experiments = [f.parent.name for f in repository.glob("experiments/[!_]*/measure.py")]
    assert len(experiments) > 10
    steps = ["repro.train", "data_prep.generate", "data_prep.prepare", "data_prep.dedup"]
    steps += [f"experiments.{one}.{step}" for one in experiments for step in ("measure", "figure")]
    assert [step for step in steps if of_run_files & set(import_closure(step))] == []


def test_a_name_that_is_no_module_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match=r"no module repro\.trane"):
        import_closure("repro.trane")


TREE = {
    "repro/__init__.py": '"""Only words."""\n',
    "repro/trains/__init__.py": '"""Only words."""\n',
    "repro/trains/__main__.py": "def main():\n    from repro.trains import loop\n",
    "repro/trains/loop.py": "from . import steps\nfrom ..rooms import wall as w\n",
    "repro/trains/steps.py": "import json\n",
    "repro/trains/beside.py": "",
    "repro/rooms/__init__.py": "from repro.rooms.floor import plank\n",
    "repro/rooms/wall.py": "import repro.trains.loop\n",
    "repro/rooms/floor.py": "plank = 1\n",
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small repository instead of this one."""
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    _forget()
    yield tmp_path
    _forget()


def _forget() -> None:
    for cached in (module._file_of, module._imports):
        cached.cache_clear()


def test_a_package_stands_for_its_command(tree: Path) -> None:
    """What it imports in a function, relatively, in a circle, and code of packages passed."""
    assert import_closure("repro.trains") == [
        "repro/rooms/__init__.py",
        "repro/rooms/floor.py",
        "repro/rooms/wall.py",
        "repro/trains/__main__.py",
        "repro/trains/loop.py",
        "repro/trains/steps.py",
    ]


def test_an_imported_package_is_not_its_command(tree: Path) -> None:
    (tree / "repro/rooms/floor.py").write_text("import repro.trains\n")
    assert import_closure("repro.rooms.floor") == [
        "repro/rooms/__init__.py",
        "repro/rooms/floor.py",
    ]
