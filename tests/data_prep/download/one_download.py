"""One file, its later version, and a download of it without pauses, for the tests of fetch.py."""

import hashlib
import json

import numpy as np

from data_prep.download.fetch import fetch

DATA = np.random.default_rng(1).bytes(200_000)


OTHER = DATA[:30_000] + np.random.default_rng(2).bytes(170_000)  # a later version of the file


SHA256 = hashlib.sha256(DATA).hexdigest()


class Clock:
    """Stands in for time.sleep: records the pauses and returns at once."""

    def __init__(self):
        self.pauses = []

    def __call__(self, seconds):
        self.pauses.append(seconds)


def get(host, target, **given):
    defaults = {
        "urls": [host.url("/file.zip")] if host else [],
        "size": len(DATA),
        "checksums": {"sha256": SHA256},
        "retries": 3,
        "timeout": 5.0,
        "sleep": Clock(),
        "report": lambda line: None,
    }
    return fetch(target=target, **defaults | given)


def part_of(target, data=None, note=None):
    """The .part of a target; written with its note if one is given."""
    path = target.with_name(target.name + ".part")
    if data is not None:
        path.write_bytes(data)
    if note is not None:
        path.with_name(path.name + ".json").write_text(json.dumps(note))
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())
