"""What the pipeline's de-duplication removed (paper §4.1.1): sample groups, and collisions.

Part of measure.py: reads the folder that `data_prep/dedup.py` wrote. Needs no truth file. Alone:
`read_removed(folder, images=len(store))`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from repro.data.store import ImageStore
from repro.data.store_writer import StoreError
from repro.dedup.truth import Truth
from repro.rng import generator

FILES = ("codes.npy", "first.npy", "keep.npy")


@dataclass(frozen=True)
class Removed:
    """codes (N, 16) uint8; first (N,) int64: the row kept instead of each; keep (N,) bool."""

    codes: np.ndarray
    first: np.ndarray
    keep: np.ndarray
    summary: dict[str, Any]

    @property
    def standing_for(self) -> np.ndarray:
        """(N,) the row that replaces each image: its own if it was kept, whatever its code."""
        return np.where(self.keep, np.arange(len(self.keep)), self.first)


def read_removed(folder: Path, *, images: int) -> Removed:
    """The de-duplication of a dataset of `images` images; StoreError if it belongs to another."""
    for name in FILES:
        if not (folder / name).is_file():
            raise StoreError(f"{folder}: no {name}; de-duplicate the dataset again")
    codes, first, keep = (np.load(folder / name, allow_pickle=False) for name in FILES)
    lengths = {name: len(array) for name, array in zip(FILES, (codes, first, keep), strict=True)}
    if set(lengths.values()) != {images}:
        found = ", ".join(f"{length} in {name}" for name, length in lengths.items())
        raise StoreError(
            f"{folder}: {found} for {images} images; it belongs to another dataset: de-duplicate "
            "this one again"
        )
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return Removed(codes=codes, first=first, keep=keep, summary=summary)


def shown_groups(
    store: ImageStore,
    removed: Removed,
    truth: Truth | None,
    *,
    groups: int,
    members: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Random groups: images (G, M, H, W, C) uint8, shown (G, M) bool, wrong (G, M) bool."""
    first, keep = removed.first, removed.keep
    leaders = np.unique(first[~keep])
    draw = generator(seed, "dedup, groups shown")
    leaders = np.sort(draw.permutation(leaders)[:groups])
    images = np.full((len(leaders), members, *store.images.shape[1:]), 255, np.uint8)
    shown, wrong = (np.zeros(images.shape[:2], bool) for _ in range(2))
    of_leaders = np.flatnonzero(~keep & np.isin(first, leaders))
    for place, leader in enumerate(leaders):
        rows = [leader, *of_leaders[first[of_leaders] == leader]][:members]
        images[place, : len(rows)] = store.images[rows]
        shown[place, : len(rows)] = True
        if truth is not None:
            group = truth.group[rows]
            wrong[place, : len(rows)] = (group != group[0]) & (group >= 0) & (group[0] >= 0)
    return {"images": images, "shown": shown, "wrong": wrong}


def sampled_collisions(
    store: ImageStore, removed: Removed, *, n: int, seed: int
) -> dict[str, np.ndarray]:
    """At most n removed images at random, each with the one kept for it, in random order.

    images (P, 2, H, W, C) uint8, the one kept first; kept_keys and removed_keys (P,) str, as
    printable text; collisions (): how many images were removed in all.
    """
    gone = np.flatnonzero(~removed.keep)
    chosen = generator(seed, "dedup, collisions to label").permutation(gone)[:n]
    pairs = np.stack([removed.first[chosen], chosen], axis=1)  # (P, 2)
    images = np.zeros((*pairs.shape, *store.images.shape[1:]), np.uint8)
    for place, rows in enumerate(pairs):
        images[place] = store.images[rows]
    keys = [[printable(store.keys[row]) for row in rows] for rows in pairs]
    return {
        "images": images,
        "kept_keys": np.array([kept for kept, _ in keys], str),
        "removed_keys": np.array([gone for _, gone in keys], str),
        "collisions": np.array(len(gone)),
    }


def printable(key: str) -> str:
    """A key as text that every CSV and browser can hold; other bytes and controls become \\x..."""
    text = key.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
