"""A disk fills up in prepare, train and report, which continue once there is room.

The results folder of a finished run lies on a file system in memory. One folder of it is removed,
the room is cut to less than is needed to make that folder again, and the same command is given
twice: with that room, and with ample room.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_disks import AMPLE, SmallDisk, small_disk
from tiny_run import RESULTS, STAMPS, Site, assert_same, kept_files

pytestmark = pytest.mark.faults
FULL = re.compile(
    rf"{RESULTS}/\S+ could not be written: its disk.*make room there and start the same command"
    rf"|could not write the resume state {RESULTS}/\S+:.*free some space and start the same command"
)


@pytest.fixture
def on_small_disk(undisturbed: Site, tmp_path: Path) -> Iterator[tuple[Site, SmallDisk]]:
    """A copy of the undisturbed run, its results folder on a disk of its own."""
    with small_disk(tmp_path / undisturbed.folder.name / RESULTS) as disk:
        yield undisturbed.copied(tmp_path), disk


@pytest.mark.parametrize(
    ("made", "room"),
    [
        ("data/bedrooms", 32_000),
        ("data/bedrooms", 300_000),
        ("models/bedrooms", 60_000),
        ("models/bedrooms", 400_000),
        ("report", 30_000),
        ("report", 1_000_000),
    ],
)
def test_what_was_finished_stays_and_the_rest_is_made_once_there_is_room(
    on_small_disk: tuple[Site, SmallDisk], undisturbed: Site, made: str, room: int
) -> None:
    site, disk = on_small_disk
    shutil.rmtree(site.results / made)
    before = kept_files(site.results)
    disk.leave_room(room)
    said = site.run(f"{STAMPS}/{made}", succeeds=False)
    assert FULL.search(said), said[-6000:]
    assert not (site.results / made).exists()
    disk.leave_room(AMPLE)
    rest = {k: v for k, v in kept_files(site.results).items() if not k.startswith("state/")}
    assert rest == before
    site.run(f"{STAMPS}/{made}")
    assert_same(kept_files(site.results), kept_files(undisturbed.results), at_least=60)
