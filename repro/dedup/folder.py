"""Folder of images or LMDB -> a folder that lists its near-duplicates (paper §4.1.1, and beyond).

Where in the flow: the function behind the tool `python -m repro dedup`, whose docstring lists the
files written. It reads every image once (repro.dedup.thumbnails), computes codes
(repro.dedup.methods), groups them (repro.dedup.removal) and draws the groups
(repro.dedup.contact_sheet). The pipeline's step on a prepared dataset is data_prep/dedup.py. Alone:
python -m repro dedup PATH --out OUT
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro.artefacts.provenance import SIDECAR
from repro.artefacts.step_folder import step_folder
from repro.artefacts.whole_file import write_json
from repro.data.raw_images import lmdb_file
from repro.dedup.contact_sheet import write_sheets
from repro.dedup.files_once import FileNames, file_names, legible
from repro.dedup.methods import EXACT, TRAINED, make_codes, used_options
from repro.dedup.options import Options
from repro.dedup.removal import Removal, find_removal
from repro.dedup.thumbnails import read_thumbnails, stored_sizes
from repro.errors import UnusableError

SHEET_GROUPS = 200
ALWAYS_THERE = {"groups.csv", "skipped.csv", "summary.json", SIDECAR}


@dataclass(frozen=True)
class FoundDuplicates:
    """The result: keys row by row, the duplicates and their originals, names, the summary."""

    keys: list[str]
    removal: Removal
    names: FileNames | None  # None for an LMDB
    summary: dict[str, Any]


def deduplicate(
    path: Path,
    out: Path,
    *,
    method: str = TRAINED,
    options: Options | None = None,
    seed: int = 42,
    model: Path | None = None,
    workers: int = 2,
    sheet_groups: int = SHEET_GROUPS,
) -> FoundDuplicates:
    """Find the near-duplicates among the images of `path` and write the folder `out`.

    method: one of ALL_METHODS. model: an autoencoder to use instead of training one. workers:
    decoding threads, which change the time and not the result. sheet_groups: maximum number of
    groups drawn. Raises ValueError (SourceError, DegenerateCodeError, ...) saying what to do, and
    OSError.
    """
    options = options or Options()
    out = Path(os.path.abspath(out))
    refuse_place(path, out)
    names = file_names(path) if path.is_dir() and lmdb_file(path) is None else None
    settings = {"method": method, **options.model_dump(include=used_options(method))}
    inputs = {} if model is None else {"model": model}
    with step_folder(out, inputs=inputs, spec=settings, seed=seed) as folder:
        pictures = folder / "pictures"  # removed at the end
        pictures.mkdir()
        store = read_thumbnails(
            path, pictures, names=names, checksums=method == EXACT, workers=workers
        )
        skipped, keys = store.manifest["skipped"], store.keys
        if not keys:
            way_out = "save them as JPEG or PNG" if "unsupported" in skipped else "another folder?"
            found = ", ".join(f"{count} {reason}" for reason, count in skipped.items())
            raise UnusableError(
                f"{path}: no readable image (skipped: {found or 'none'}); {way_out}"
            )
        made = make_codes(store, method=method, options=options, seed=seed, model=model)
        sizes = stored_sizes(store)
        removal = find_removal(
            made.codes,
            flat=made.contrast < options.minimum_contrast,
            max_group=options.max_group,
            radius=options.radius,
            order=sizes.best_first(),
        )
        removal.write_groups(folder / "groups.csv", keys, sizes)
        drawn = write_sheets(folder, path=path, keys=keys, removal=removal, most=sheet_groups)
        summary = removal.summary([legible(key) for key in keys], health=made.health)
        summary |= {"settings": settings, "seed": seed, "skipped": skipped, "groups_drawn": drawn}
        if made.network is not None:
            made.network.save(folder / "autoencoder.safetensors")
            summary["training"] = made.training
        write_json(folder / "summary.json", summary)
        (pictures / "skipped.csv").replace(folder / "skipped.csv")
        shutil.rmtree(pictures)
    return FoundDuplicates(keys, removal, names, summary)


def refuse_place(path: Path, out: Path) -> None:
    """Raise UnusableError where `out` would replace, or mix with, files of other origin."""
    images, place = Path(os.path.realpath(path)), Path(os.path.realpath(out))
    if place.is_relative_to(images) or images.is_relative_to(place):
        raise UnusableError(
            f"{out}: is inside the images' folder, or contains it; choose another --out"
        )
    if place.exists() and not place.is_dir():
        raise UnusableError(f"{out}: is a file; choose another --out")
    names = {each.name for each in place.iterdir()} if place.exists() else set()
    if names and not names >= ALWAYS_THERE:
        raise UnusableError(f"{out}: has files of other origin; choose another --out")
