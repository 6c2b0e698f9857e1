"""python -m data_prep.download: what it lists, reports and keeps."""

import os
import signal
import subprocess
import sys
import time

import faulty_server as server
import pytest
from made_archives import PICTURES
from made_sources import DIGITS, get

from data_prep.download.__main__ import main as download_main
from data_prep.download.manifest import listing, planned, read_manifest
from data_prep.download.source_files import DownloadError
from repro.specs.validation import SpecError


def command(raw, manifest, *words):
    line = [sys.executable, "-m", "data_prep.download", *words, "--raw", raw]
    return [*line, "--manifest", manifest]


def started(raw, manifest, *words, repository):
    return subprocess.Popen(
        command(raw, manifest, *words),
        cwd=repository,
        env=os.environ | {"no_proxy": "*"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a suite in the background passes on to its children that interrupts are ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.slow
def test_an_interrupt_says_how_to_continue_and_the_next_command_does(
    host, raw, manifest, repository
):
    host.faults = [server.stall(50_000, seconds=60)]
    process = started(raw, manifest, "rooms", repository=repository)
    part = raw / "downloads/rooms.zip.part"
    deadline = time.monotonic() + 120  # a busy machine takes long to start
    while not (part.exists() and host.sent >= 50_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"stopped; kept: 50.0 kB in {part}. The same command continues from there." in said
    assert "Traceback" not in said
    process = started(raw, manifest, "rooms", "--unpack", repository=repository)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert host.seen[-1] == ("/rooms.zip", "bytes=50000-", '"one"')
    assert "%|" not in said  # no progress bar where there is no terminal
    assert (raw / "rooms/000000.jpg").read_bytes() == PICTURES["000000.jpg"]


def test_the_command_lists_and_complains(raw, manifest, monkeypatch, capsys, host):
    def run(*words):
        monkeypatch.setattr(sys, "argv", [str(w) for w in command(raw, manifest, *words)[2:]])
        download_main()

    run("--list")
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in table] == [
        "source",
        "rooms",
        "objects",
        "digits",
        "classes",
    ]
    run("rooms", "--list")
    assert len(capsys.readouterr().out.splitlines()) == 2
    with pytest.raises(SpecError, match="no downloads for 'digit'; did you mean 'digits'"):
        run("digit")
    with pytest.raises(DownloadError, match=r"(?s)some files .*ask the librarian"):
        run("classes")
    with pytest.raises(SystemExit) as caught:
        run()
    assert caught.value.code == 2
    run("digits", "--retries", "0")
    assert (raw / "digits/digits.mat").read_bytes() == DIGITS


def test_the_table_says_what_is_there(host, raw, manifest):
    get("rooms", raw, manifest, unpacked=True)
    get("objects", raw, manifest)
    (raw / "digits").mkdir()
    (raw / "digits/digits.mat.part").write_bytes(DIGITS[:15_000])
    known = read_manifest(manifest)
    rows = listing([p for s in known.sources for p in planned(s, raw=raw, manifest=known)])
    cells = {line.split()[0]: line for line in rows.splitlines()}
    assert "unpacked" in cells["rooms"]
    assert " archive " in cells["objects"]
    assert cells["digits"].split()[2:8] == ["30.0", "kB", "15.0", "kB", "(50%)", "no"]
    assert cells["classes"].split()[2:] == ["30.7", "kB", "-", "yes", "classes"]
