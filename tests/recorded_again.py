"""A step's folder that a test has changed, recorded as if its step had written it so."""

import json
from pathlib import Path

from repro.artefacts.provenance import SIDECAR, content_hashes


def record_again(folder: Path) -> None:
    """The record of `folder` names the files that lie there now."""
    record = json.loads((folder / SIDECAR).read_text(encoding="utf-8"))
    record["outputs"] = content_hashes(folder)
    record["sizes"] = {name: (folder / name).stat().st_size for name in record["outputs"]}
    (folder / SIDECAR).write_text(json.dumps(record), encoding="utf-8")
