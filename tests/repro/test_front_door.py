"""python -m repro: commands listed and started; unusable paths are reported with a message."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from repro.__main__ import all_commands
from repro.__main__ import run as main

FILE = "FILE"  # stands for the odd path
SPARE = "SPARE"  # a place that may be written
WORDS = {  # what each command takes that is a path
    "check": [FILE],
    "plan": [FILE],
    "dedup": [FILE, "--method", "phash", "--out", SPARE],
    "train": ["--spec", FILE, "--data", FILE, "--state", SPARE, "--out", SPARE],
    "tensorboard": [FILE, "--out", SPARE],
    "animation": [FILE, "--out", SPARE],
    "model": [FILE],
    "half": [FILE, "--out", SPARE],
    "sample": [FILE, "--out", SPARE],
    "export": [FILE, "--onnx", SPARE],
    "fid": ["--model", FILE, "--data", FILE, "--weights", FILE],
    "released": [FILE],
    "card": [FILE],
    "rules": [FILE],
    "report": ["--run", FILE, "--spec", FILE, "--out", SPARE],
    "publish": ["--run", FILE, "--out", SPARE],
    "ledger": [FILE],
    "compare": [FILE, FILE],
    "provenance": [FILE],
    "adopt": [FILE],
    "generate": ["--spec", FILE, "--out", SPARE],
    "prepare": ["--spec", FILE, "--raw", FILE, "--out", SPARE],
    "dedup-dataset": ["--data", FILE, "--out", SPARE],
    "download": ["lsun", "--raw", SPARE, "--manifest", FILE],
    "face-detection": [FILE, "--out", SPARE],
}
WITHOUT_A_PATH = {"settings", "roles", "presets", "diagram", "bench", "sources"}
STEPS = {  # modules that the pipeline or the reader starts by name
    "repro.train": WORDS["train"],
    "repro.dedup": WORDS["dedup"],
    "repro.report": WORDS["report"],
    "repro.plan": WORDS["plan"],
    "repro.released": WORDS["released"],
    "experiments.latent_walk.measure": ["--spec", FILE, "--out", SPARE],
    "experiments.latent_walk.figure": ["--spec", FILE, "--measured", FILE, "--out", SPARE],
    "data_prep.generate": WORDS["generate"],
    "data_prep.prepare": WORDS["prepare"],
    "data_prep.dedup": WORDS["dedup-dataset"],
    "data_prep.download": WORDS["download"],
    "data_prep.face_detection": WORDS["face-detection"],
}
ODD = ["missing", "empty", "noise", "list.json", "empty.json", "words.yaml", "folder"]
OF_FOLDERS = {  # for which one file with content is like another
    "animation", "card", "compare", "export", "face-detection", "fid", "half", "model", "publish",
    "sample", "tensorboard",
}  # fmt: skip


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder of paths that no command can use."""
    folder = tmp_path / "odd"
    (folder / "folder").mkdir(parents=True)
    (folder / "empty").touch()
    (folder / "noise").write_bytes(bytes(range(255, 0, -1)) * 9)
    (folder / "list.json").write_text("[]")
    (folder / "empty.json").write_text("{}")
    (folder / "words.yaml").write_text("hello: world\n")
    return folder


def filled(words: list[str], *, file: Path, spare: Path) -> list[str]:
    places = {FILE: str(file), SPARE: str(spare)}
    return [places.get(word, word) for word in words]


def ended(started: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit status and what a user reads on stderr, as the interpreter would leave them."""
    assert isinstance(started, SystemExit)
    said = capsys.readouterr().err
    if isinstance(started.code, str):  # the interpreter prints it and exits with 1
        return 1, said + started.code
    return int(started.code or 0), said


def front_door(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["repro/__main__.py", *words])
    main()


def test_every_command_has_its_odd_paths() -> None:
    assert set(WORDS) | WITHOUT_A_PATH == set(all_commands())


def test_the_list_needs_neither_torch_nor_snakemake(repository: Path) -> None:
    code = (
        "import runpy, sys; sys.argv = ['repro']\n"
        "runpy.run_module('repro', run_name='__main__', alter_sys=True)\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    listed = [line.split(maxsplit=1) for line in done.stdout.splitlines() if line[:2] == "  "]
    assert [name for name, _ in listed] == list(all_commands())
    assert all(len(about.split()) > 3 for _, about in listed)
    # data_prep itself is a docstring, and found before its modules so that no other one is
    loaded = {name.partition(".")[0] for name in done.stderr.split() if name != "data_prep"}
    assert "repro" in loaded
    assert not loaded & {"torch", "snakemake", "pandas", "scipy", "data_prep"}


@pytest.mark.parametrize("name", all_commands())
def test_help(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        front_door(monkeypatch, name, "--help")
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: python -m repro {name} ")


def test_an_unknown_flag_is_a_wrong_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        front_door(monkeypatch, "settings", "--no-such-flag")
    assert left.value.code == 2
    assert "usage: python -m repro settings " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (n, k)
        for n in WORDS
        for k in ODD
        if n not in OF_FOLDERS or not k.endswith((".json", ".yaml"))
    ],
)
def test_odd_paths_are_refused_in_words(
    name: str,
    kind: str,
    odd: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    words = filled(WORDS[name], file=odd / kind, spare=tmp_path / "spare")
    with pytest.raises(SystemExit) as left:  # and nothing else
        front_door(monkeypatch, name, *words)
    status, said = ended(left.value, capsys)
    assert status == 1
    assert said.startswith("error: ")
    assert f"odd/{kind}" in said
    assert not (tmp_path / "spare").is_file()


@pytest.mark.filterwarnings("ignore:.*found in sys.modules")
@pytest.mark.parametrize("module", STEPS)
def test_steps_started_by_their_module(
    module: str,
    odd: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = filled(STEPS[module], file=odd / "noise", spare=tmp_path / "spare")
    monkeypatch.setattr(sys, "argv", [module, *words])
    with pytest.raises(SystemExit) as left:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    status, said = ended(left.value, capsys)
    assert status == 1
    assert said.startswith("error: ")
    assert "odd/noise" in said


def test_an_input_without_a_name_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["measure", "--input", "faces", "--out", "nowhere"])
    with pytest.raises(SystemExit) as left:
        runpy.run_module("experiments.latent_walk.measure", run_name="__main__", alter_sys=True)
    status, said = ended(left.value, capsys)
    assert status == 2
    assert "--input: found 'faces', expected ROLE.SLOT=DIR, e.g. faces.model=results/..." in said


def test_unknown_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        front_door(monkeypatch, "trian")
    assert left.value.code == 2
    assert "no command 'trian'; did you mean 'train'?" in capsys.readouterr().err


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    front_door(monkeypatch, "--version")
    assert capsys.readouterr().out.startswith("dcgan ")
