"""Folder of images or LMDB -> a folder that lists its near-duplicates (paper §4.1.1, and beyond).

Where in the flow: the function behind the tool `python -m repro dedup`, whose docstring lists the
files written. It reads every image once (repro.dedup.thumbnails), computes codes
(repro.dedup.methods), groups them (repro.dedup.removal) or compares them with those of another
collection (repro.dedup.across), and shows the groups (repro.dedup.groups_page). The pipeline's step
on a prepared dataset is data_prep/dedup.py. Alone: python -m repro dedup PATH --out OUT
"""

import os
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from repro.artefacts.provenance import SIDECAR
from repro.artefacts.step_folder import step_folder
from repro.artefacts.whole_file import write_json
from repro.data.raw_images import lmdb_file
from repro.data.store import ImageStore
from repro.dedup.across import find_copies, summary_across
from repro.dedup.delete_list import Going
from repro.dedup.files_once import FileNames, file_names, legible
from repro.dedup.group_table import write_groups, write_groups_json, write_pairs
from repro.dedup.groups_page import write_groups_page
from repro.dedup.methods import (
    DEFAULT,
    EXACT,
    HashCodes,
    codes_of_all,
    used_options,
    with_radius,
)
from repro.dedup.options import Options
from repro.dedup.removal import Removal, find_removal
from repro.dedup.stored_images import StoredImages
from repro.dedup.thumbnails import read_thumbnails
from repro.errors import UnusableError

PAGE_GROUPS = 300
ALWAYS_THERE = {"skipped.csv", "summary.json", SIDECAR}


@dataclass(frozen=True)
class FoundDuplicates:
    """The result: keys row by row, the duplicates and their originals, the summary.

    keys, removal: of the images of the folder, followed by those of the other one, if any.
    """

    keys: list[str]
    images: int  # of the folder itself: the first rows
    removal: Removal
    going: Going
    summary: dict[str, Any]

    @property
    def kept(self) -> list[str]:
        """Keys of the folder's images that would stay."""
        return [self.keys[row] for row in np.flatnonzero(self.removal.keep[: self.images])]


def deduplicate(
    path: Path,
    out: Path,
    *,
    method: str = DEFAULT,
    options: Options | None = None,
    against: Path | None = None,
    keep: str = "largest",
    seed: int = 42,
    model: Path | None = None,
    workers: int = 2,
    page_groups: int = PAGE_GROUPS,
) -> FoundDuplicates:
    """Find the near-duplicates among the images of `path` and write the folder `out`.

    method: one of ALL_METHODS. against: find images of `path` that are in this folder or LMDB as
    well, and none within `path`. keep: which image of a group stays (KEEPS). model: an autoencoder
    to use instead of training one. workers: decoding threads, which change the time and not the
    result. page_groups: maximum number of groups on the page. Raises ValueError (SourceError,
    DegenerateCodeError, ...) saying what to do, and OSError.
    """
    options = options or Options()
    out = Path(os.path.abspath(out))
    places = [path] if against is None else [path, against]
    names = _named(places, out, keep=keep)
    settings = _settings(method, options, keep=keep, against=against)
    inputs = {} if model is None else {"model": model}
    with step_folder(out, inputs=inputs, spec=settings, seed=seed) as folder:
        scratch = folder / "pictures"  # removed at the end
        sharp = keep == "sharpest" and against is None
        read = partial(read_collection, method=method, workers=workers, sharpness=sharp)
        numbered = enumerate(zip(places, names, strict=True))
        stores = [read(place, scratch / str(n), names=own) for n, (place, own) in numbered]
        options = with_radius(options, method, images=sum(map(len, stores)))
        if "radius" in settings:
            settings["radius"] = options.radius
        made = codes_of_all(stores, folder, method=method, options=options, seed=seed, model=model)
        found = (
            _within(stores[0], made[0], folder, options=options, keep=keep)
            if against is None
            else _across(stores, made, folder, options=options)
        )
        going = _going(found.removal, found.keys, found.stored, places=places, names=names)
        shown = _write_page(folder, found, going, places=places, stores=stores, most=page_groups)
        summary = _summary(found, stores[0], made)
        summary |= {"settings": settings, "seed": seed, "groups_shown": shown}
        write_json(folder / "summary.json", summary)
        for number, name in enumerate(["skipped.csv", "skipped_against.csv"][: len(stores)]):
            (scratch / str(number) / "skipped.csv").replace(folder / name)
        shutil.rmtree(scratch)
    return FoundDuplicates(found.keys, len(stores[0]), found.removal, going, summary)


def _named(places: list[Path], out: Path, *, keep: str) -> list[FileNames | None]:
    """The files of each place, after all that can be refused before anything is read."""
    for place in places:
        refuse_place(place, out)
    if len(places) > 1:
        refuse_overlap(*places)
    names = [names_of(place) for place in places]
    if keep == "newest" and names == [None]:
        raise UnusableError(
            f"{places[0]}: an LMDB has no dates, which --keep newest needs; choose another --keep"
        )
    return names


