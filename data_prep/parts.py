"""Parts of a dataset: which records belong to a part, what it is made from, and joining them.

Where in the flow: prepare.py makes a part (a prepared dataset of its own with a `part.json`) for a
shard, and joins all parts of a set to the bytes that it would have written in one go. Parts may be
made on different machines; parts made from different raw data or by different code are refused.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_prep.source import source_names
from repro.artefacts.import_closure import code_hashes
from repro.artefacts.provenance import sha256_of_json
from repro.artefacts.raw_files import RawFiles, digest
from repro.artefacts.whole_file import write_json
from repro.data.decoders import decoder_versions
from repro.data.shards import Shard, in_order
from repro.data.store import ImageStore
from repro.data.store_writer import StoreError, StoreWriter
from repro.specs.dataset import DatasetSpec

PART_FILE = "part.json"


def made_from(
    *, spec: DatasetSpec, raw: RawFiles, records: int, store: Mapping[str, Any]
) -> dict[str, str]:
    """Everything that determines the bytes of a dataset: name -> hash.

    Raw files are identified by their names and sizes (their times differ between machines), their
    number of records and their labels (`store`: the arguments of StoreWriter).
    """
    listed = digest(raw.folder, raw.reads, times=False)
    return {
        "spec": sha256_of_json(spec.model_dump(mode="json")),
        "raw data": sha256_of_json([listed, records, store["label_fields"], store["class_names"]]),
        "code": sha256_of_json(code_hashes(*modules_of(spec))),
        "decoders": sha256_of_json(decoder_versions()),
    }


def modules_of(spec: DatasetSpec) -> list[str]:
    """The modules that prepare a dataset: this step, its source, any source that it wraps."""
    wrapped = spec.options.get("of")
    named = [wrapped] if wrapped in source_names() else []
    return ["data_prep.prepare", *(f"data_prep.{name}" for name in (spec.source, *named))]


def write_part_file(folder: Path, *, shard: Shard, origin: Mapping[str, str]) -> None:
    """Record in a part's folder which part it is, and of which dataset."""
    write_json(folder / PART_FILE, {"shard": list(shard), "made_from": dict(origin)})


def join(
    parts: Sequence[Path], folder: Path, *, origin: Mapping[str, str], store: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the dataset from all its `parts`, in any order; return its manifest.

    Raises StoreError naming the part that is damaged or made from something else, UnusableError
    where one is missing or given twice.
    """
    with StoreWriter(folder, **store) as writer:
        for part in in_order((_shard(part, origin), part) for part in parts):
            fields = ImageStore.open(part).manifest["label_fields"]
            if fields != store["label_fields"]:
                raise StoreError(f"{part}: labels {fields}, expected {store['label_fields']}")
            writer.take_in(part)
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def _shard(part: Path, origin: Mapping[str, str]) -> Shard:
    """Which part it is. Raises StoreError where it is none, or made from something else."""
    try:
        about = json.loads((part / PART_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(f"{part}: no {PART_FILE}, so not a part of a dataset") from None
    changed = [name for name in origin if about["made_from"].get(name) != origin[name]]
    if changed:
        raise StoreError(
            f"{part}: does not match the given {', '.join(changed)}; make the part again"
        )
    return Shard(*about["shard"])
