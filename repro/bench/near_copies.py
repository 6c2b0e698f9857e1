"""How many copies of your photos each hash finds, and how many unrelated photos it joins.

Photos of a folder, evenly spread, are hashed; of some of them copies are made, in each kind and
strength of repro/dedup/perturbations.py. Two sets are scored: EVERYDAY, nine kinds at one moderate
strength, and all kinds and strengths but mirrored ones, which no hash here is made for. The
autoencoder is trained on the photos and on no copy:

    masking            the paper's plain reading, the pipeline's default
    views              corruption: views, with all kinds of views
    views, one out     each kind of copy is scored by a network whose views did not have that kind
    views, family out  or none of its family either (crop and shift; rescale, recompress and noise;
                       brightness and grey)

Found: share of copies within a Hamming distance of their original, in %. Wrong: pairs of different
photos within it (natural duplicates count as wrong, so look at them: --list-wrong). Allowed: the
largest distance at which, were 9.1 % of the photos copies (the paper's share), no more than one
found pair in a hundred would be wrong; "found there" is the share found at it.

Runs alone: python -m repro bench near_copies --photos FOLDER [--images 2000] [--originals 150]
"""

import argparse
import multiprocessing
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from repro.command_line import add_workers, at_least_one, natural
from repro.data.formats import UnreadableImage
from repro.data.images import decode, decode_square, halve
from repro.data.raw_images import files_below
from repro.dedup.autoencoder import Autoencoder, HashInputs, encode
from repro.dedup.binary_codes import effective_bits
from repro.dedup.hamming_search import hamming, pairs_within
from repro.dedup.options import Options
from repro.dedup.perceptual import HASHES, perceptual_codes
from repro.dedup.perturbations import EVERYDAY, near_copy, perturbations
from repro.dedup.training import train_autoencoder
from repro.dedup.views import VIEW_KINDS
from repro.errors import UnusableError
from repro.progress import tracked
from repro.rng import generator

COPY_SHARE = 275_000 / 3_033_042  # removed in the paper
WRONG = 0.01  # of the pairs found: the paper's own estimate
FURTHEST = {64: 12, 128: 24}  # bits of a code -> the largest distance counted
SHOWN = (0, 4, 8)
FAMILIES = {
    "geometry": (("crop", "shift"), ("crop", "narrow", "rotate", "frame")),
    "detail": (("rescale", "recompress", "noise"),
               ("rescale", "recompress", "noise", "blur", "sharpen")),
    "light": (("brightness", "grey"), ("brightness", "grey", "contrast", "warmth")),
}  # fmt: skip  # family -> views of it, kinds of copies of it

Hash = Callable[[np.ndarray], np.ndarray]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos")
    parser.add_argument("--images", type=at_least_one, default=2000, help="photos hashed")
    parser.add_argument("--originals", type=at_least_one, default=150, help="photos with copies")
    parser.add_argument("--seed", type=natural, default=42, help="of the training and the copies")
    parser.add_argument("--presentations", type=at_least_one, help="photos shown in a training")
    parser.add_argument(
        "--agreement",
        type=float,
        default=Options.model_fields["agreement"].default,
        help="of the trainings on views",
    )
    add_workers(parser, "trainings", default=1)
    parser.add_argument("--list-wrong", type=Path, help="write the names of wrong pairs there")


def run(given: argparse.Namespace) -> dict[str, Any]:
    torch.set_num_threads(given.threads)
    photos = Photos(given.photos, images=given.images, originals=given.originals, seed=given.seed)
    cases = []
    wrong: list[str] = []
    for name, hashes in _methods(photos, given):
        score = Score(photos, hashes)
        cases.append({"case": name, **score.record()})
        wrong += [f"{name}\t{line}" for line in score.wrong_pairs()]
        print(_line(cases[-1]), flush=True)
    if given.list_wrong is not None:
        given.list_wrong.write_text("".join(f"{line}\n" for line in wrong), encoding="utf-8")
    return {
        "n": len(photos.images),
        "originals": len(photos.rows),
        "unit": "% of copies found",
        "device": "cpu",
        "copies": [f"{kind} {strength:g}" for kind, strength in EVERYDAY],
        "cases": cases,
    }


