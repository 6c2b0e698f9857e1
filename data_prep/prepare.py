"""Raw data of any source -> a prepared dataset (repro/data/store.py).

Where in the flow: the first step of the pipeline, or the second where the raw data are drawn.

Records stream from the source, are decoded, cropped and scaled by a pool of threads
(record_pixels.py; the JPEG decoder releases the interpreter lock), and are written in source order:
the number of workers changes the time, not a byte of the result. Memory is bounded whatever the
number of images. Unreadable records are listed in skipped.csv with their reason and counted in the
manifest. A killed run resumes where it was (partial_work.py), and a large set can be prepared in
parts, on several machines, that are joined to the same bytes (parts.py).

Limit: `limit` takes records evenly spread over the source order, so that a set sorted by class
keeps all its classes; unreadable ones among them are not replaced.

Runs alone: python -m data_prep.prepare --spec SPEC.json --raw RAW --out OUT [--check]
Part of it: ... --shard 3/8 --out PART; joined: ... --parts PART1 PART2 ... --out OUT
"""

import json
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from data_prep.partial_work import PartialWork, remove_work
from data_prep.parts import join, made_from, modules_of, write_part_file
from data_prep.record_pixels import Loaded, decoded
from data_prep.source import (
    Record,
    Source,
    explain_missing,
    files_read,
    load_source,
    missing,
    source_options,
)
from repro.artefacts.checked_inputs import refuse_changed
from repro.artefacts.folder_lock import exclusive_lock
from repro.artefacts.provenance import sha256_of_input
from repro.artefacts.raw_files import RawFiles
from repro.artefacts.recipe import Recipe, is_made
from repro.artefacts.step_folder import step_folder
from repro.command_line import add_workers, new_parser, run_main
from repro.data.optional_decoders import describe_missing_package
from repro.data.raw_images import SourceError
from repro.data.shards import Shard
from repro.progress import Progress
from repro.specs.dataset import DatasetSpec
from repro.specs.validation import Strict, read_step, validated


def prepare(
    *,
    spec: DatasetSpec,
    raw: Path,
    out: Path,
    workers: int = 2,
    state: Path | None = None,
    shard: Shard | None = None,
    recipe: Recipe | None = None,
) -> None:
    """Prepare the dataset `spec` from the folder `raw` into the folder `out`.

    workers: decoding threads (>= 1). state: folder for unfinished work, by default a hidden one
    next to `out`; it is deleted when `out` is complete. shard: the part to make, which need not
    hold a readable record. Does nothing where `recipe` has already made `out`. Raises SpecError for
    a wrong source or option, SourceError where requirements are missing, raw files are damaged as a
    whole, or no record is readable, UnusableError where `state` holds anything else.
    """
    if workers < 1:
        raise ValueError(f"workers must be 1 or more, found {workers}")
    source, options = _ready_source(spec, raw)
    read = RawFiles(raw, files_read(raw, spec.source, options))
    inputs = {"raw": read}
    unfinished = state or out.with_name(f".{out.name}.state")
    if is_made(out, recipe, inputs):
        remove_work(unfinished)  # of a run killed at its very end
        return
    total = source.count(raw, options)
    store = _store_arguments(source, options, spec=spec, raw=raw)
    origin = made_from(spec=spec, raw=read, records=total, store=store)
    wanted = _evenly_spread(total, spec.limit)
    if shard is not None:
        wanted = shard.of_these(wanted)
    with (
        exclusive_lock(unfinished),
        step_folder(out, inputs=inputs, spec=spec.model_dump(mode="json"), recipe=recipe) as folder,
    ):
        partial = PartialWork(
            unfinished,
            made_from={**origin, "raw files": sha256_of_input(read), "shard": str(shard)},
            store=store,
        )
        records = _chosen(source.records(raw, options), wanted[partial.done :])
        manifest = _write(records, partial, folder, spec=spec, workers=workers, total=len(wanted))
        if shard is None:
            _require_images(manifest, raw, partial)
        else:
            write_part_file(folder, shard=shard, origin=origin)
    remove_work(unfinished)


def join_parts(
    *,
    spec: DatasetSpec,
    raw: Path,
    parts: Sequence[Path],
    out: Path,
    recipe: Recipe | None = None,
) -> None:
    """Join all parts of the dataset `spec` into the folder `out`: the same bytes as `prepare`.

    Does nothing where `recipe` has already made `out`. Raises StoreError where a part is damaged or
    made from something else than `spec` and `raw`, UnusableError where one is missing or given
    twice, and otherwise like `prepare`.
    """
    source, options = _ready_source(spec, raw)
    read = RawFiles(raw, files_read(raw, spec.source, options))
    inputs = {"raw": read}
    if is_made(out, recipe, inputs):
        return
    store = _store_arguments(source, options, spec=spec, raw=raw)
    origin = made_from(spec=spec, raw=read, records=source.count(raw, options), store=store)
    for number, part in enumerate(parts, 1):  # not recorded as inputs: parts may be deleted
        refuse_changed(f"part {number}", part)
    with step_folder(
        out, inputs=inputs, spec=spec.model_dump(mode="json"), recipe=recipe
    ) as folder:
        _require_images(join(parts, folder, origin=origin, store=store), raw)


