"""Four sources of synthetic archives and their manifest, for the tests of source_files.py."""

import functools
import hashlib

import numpy as np
import yaml

from data_prep.download.fetch import fetch
from data_prep.download.source_files import download

DIGITS = np.random.default_rng(99).bytes(30_000)


def sums(data):
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def write_manifest(folder, sources):
    path = folder / "manifest.yaml"
    values = {name: {"about": name, "files": files} for name, files in sources.items()}
    path.write_text(yaml.safe_dump({"sources": values}, sort_keys=False))
    return path


def get(source, raw, manifest, **given):
    quick = functools.partial(fetch, sleep=lambda s: None, timeout=5.0, report=lambda line: None)
    defaults = {"manifest": manifest, "fetcher": quick, "report": lambda line: None}
    return download(source=source, raw=raw, **defaults | given)


def below(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