class Photos:
    """Pictures (N, 32, 32, 3) uint8 of a folder, and copies of some of them by perturbation."""

    def __init__(self, folder: Path, *, images: int, originals: int, seed: int) -> None:
        names = files_below(folder)
        picked = np.linspace(0, len(names) - 1, min(images, len(names))).round().astype(int)
        self.names: list[str] = []
        pictures = []
        for name in tracked([names[n] for n in picked], "reading", unit="photos"):
            try:
                pictures.append(_picture((folder / name).read_bytes()))
            except UnreadableImage:
                continue
            self.names.append(name)
        if len(pictures) < 2:
            raise UnusableError(f"{folder}: {len(pictures)} readable photos; give a folder of them")
        self.images = np.stack(pictures)
        n = len(pictures)
        self.rows = np.unique(np.linspace(0, n - 1, min(originals, n)).round().astype(int))
        every = [p for fresh in (False, True) for p in perturbations(fresh=fresh)]
        self.perturbations = list(EVERYDAY) + [p for p in every if p[0] != "mirror"]
        self.copies = np.empty((len(self.perturbations), len(self.rows), 32, 32, 3), np.uint8)
        for column, row in enumerate(tracked(self.rows.tolist(), "making copies", unit="photos")):
            whole = decode((folder / self.names[row]).read_bytes())
            for number, (kind, strength) in enumerate(self.perturbations):
                draw = generator(seed, f"near copies, {row}, {kind}, {strength:g}")
                data = near_copy(whole, kind=kind, strength=strength, rng=draw)
                self.copies[number, column] = _picture(data)


def _picture(data: bytes) -> np.ndarray:
    return halve(decode_square(data, 64)[None])[0]


def _methods(photos: Photos, given: argparse.Namespace) -> list[tuple[str, dict[str, Hash]]]:
    """(name, hash by kind of copy); "" is the hash of all kinds without one of their own."""
    every = tuple(VIEW_KINDS)
    without = {
        family: tuple(kind for kind in every if kind not in excluded)
        for family, (excluded, _) in FAMILIES.items()
    }
    copied = {kind for kind, _ in photos.perturbations}
    alone = {kind: tuple(k for k in every if k != kind) for kind in every if kind in copied}
    wanted = list(dict.fromkeys([None, every, *alone.values(), *without.values()]))
    train = partial(_trained, photos.images, given)
    with multiprocessing.get_context("spawn").Pool(given.workers) as pool:
        networks = pool.map(train, wanted, chunksize=1)
    hashes = {kinds: _hash_of(state) for kinds, state in zip(wanted, networks, strict=True)}
    one_out = {"": hashes[every]} | {kind: hashes[kinds] for kind, kinds in alone.items()}
    family_out = {"": hashes[every]}
    for family, (_, kinds) in FAMILIES.items():
        family_out |= dict.fromkeys(kinds, hashes[without[family]])
    perceptual: list[tuple[str, dict[str, Hash]]] = [
        (name, {"": partial(perceptual_codes, method=name)}) for name in HASHES
    ]
    return [
        *perceptual,
        ("dae, masking", {"": hashes[None]}),
        ("dae, views", {"": hashes[every]}),
        ("dae, views, one out", one_out),
        ("dae, views, family out", family_out),
    ]


def _trained(
    images: np.ndarray, given: argparse.Namespace, view_kinds: tuple[str, ...] | None
) -> dict[str, np.ndarray]:
    """Weights of the autoencoder trained on images (N, 32, 32, 3); no kinds: by masking."""
    torch.set_num_threads(given.threads)
    options = Options()
    if view_kinds is not None:
        options = Options(corruption="views", agreement=given.agreement)
    if given.presentations is not None:
        options = options.model_copy(update={"presentations": given.presentations})
    more = {} if view_kinds is None else {"view_kinds": view_kinds}
    settings = options.training(len(images)) | more
    network, _ = train_autoencoder(HashInputs(images), seed=given.seed, **settings)
    return {name: values.numpy() for name, values in network.state_dict().items()}


