"""Record a step's folder that a test has changed as if its step had written it."""

import json
from pathlib import Path

from repro.artefacts.provenance import SIDECAR, content_hashes


def record_again(folder: Path) -> None:
    """Update the record of `folder` to the files that it now contains."""
    record = json.loads((folder / SIDECAR).read_text(encoding="utf-8"))
    record["outputs"] = content_hashes(folder)
    record["sizes"] = {name: (folder / name).stat().st_size for name in record["outputs"]}
    (folder / SIDECAR).write_text(json.dumps(record), encoding="utf-8")
