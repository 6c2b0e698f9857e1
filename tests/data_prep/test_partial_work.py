"""data_prep/partial_work.py: killed anywhere and started again, prepare writes the same bytes.

Longer than 300 lines: kills, refusals and leftovers are tried on the same raw folder.
"""

import json
import os
import signal
import subprocess
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep import partial_work, record_pixels
from data_prep.prepare import prepare
from repro.artefacts import resumable_file
from repro.artefacts.recipe import Recipe
from repro.data import decode_pool
from repro.errors import UnusableError
from repro.specs.dataset import DatasetSpec

LABELS = {"labels_from_name": r"\d+_(?P<shade>\d+)"}
SPEC = DatasetSpec(source="folder", image_size=8, options=LABELS)
NEVER = 10**9
FILES = ("images.npy", "keys.txt", "labels.npy", "skipped.csv", "manifest.json")


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """90 small pictures with labels, every seventh broken, and one file without a label."""
    folder = tmp_path_factory.mktemp("labelled")
    rng = np.random.default_rng(5)
    for number in range(90):
        path = folder / f"{number:03d}_{number * 3}.png"
        Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)).save(path)
        if number % 7 == 0:
            path.write_bytes(path.read_bytes()[:60])
    (folder / "unlabelled.png").write_bytes((folder / "001_3.png").read_bytes())
    return folder


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    monkeypatch.setattr(decode_pool, "CHUNK", 3)
    monkeypatch.setattr(partial_work, "RECORDS_BETWEEN_SAVES", 8)


@pytest.fixture(scope="module")
def undisturbed(raw, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    prepare(spec=SPEC, raw=raw, out=out)
    return contents(out)


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in FILES}


@cache
def recipe() -> Recipe:
    """By which a finished dataset is recognised, as in the pipeline."""
    return Recipe.of("data_prep.prepare", settings={})


