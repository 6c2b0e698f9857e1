"""An unfinished preparation on disk: its progress, and whether it can be continued.

Where in the flow: prepare.py writes a dataset into such a folder, which is next to the result and
is no output of any step, so that it outlives a killed job. `progress.json` is replaced atomically
every few thousand records; after a kill the files are truncated to the lengths recorded there, and
must have the recorded sha256. It also records what the dataset is made from: if raw data, spec or
code have changed, the work starts afresh. A folder that holds anything else is never removed.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from repro.artefacts.resumable_file import DamagedFileError
from repro.artefacts.whole_file import write_json
from repro.data.store_writer import StoreWriter
from repro.errors import UnusableError

RECORDS_BETWEEN_SAVES = 4096
SECONDS_BETWEEN_SAVES = 5.0
PROGRESS = "progress.json"
OURS = {PROGRESS, "images.npy", "labels.npy", "keys.txt", "skipped.csv", "manifest.json"}


class PartialWork:
    """The folder of an unfinished dataset.

    done: number of processed records of the source. writer: receives the next ones.
    """

    def __init__(
        self, folder: Path, *, made_from: Mapping[str, str], store: Mapping[str, Any]
    ) -> None:
        """Resume `folder`, or begin it; prints one line where there was earlier work.

        made_from: everything that determines the bytes. store: arguments of StoreWriter. Raises
        UnusableError where the folder holds other files.
        """
        _refuse_other_files(folder)
        self.folder = folder
        self.done = 0
        self._made_from = dict(made_from)
        self._saved = (0, time.monotonic())  # records, time
        writer = self._resumed(store) if folder.is_dir() else None
        if writer is None:
            remove_work(folder)
            folder.mkdir(parents=True)
            writer = StoreWriter(folder, **store)
        self.writer = writer

    def _resumed(self, store: Mapping[str, Any]) -> StoreWriter | None:
        try:
            progress = json.loads((self.folder / PROGRESS).read_text(encoding="utf-8"))
            if changed := self._changed(progress["made_from"]):
                raise DamagedFileError(f"{', '.join(changed)}: not what they were")
            writer = StoreWriter(self.folder, **store, resume=progress["store"])
        except FileNotFoundError:
            return None  # killed before anything was recorded
        except (ValueError, KeyError, TypeError) as error:
            print(f"{self.folder}: starts afresh ({error})", flush=True)
            return None
        self.done = progress["done"]
        self._saved = (self.done, time.monotonic())
        print(f"{self.folder}: resumes after record {self.done}", flush=True)
        return writer

    def _changed(self, made_from: Mapping[str, str]) -> list[str]:
        names = sorted({*made_from, *self._made_from})
        return [name for name in names if made_from.get(name) != self._made_from.get(name)]

    def advance(self, records: int) -> None:
        """Count records that are done; save the count from time to time."""
        self.done += records
        saved, moment = self._saved
        late = time.monotonic() - moment > SECONDS_BETWEEN_SAVES
        if self.done - saved >= RECORDS_BETWEEN_SAVES or late:
            self._save()

    def _save(self) -> None:
        progress = {"made_from": self._made_from, "done": self.done}
        write_json(self.folder / PROGRESS, {**progress, "store": self.writer.progress()})
        self._saved = (self.done, time.monotonic())

    def finish(self, folder: Path) -> dict[str, Any]:
        """Put the finished files into `folder` as well (no pixel is copied); return their manifest.

        The files also stay here until `remove_work`, so a kill in between costs nothing.
        """
        self._save()
        manifest = self.writer.close()
        for path in self.folder.iterdir():
            if path.name in OURS - {PROGRESS}:
                _link(path, folder / path.name)
        return manifest

    @contextmanager
    def kept_on_failure(self) -> Iterator[None]:
        """On an exception in the block, close the files; remove them if nothing is saved."""
        try:
            yield
        except BaseException:
            self.writer.abandon()
            if not (self.folder / PROGRESS).exists():
                remove_work(self.folder)
            raise


def remove_work(folder: Path) -> None:
    """Remove unfinished work, first the file that marks it as whole; any other file stays."""
    (folder / PROGRESS).unlink(missing_ok=True)
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if _is_ours(path.name):
            path.unlink(missing_ok=True)
    with suppress(OSError):  # it is not there, or holds something else
        folder.rmdir()


def _refuse_other_files(folder: Path) -> None:
    if not folder.is_dir():
        return
    other = sorted(path.name for path in folder.iterdir() if not _is_ours(path.name))
    if other:
        raise UnusableError(
            f"{folder}: holds '{other[0]}', which is no unfinished work of a dataset; name another "
            "folder as --state"
        )


def _is_ours(name: str) -> bool:
    return name in OURS or (name.startswith(".") and name.endswith(".partial"))


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)