def _hash_of(state: dict[str, np.ndarray]) -> Hash:
    network = Autoencoder()
    network.load_state_dict({name: torch.from_numpy(values) for name, values in state.items()})
    return lambda pictures: encode(network, HashInputs(pictures))[0]


class Score:
    """What one method finds."""

    def __init__(self, photos: Photos, hashes: dict[str, Hash]) -> None:
        self.photos = photos
        used = {id(each): each for each in hashes.values()}
        codes = {name: each(photos.images) for name, each in used.items()}
        self.bits = 8 * codes[id(hashes[""])].shape[1]
        self.furthest = FURTHEST[self.bits]
        self.effective_bits = min(effective_bits(each) for each in codes.values())
        self.distance = np.stack(
            [
                hamming(hashes.get(kind, hashes[""])(copies), codes[id(own)][photos.rows])
                for (kind, _), copies in zip(photos.perturbations, photos.copies, strict=True)
                for own in [hashes.get(kind, hashes[""])]
            ]
        )  # (perturbations, originals)
        self.pairs = [(each, pairs_within(each, radius=self.furthest)) for each in codes.values()]

    def found(self, distance: int, which: slice = slice(None)) -> float:
        """Share of the copies found; mean over perturbations."""
        return float((self.distance[which] <= distance).mean())

    def wrong(self, distance: int) -> float:
        """Pairs of different photos found; the mean over networks, where there are several."""
        return float(np.mean([self._within(*pairs, distance).sum() for pairs in self.pairs]))

    def wrong_pairs(self) -> list[str]:
        codes, pairs = self.pairs[0]
        near = pairs[self._within(codes, pairs, max(0, self.allowed() or 0) + 1)]
        return [f"{self.photos.names[i]}\t{self.photos.names[j]}" for i, j in near.tolist()]

    @staticmethod
    def _within(codes: np.ndarray, pairs: np.ndarray, distance: int) -> np.ndarray:
        return hamming(codes[pairs[:, 0]], codes[pairs[:, 1]]) <= distance

    def precision(self, distance: int, which: slice) -> float:
        hits = COPY_SHARE * len(self.photos.images) * self.found(distance, which)
        everything = hits + self.wrong(distance)
        return hits / everything if everything else 1.0

    def allowed(self) -> int | None:
        """The largest distance up to which at most WRONG of the pairs found are wrong."""
        everyday = slice(len(EVERYDAY))
        for distance in range(self.furthest + 1):
            if self.precision(distance, everyday) < 1 - WRONG:
                return distance - 1 if distance else None
        return self.furthest

    def record(self) -> dict[str, Any]:
        allowed = self.allowed()
        sets = {"everyday": slice(len(EVERYDAY)), "all": slice(len(EVERYDAY), None)}
        record: dict[str, Any] = {
            "bits": self.bits,
            "effective_bits": round(self.effective_bits, 1),
            "allowed": allowed,
            "wrong": {str(d): round(self.wrong(d), 1) for d in SHOWN},
        }
        for name, which in sets.items():
            record[name] = {str(d): _percent(self.found(d, which)) for d in SHOWN}
            at = None if allowed is None else _percent(self.found(allowed, which))
            record[name]["allowed"] = at
        record["by_kind"] = {
            f"{kind} {strength:g}": [_percent((self.distance[n] <= d).mean()) for d in SHOWN]
            for n, (kind, strength) in enumerate(self.photos.perturbations)
        }
        return record


def _percent(share: float) -> float:
    return round(100 * float(share), 1)


def _line(case: dict[str, Any]) -> str:
    """A row of the table."""
    day, every, wrong = case["everyday"], case["all"], case["wrong"]
    found = " / ".join(f"{day[str(d)]:.0f}" for d in SHOWN)
    more = " / ".join(f"{every[str(d)]:.0f}" for d in SHOWN)
    return (
        f"{case['case']:<22} everyday {found:<13} all {more:<13} wrong "
        f"{' / '.join(f'{wrong[str(d)]:g}' for d in SHOWN):<12} effective bits "
        f"{case['effective_bits']:<5g} allowed {case['allowed']}: "
        f"{day['allowed']}, {every['allowed']}"
    )