class KilledAt:
    """Kills its own process at the n-th of all writes, saves, links, renames and removals.

    A write is cut in the middle. Used in a forked child.
    """

    def __init__(self, event: int) -> None:
        self.left = event
        for place, name in (
            (partial_work, "write_json"),
            (partial_work, "_link"),
            (Path, "replace"),
            (Path, "unlink"),
        ):
            self._count(place, name)
        append = resumable_file.ResumableFile.append

        def torn(file, data):
            if self.left == 1:
                file._stream.write(bytes(memoryview(data).cast("B"))[: len(bytes(data)) // 2])
                file._stream.flush()
            self._event()
            append(file, data)

        resumable_file.ResumableFile.append = torn

    def _count(self, place, name):
        original = getattr(place, name)

        def counted(*given, **more):
            self._event()
            return original(*given, **more)

        setattr(place, name, counted)

    def _event(self):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def life(out: Path, raw: Path, *, killed_at: int) -> bool:
    """Prepare in a child process that is killed at an event; True where it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            killer = KilledAt(killed_at)
            prepare(spec=SPEC, raw=raw, out=out, recipe=recipe())
            if killed_at == NEVER:
                out.with_name("events").write_text(str(killed_at - killer.left))
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return not os.WIFSIGNALED(status)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_killed_anywhere_it_goes_on_to_the_same_bytes(tmp_path, raw, undisturbed, seed):
    rng = np.random.default_rng(seed)
    out, done, lives = tmp_path / "out", [], 0
    while not life(out, raw, killed_at=int(rng.integers(10, 45))):
        lives += 1
        assert lives < 60
        progress = tmp_path / ".out.state/progress.json"
        if progress.exists():
            done.append(json.loads(progress.read_text())["done"])
        if (out / "manifest.json").exists():  # whole or absent
            assert contents(out) == undisturbed
    assert lives >= 3
    assert done == sorted(done)
    assert contents(out) == undisturbed
    assert (out / "provenance.json").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.fixture(scope="module")
def events(raw, tmp_path_factory):
    """Number of events of an undisturbed life."""
    out = tmp_path_factory.mktemp("counted") / "out"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(decode_pool, "CHUNK", 3)
        patched.setattr(partial_work, "RECORDS_BETWEEN_SAVES", 8)
        assert life(out, raw, killed_at=NEVER)
    return int(out.with_name("events").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("before_the_end", range(20))
def test_killed_around_the_end_nothing_is_lost(tmp_path, raw, undisturbed, events, before_the_end):
    """Each of the last events: finishing, linking, writing the sidecar, renaming, tidying up."""
    assert not life(tmp_path / "out", raw, killed_at=events - before_the_end)
    prepare(spec=SPEC, raw=raw, out=tmp_path / "out")
    assert contents(tmp_path / "out") == undisturbed
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


DRIVER = """
import sys, time
from pathlib import Path
from data_prep import partial_work, prepare, record_pixels
partial_work.RECORDS_BETWEEN_SAVES = 8
decode = record_pixels.decode_square
def slow(data, size, *, channels):
    time.sleep(0.03)
    return decode(data, size, channels=channels)
record_pixels.decode_square = slow
prepare.main()
"""


@pytest.mark.slow
def test_the_command_killed_from_outside(tmp_path, raw, undisturbed, warm, repository):
    spec = tmp_path / "spec.json"
    spec.write_text(SPEC.model_dump_json())
    words = ["--spec", spec, "--raw", raw, "--out", tmp_path / "out", "--state", tmp_path / "state"]
    (tmp_path / "driver.py").write_text(DRIVER)
    command = [warm, "-m", "driver", *map(str, words)]
    where = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": str(repository)}}
    where |= {"text": True, "stdout": subprocess.PIPE}
    progress = tmp_path / "state/progress.json"
    with subprocess.Popen(command, **where) as process:
        while not progress.exists():
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()  # until its output is closed
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    done = json.loads(progress.read_text())["done"]
    finished = subprocess.run(command, check=True, **where)
    assert f"resumes after record {done}\n" in finished.stdout
    assert contents(tmp_path / "out") == undisturbed
    assert not (tmp_path / "state").exists()


def interrupted(out: Path, raw: Path, monkeypatch: pytest.MonkeyPatch, **changed: object) -> Path:
    """The state that is left by an interruption after some records; its folder."""
    advance = partial_work.PartialWork.advance

    def stop(work, records):
        advance(work, records)
        if work.done > 40:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(partial_work.PartialWork, "advance", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare(spec=SPEC.model_copy(update=changed), raw=raw, out=out)
    return out.with_name(f".{out.name}.state")


def damaged(name, change):
    def damage(state):
        (state / name).write_bytes(change((state / name).read_bytes()))

    return damage


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (None, "resumes after record 36"),
        (damaged("images.npy", lambda b: b[:2000]), "images.npy has 2000 bytes"),
        (
            damaged("images.npy", lambda b: b[:500] + b"\x01\x02" + b[502:]),
            "images.npy has other bytes",
        ),
        (damaged("keys.txt", lambda b: b.replace(b"1", b"2")), "keys.txt has other bytes"),
        (damaged("labels.npy", lambda b: b[:-200]), "labels.npy has "),
        (lambda state: (state / "skipped.csv").unlink(), "skipped.csv is missing"),
        (damaged("progress.json", lambda b: b[:50]), "starts afresh"),
        (damaged("progress.json", lambda b: b"[]"), "starts afresh"),
        (damaged("progress.json", lambda b: b.replace(b'"count"', b'"c"')), "starts afresh"),
        (lambda state: (state / "progress.json").unlink(), ""),
    ],
)
def test_damaged_work_is_begun_again(tmp_path, raw, undisturbed, monkeypatch, capsys, damage, said):
    state = interrupted(tmp_path / "out", raw, monkeypatch)
    if damage:
        damage(state)
    prepare(spec=SPEC, raw=raw, out=tmp_path / "out")
    assert contents(tmp_path / "out") == undisturbed
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == bool(said)


def test_other_work_is_not_gone_on_with(tmp_path, raw, undisturbed, monkeypatch, capsys):
    interrupted(tmp_path / "out", raw, monkeypatch, limit=80)
    prepare(spec=SPEC, raw=raw, out=tmp_path / "out")
    assert "starts afresh (spec: not what they were)" in capsys.readouterr().out
    assert contents(tmp_path / "out") == undisturbed
    # a raw file more
    interrupted(tmp_path / "out", raw, monkeypatch)
    copied = tmp_path / "raw"
    copied.mkdir()
    for path in raw.iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    (copied / "200_1.png").write_bytes((raw / "001_3.png").read_bytes())
    prepare(spec=SPEC, raw=copied, out=tmp_path / "out")
    assert "starts afresh (raw data, raw files: not what they were)" in capsys.readouterr().out
    # other code
    interrupted(tmp_path / "out", raw, monkeypatch)
    monkeypatch.setattr("data_prep.parts.code_hashes", lambda *modules: {"edited": "yes"})
    prepare(spec=SPEC, raw=raw, out=tmp_path / "out")
    assert "starts afresh (code: not what they were)" in capsys.readouterr().out
    assert contents(tmp_path / "out") == undisturbed


def test_a_fault_behind_the_first_save_keeps_the_work(tmp_path, raw, undisturbed, monkeypatch):
    decode = record_pixels.decode_square
    calls = 0

    def broken(data, size, *, channels):
        nonlocal calls
        calls += 1
        if calls > 40:
            raise RuntimeError("bug")
        return decode(data, size, channels=channels)

    with monkeypatch.context() as patched:
        patched.setattr(record_pixels, "decode_square", broken)
        with pytest.raises(RuntimeError, match="bug"):
            prepare(spec=SPEC, raw=raw, out=tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == [".out.state"]
    prepare(spec=SPEC, raw=raw, out=tmp_path / "out")
    assert contents(tmp_path / "out") == undisturbed


@pytest.fixture
def users(tmp_path) -> Path:
    """A folder of the user, named as --state by mistake."""
    (tmp_path / "state/chapters").mkdir(parents=True)
    (tmp_path / "state/thesis.txt").write_text("years of work")
    return tmp_path / "state"


@pytest.mark.parametrize("progress", [False, True])
def test_a_folder_of_the_user_is_refused(tmp_path, raw, users, progress):
    if progress:
        (users / "progress.json").write_text("{}")
    held = sorted(users.iterdir())
    with pytest.raises(UnusableError, match="holds 'chapters', which is no unfinished work"):
        prepare(spec=SPEC, raw=raw, out=tmp_path / "out", state=users)
    assert sorted(users.iterdir()) == held
    assert not (tmp_path / "out").exists()


def test_files_of_others_outlive_the_end_of_the_work(tmp_path, raw, users, monkeypatch):
    """A file manager or a network disk may put some there while a dataset is prepared."""
    state = tmp_path / "other"
    link = partial_work._link

    def joined_by_another(source, target):
        (state / ".DS_Store").write_text("")
        link(source, target)

    monkeypatch.setattr(partial_work, "_link", joined_by_another)
    prepare(spec=SPEC, raw=raw, out=tmp_path / "out", state=state, recipe=recipe())
    assert [path.name for path in state.iterdir()] == [".DS_Store"]
    prepare(spec=SPEC, raw=raw, out=tmp_path / "out", state=users, recipe=recipe())  # made already
    assert sorted(path.name for path in users.iterdir()) == ["chapters", "thesis.txt"]


def test_a_temporary_file_of_a_killed_run_is_removed(tmp_path, raw):
    (tmp_path / "state").mkdir()
    (tmp_path / "state/.progress.json.71.partial").write_text("{")
    prepare(spec=SPEC, raw=raw, out=tmp_path / "out", state=tmp_path / "state")
    assert not (tmp_path / "state").exists()


def test_without_hard_links_files_are_copied(tmp_path, raw, undisturbed, monkeypatch):
    def refused(source, target):
        raise OSError("not supported")

    monkeypatch.setattr(partial_work.os, "link", refused)
    prepare(spec=SPEC, raw=raw, out=tmp_path / "out")
    assert contents(tmp_path / "out") == undisturbed