def _settings(method: str, options: Options, *, keep: str, against: Path | None) -> dict[str, Any]:
    """What the record and the summary say of the settings; a radius still to be chosen is None."""
    settings = {"method": method, **options.model_dump(include=used_options(method))}
    if "radius" in settings and "radius" not in options.model_fields_set:
        settings["radius"] = None  # of the method, by the number of images
    return settings | ({"keep": keep} if against is None else {"against": legible(against.name)})


@dataclass(frozen=True)
class _Compared:
    """All images that were compared, which of them repeat others, and the counts."""

    keys: list[str]
    stored: StoredImages
    removal: Removal
    summary: dict[str, Any]


def _write_page(
    folder: Path,
    found: _Compared,
    going: Going,
    *,
    places: list[Path],
    stores: list[ImageStore],
    most: int,
) -> int:
    return write_groups_page(
        folder / ("groups.html" if len(places) == 1 else "pairs.html"),
        sources=[(place, len(each)) for place, each in zip(places, stores, strict=True)],
        keys=found.keys,
        stored=found.stored,
        removal=found.removal,
        going=going,
        most=most,
    )


def _summary(found: _Compared, store: ImageStore, made: list[HashCodes]) -> dict[str, Any]:
    """The counts; store: of the folder itself."""
    training = [each.training for each in made if each.training is not None]
    return {
        **found.summary,
        "skipped": store.manifest["skipped"],
        "several_pictures": int(found.stored.several[: len(store)].sum()),
        **({"training": max(training, key=len)} if training else {}),  # not of a loaded one
    }


def _within(
    store: ImageStore, made: HashCodes, folder: Path, *, options: Options, keep: str
) -> _Compared:
    """Compare the images of one collection with each other; write groups.csv and groups.json."""
    stored, keys = StoredImages.of(store), list(store.keys)
    limits = _limits([made], options)
    removal = find_removal(made.codes, order=stored.best_first(keep), **limits)
    write_groups(folder / "groups.csv", removal, keys, stored)
    write_groups_json(folder / "groups.json", removal, keys, stored)
    summary = removal.summary([legible(key) for key in keys], health=made.health)
    return _Compared(keys, stored, removal, summary)


def _across(
    stores: list[ImageStore], made: list[HashCodes], folder: Path, *, options: Options
) -> _Compared:
    """Compare the images of one collection with those of another; write the table of pairs."""
    first, second = stores
    stored = StoredImages.of(first).followed_by(StoredImages.of(second))
    keys = [*first.keys, *second.keys]
    limits = _limits(made, options)
    removal, counterparts = find_copies(made[0].codes, made[1].codes, **limits)
    write_pairs(folder, removal, keys, stored, counterparts)
    summary = summary_across(removal, keys, images=len(first))
    return _Compared(keys, stored, removal, summary)


def _limits(made: list[HashCodes], options: Options) -> dict[str, Any]:
    """The keywords that find_removal and find_copies share."""
    flat = np.concatenate([each.contrast for each in made]) < options.minimum_contrast
    return {"max_group": options.max_group, "radius": options.radius, "flat": flat}


def names_of(path: Path) -> FileNames | None:
    """The files of a folder of images; None for an LMDB."""
    return file_names(path) if path.is_dir() and lmdb_file(path) is None else None


def read_collection(
    path: Path,
    folder: Path,
    *,
    names: FileNames | None,
    method: str,
    workers: int,
    sharpness: bool,
) -> ImageStore:
    """Pictures of one collection in the new `folder`. UnusableError where none can be read."""
    folder.mkdir(parents=True)
    store = read_thumbnails(
        path, folder, names=names, workers=workers, checksums=method == EXACT, sharpness=sharpness
    )
    if not store.keys:
        skipped = store.manifest["skipped"]
        way_out = "save them as JPEG or PNG" if "unsupported" in skipped else "another folder?"
        found = ", ".join(f"{count} {reason}" for reason, count in skipped.items())
        raise UnusableError(f"{path}: no readable image (skipped: {found or 'none'}); {way_out}")
    return store


def _going(
    removal: Removal,
    keys: list[str],
    stored: StoredImages,
    *,
    places: list[Path],
    names: list[FileNames | None],
) -> Going:
    roots = [
        None if own is None else os.path.realpath(place)
        for place, own in zip(places, names, strict=True)
    ]
    rows = np.flatnonzero(~removal.keep).tolist()
    own = names[0]
    return Going(
        root=roots[0],
        copies=[(keys[row], keys[removal.first[row]]) for row in rows],
        twins=roots[-1],
        several=frozenset() if own is None else own.several,
        animated=frozenset(keys[row] for row in rows if stored.several[row]),
    )


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


def refuse_overlap(path: Path, against: Path) -> None:
    """Raise UnusableError where two collections share files: each would be its own copy."""
    one, other = (Path(os.path.realpath(each)) for each in (path, against))
    if one.is_relative_to(other) or other.is_relative_to(one):
        raise UnusableError(
            f"--against {against}: contains {path}, or is inside it; give two separate folders"
        )