def _ready_source(spec: DatasetSpec, raw: Path) -> tuple[Source, Strict]:
    source, options = _source_and_options(spec)
    absent = missing(raw, spec.source, options)
    if absent:
        raise SourceError(explain_missing(absent, raw))
    return source, options


def _source_and_options(spec: DatasetSpec) -> tuple[Source, Strict]:
    source = load_source(spec.source)
    model = source_options(spec.source)
    return source, validated(model, spec.options, where=f"source '{spec.source}'", key="options")


def _store_arguments(
    source: Source, options: Strict, *, spec: DatasetSpec, raw: Path
) -> dict[str, Any]:
    """Arguments of the StoreWriter; equal for all parts of a dataset."""
    return {
        "source": spec.source,
        "spec": spec.model_dump(mode="json"),
        "image_size": spec.image_size,
        "channels": spec.channels,
        "label_fields": source.label_fields(raw, options),
        "class_names": source.class_names(raw, options),
    }


def _evenly_spread(total: int, limit: int | None) -> Sequence[int]:
    """Positions in the source order: all, or `limit` of them at equal distances."""
    if limit is None or limit >= total:
        return range(total)
    return [i * total // limit for i in range(limit)]


def _chosen(records: Iterator[Record], wanted: Iterable[int]) -> Iterator[Loaded]:
    """The records at the wanted (increasing) positions; payload functions are called here."""
    positions = iter(wanted)
    position = next(positions, None)
    if position is None:
        return
    for number, record in enumerate(records):
        if number == position:
            payload = record.payload
            yield record, payload() if callable(payload) else payload
            position = next(positions, None)
            if position is None:
                return


def _write(
    records: Iterator[Loaded],
    partial: PartialWork,
    folder: Path,
    *,
    spec: DatasetSpec,
    workers: int,
    total: int,
) -> dict[str, Any]:
    """Decode the records into `partial`, and put the finished files into `folder`: the manifest."""
    with (
        partial.kept_on_failure(),
        Progress("preparing", unit="images", total=total, initial=partial.done) as progress,
    ):
        for run in decoded(records, size=spec.image_size, channels=spec.channels, workers=workers):
            partial.writer.extend(run.images, run.keys, run.labels)
            for key, reason in run.skipped:
                partial.writer.skip(key, reason)
            partial.writer.note_several(run.several)
            partial.advance(len(run))
            progress.update(len(run))
        return partial.finish(folder)


def _require_images(
    manifest: dict[str, Any], raw: Path, partial: PartialWork | None = None
) -> None:
    if manifest["count"]:
        return
    if partial is not None:
        remove_work(partial.folder)
    found = ", ".join(f"{n} {reason}" for reason, n in manifest["skipped"].items())
    raise SourceError(
        f"{raw}: no readable image for source '{manifest['source']}' (skipped: "
        f"{found or 'none'}); {_way_out(manifest['skipped'])}"
    )


def _way_out(skipped: Collection[str]) -> str:
    if "unsupported" not in skipped:
        return "is it the right folder, and the right source?"
    absent = describe_missing_package()
    return "save those that are unsupported as JPEG or PNG" + (f"; {absent}" if absent else "")


def _describe(out: Path) -> str:
    """What a prepared dataset holds, in a line or more."""
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    lines = [f"{out}: {manifest['count']} images, skipped {manifest['skipped']}"]
    if several := manifest["first_of_several"]:
        lines.append(f"of {several} files with several pictures (animations, pages), one is used")
    if "unsupported" in manifest["skipped"]:
        lines.append(f"{_way_out(manifest['skipped'])}; then delete {out} and start again")
    return "\n".join(lines)


def _checked(spec: DatasetSpec, raw: Path) -> int:
    """Print what is missing in `raw`, or how many records it has; return the exit status."""
    source, options = _source_and_options(spec)
    absent = missing(raw, spec.source, options)
    if absent:
        print(explain_missing(absent, raw))
        return 1
    source.label_fields(raw, options)  # raises where tables are damaged or list other pictures
    print(f"{raw}: complete, {source.count(raw, options)} records")
    return 0


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("prepare", "Decode, crop and scale raw images into a prepared dataset.")
    parser.add_argument("--spec", type=Path, required=True, help="JSON file: a DatasetSpec")
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw data")
    parser.add_argument("--out", type=Path, help="folder to write; replaced when done")
    add_workers(parser, "decoding threads")
    parser.add_argument(
        "--state", type=Path, help="folder for unfinished work; default: next to OUT"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="only report what is missing in --raw")
    what.add_argument("--shard", type=Shard.parse, help="make part I of N: I/N")
    what.add_argument("--parts", type=Path, nargs="+", help="join these parts")
    given = parser.parse_args(argv)
    if not given.check and given.out is None:
        parser.error("--out is needed (or --check)")
    values = read_step(given.spec)
    spec = validated(DatasetSpec, values, where=str(given.spec))
    if given.check:
        sys.exit(_checked(spec, given.raw))
    load_source(spec.source)
    recipe = Recipe.of(*modules_of(spec), settings=values)
    if given.parts:
        join_parts(spec=spec, raw=given.raw, parts=given.parts, out=given.out, recipe=recipe)
    else:
        prepare(
            spec=spec,
            raw=given.raw,
            out=given.out,
            workers=given.workers,
            state=given.state,
            shard=given.shard,
            recipe=recipe if given.shard is None else None,
        )
    print(_describe(given.out))


if __name__ == "__main__":
    run_main(main)
