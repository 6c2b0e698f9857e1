"""Compute a code for each 32x32 picture, by any of the methods of the tool `repro.dedup`.

"dae" is the paper's denoising autoencoder (§4.1.1, repro.dedup.autoencoder), trained on the
pictures themselves or read from a file; "phash", "ahash", "dhash", "whash" need no training
(repro.dedup.perceptual); "pixels" are checksums of the whole images, equal or not.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.recfunctions import repack_fields

from repro.data.store import ImageStore
from repro.dedup.autoencoder import Autoencoder, HashInputs, contrast_of, encode
from repro.dedup.binary_codes import CodeHealth
from repro.dedup.files_once import legible
from repro.dedup.options import Options
from repro.dedup.perceptual import HASHES, METHODS, perceptual_codes
from repro.dedup.removal import DegenerateCodeError, health_of_compared, refuse_degenerate
from repro.dedup.thumbnails import EQUALITY
from repro.dedup.training import train_by
from repro.errors import UnusableError
from repro.progress import Progress

TRAINED, EXACT = "dae", "pixels"
ALL_METHODS = (TRAINED, *HASHES, EXACT)
# The best of the table of `python -m repro bench near_copies`, and the radius of each method where
# none is given: for up to MANY images, and for more, since wrong pairs grow with their square.
# Of 100,000 small photos of objects pHash joined 166 pairs at distance 8, most of them wrong, 15 at
# 6, and 2 at 4 (experiments/LOG.md).
DEFAULT = "phash"
MANY = 10_000
RADIUS = {"phash": (8, 4), "dhash": (4, 2)}
assert set(METHODS) <= set(ALL_METHODS)
# Folders of 20 photos and more, with copies among them, gave no false pair and passed the check of
# the code; some folders of 10 were refused because they had too few pairs for the check.
FEWEST = 20
BLOCK = 1024  # pictures hashed together
NETWORK = "autoencoder.safetensors"


@dataclass(frozen=True)
class HashCodes:
    """codes (N, B) uint8; contrast (N,) float32 in grey levels, infinite where it is irrelevant.

    health: None where distances mean nothing. network: the autoencoder, if any. training: how it
    was trained.
    """

    codes: np.ndarray
    contrast: np.ndarray
    health: CodeHealth | None
    network: Autoencoder | None = None
    training: dict[str, Any] | None = None


def with_radius(options: Options, method: str, *, images: int) -> Options:
    """The options, with the method's radius for so many images where none was given."""
    if "radius" in options.model_fields_set:
        return options
    few, many = RADIUS.get(method, (0, 0))
    return options.model_copy(update={"radius": few if images <= MANY else many})


def used_options(method: str) -> set[str]:
    """Names of the options (repro.dedup.options) that a method uses."""
    if method == TRAINED:
        return set(Options.model_fields)
    return {"max_group"} if method == EXACT else {"max_group", "radius", "minimum_contrast"}


def make_codes(
    store: ImageStore, *, method: str, options: Options, seed: int, model: Path | None
) -> HashCodes:
    """Codes of the pictures of `store` (repro.dedup.thumbnails, with checksums for "pixels").

    model: an autoencoder to use instead of training one. Raises DegenerateCodeError, and ValueError
    for too few pictures to train on; both messages name another method.
    """
    if method == EXACT:  # flat pictures are equal nevertheless
        assert store.labels is not None
        equal = repack_fields(store.labels[list(EQUALITY)])
        codes = equal.view(np.uint8).reshape(len(store), -1)
        return HashCodes(codes, np.full(len(store), np.inf, np.float32), None)
    inputs = HashInputs(store.images)
    if method != TRAINED:
        codes, contrast = _perceptual(inputs, method)
        return HashCodes(codes, contrast, _health(codes, contrast, options))
    network, training = _network(inputs, options=options, seed=seed, model=model)
    codes, contrast = encode(network, inputs)
    health = _health(codes, contrast, options)
    try:
        if health is not None and health.count >= FEWEST:
            minimum = options.minimum_bits
            refuse_degenerate(health, minimum=minimum, where=store.manifest["source"])
    except DegenerateCodeError as error:
        raise DegenerateCodeError(f"{error}; or try --method phash, which needs none") from None
    return HashCodes(codes, contrast, health, network, training)


def codes_of_all(
    stores: list[ImageStore],
    folder: Path,
    *,
    method: str,
    options: Options,
    seed: int,
    model: Path | None,
) -> list[HashCodes]:
    """Codes of each store by one hash: an autoencoder is trained on the larger one, and saved."""
    larger = max(range(len(stores)), key=lambda number: len(stores[number]))
    first = make_codes(stores[larger], method=method, options=options, seed=seed, model=model)
    if first.network is not None:
        model = folder / NETWORK
        first.network.save(model)
    return [
        first
        if number == larger
        else make_codes(store, method=method, options=options, seed=seed, model=model)
        for number, store in enumerate(stores)
    ]


def _health(codes: np.ndarray, contrast: np.ndarray, options: Options) -> CodeHealth | None:
    return health_of_compared(codes, contrast < options.minimum_contrast, radius=options.radius)


def _network(
    inputs: HashInputs, *, options: Options, seed: int, model: Path | None
) -> tuple[Autoencoder, dict[str, Any]]:
    """The autoencoder, read from `model` or trained on the pictures, and how it was trained."""
    if model is not None:
        return Autoencoder.load(model), {"model": legible(model.name)}
    if len(inputs) < FEWEST:
        raise UnusableError(
            f"{len(inputs)} readable images; an autoencoder of their own needs {FEWEST}, or its "
            "code cannot be judged. Use --method phash, or --autoencoder with one trained elsewhere"
        )
    return train_by(options, inputs, seed=seed)


def _perceptual(inputs: HashInputs, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Codes (N, 8) uint8 and contrasts (N,) of the pictures."""
    codes, contrasts = [], []
    with Progress("hashing", unit="images", total=len(inputs)) as progress:
        for start in range(0, len(inputs), BLOCK):
            pictures = inputs.rows(start, start + BLOCK)
            codes.append(perceptual_codes(pictures, method))
            contrasts.append(contrast_of(pictures))
            progress.update(len(pictures))
    return np.concatenate(codes), np.concatenate(contrasts)
