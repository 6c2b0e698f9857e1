"""Fig 5 (paper §6.2): what the last convolution of D responds to, trained and untrained.

Reads the bedroom model and its images, without near-duplicates where the run de-duplicates them.
Writes guided gradients and image patches of the strongest responses (arrays.npz), and measures how
selective the channels are and how concentrated their responses. Where the raw bedrooms are
synthetic, it measures how many channels respond to beds, windows and lamps. Given a model of
objects and labelled images, it also measures how strongly the class determines responses. Alone:
python -m experiments.filters.measure --spec S.json --input bedrooms.model=DIR
    --input bedrooms.data=DIR [--input bedrooms.dedup=DIR] [--input bedrooms.raw=DIR]
    [--input objects.model=DIR --input cifar10.data=DIR] --out DIR
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.drawn_rooms import bedrooms_are_drawn, draw_rooms
from experiments.filters.classes import class_auc, class_share
from experiments.filters.multiverse import selectivity_universes
from experiments.filters.options import Options
from experiments.filters.pools import ImagePool, bedroom_pool, labelled_pool
from experiments.filters.responses import Responses
from experiments.filters.results import (
    PERMUTED,
    Values,
    bedroom_measurements,
    class_measurements,
)
from experiments.filters.thing_results import none_known, thing_measurements
from experiments.filters.things import chances_by_side, untrained_seed
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.claims.multiverse import write_multiverse
from repro.internals.guided_backprop import peaks
from repro.networks.dcgan import Discriminator
from repro.networks.discriminator_inputs import freeze_on
from repro.networks.model_folder import ModelFolder
from repro.rng import shuffled

Sides = dict[str, list[Responses]]  # "random" and "trained": networks that share the channels


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Compare the strongest responses of trained and random networks on one pool of real images."""
    model, pool = inputs.model("bedrooms.model"), bedroom_pool(inputs, most=options.pool, seed=seed)
    top, words = options.top, f"{pool.words}; {_shared(options)}"
    sides = _sides(model, pool.images, options, seed=seed)
    tiles = _tiles(sides, channels=options.channels, shown=options.shown)
    values = _of_bedrooms(sides, seed=seed)
    measurements = bedroom_measurements(values, top=top, pool=words, seed=seed)
    given = options.multiverse.trained_is_selective
    if given is not None:
        strongest = {
            name: np.concatenate([part.strongest for part in parts], axis=1)
            for name, parts in sides.items()
        }
        others = selectivity_universes(strongest, given=given, top=top, words=words, seed=seed)
        write_multiverse(out, others)
    measurements += _of_things(inputs, model, options, seed=seed)

    if inputs.has("objects.model") and inputs.has("cifar10.data"):
        labelled = labelled_pool(inputs, most=options.labelled, seed=seed)
        of_classes = _of_classes(inputs.model("objects.model"), labelled, options, seed=seed)
        words = f"{labelled.words}; {_shared(options)}"
        measurements += class_measurements(of_classes, pool=words, seed=seed)
        values |= of_classes
    by_side = {f"{name}_{side}": v for name, both in values.items() for side, v in both.items()}
    save_arrays(out / "arrays.npz", **tiles, **by_side)
    return measurements


def _shared(options: Options) -> str:
    if options.controls == 1:
        return "compared with 1 network with initial weights"
    return f"compared with {options.controls} networks with initial weights that share the channels"


def _sides(model: ModelFolder, images: np.ndarray, options: Options, *, seed: int) -> Sides:
    """The trained network's responses, and those of the untrained ones that share the channels."""
    responses = partial(Responses, images=images, top=options.top, compared=options.compared)
    untrained = enumerate(_untrained(model, images, networks=options.controls, seed=seed))
    return {
        "random": [responses(D, part=(number, options.controls)) for number, D in untrained],
        "trained": [responses(model.discriminator())],
    }


def _untrained(
    model: ModelFolder, images: np.ndarray, *, networks: int, seed: int
) -> Iterator[Discriminator]:
    """Networks with initial weights, their batch statistics frozen on images."""
    for number in range(networks):
        yield freeze_on(model.random_discriminator(untrained_seed(seed, number)), images)


def _tiles(sides: Sides, *, channels: int, shown: int) -> dict[str, np.ndarray]:
    """The tiles of Fig 5 by kind and side, (channels, shown, size, size, C) uint8.

    One network of each side is shown, the first.
    """
    arrays = {}
    for name, (side, *_) in sides.items():
        first = range(min(channels, len(side.top)))
        tiles = (side.tiles(channel, shown=shown) for channel in first)
        gradients, patches = zip(*tiles, strict=True)
        arrays[f"gradients_{name}"] = np.stack(gradients)
        arrays[f"patches_{name}"] = np.stack(patches)
    return arrays


def _of_bedrooms(sides: Sides, *, seed: int) -> Values:
    """Selectivity, likeness and concentration of each channel: (channels,) or (compared,)."""
    values: Values = {}
    for name, parts in sides.items():
        found = [_of_network(part, seed=seed) for part in parts]
        for quantity in found[0]:
            of_all = np.concatenate([one[quantity] for one in found])
            values.setdefault(quantity, {})[name] = of_all
    return values


def _of_network(part: Responses, *, seed: int) -> dict[str, np.ndarray]:
    """The same of one network, for the channels that it measures."""
    alike = part.likenesses()
    return {
        "selectivity": part.selectivity,
        "gradient_likeness": alike,
        "gradient_likeness_excess": alike - part.any_likenesses(seed=seed),
        "shape_likeness_excess": part.shape_excesses(seed=seed),
        "concentration": part.concentration,
    }


def _of_things(
    inputs: Inputs, model: ModelFolder, options: Options, *, seed: int
) -> list[Measurement]:
    """How many channels respond to beds, windows and lamps, if the places of these are known."""
    network = model.spec.network
    if not bedrooms_are_drawn(inputs, network):
        return none_known()
    rooms = draw_rooms(
        options.rooms,
        size=network.image_size,
        cells=network.image_size // 2,
        seed=seed,
        purpose="filters, rooms",
    )
    found = chances_by_side(
        model,
        rooms,
        top=options.top,
        draws=options.others,
        networks=options.controls,
        seed=seed,
    )
    words = (
        f"{options.top} strongest of {options.rooms} rooms per channel, none of them trained on; "
        f"{options.controls} networks of each control share its channels"
    )
    return thing_measurements(found, words=words, seed=seed)


def _of_classes(model: ModelFolder, pool: ImagePool, options: Options, *, seed: int) -> Values:
    """How class-specific peaks are: trained, random, and trained with the labels permuted."""
    images, labels, networks = pool.images, pool.labels, options.controls
    untrained = [
        peaks(D, images).value[:, number::networks]
        for number, D in enumerate(_untrained(model, images, networks=networks, seed=seed))
    ]
    peak = {
        "random": np.concatenate(untrained, axis=1),
        "trained": peaks(model.discriminator(), images).value,
    }
    order = shuffled(len(labels), seed=seed, purpose="filters, permuted labels")
    given = {"random": labels, "trained": labels, PERMUTED: labels[order]}
    peak[PERMUTED] = peak["trained"]
    return {
        name: {side: found(peak[side], given[side]) for side in given}
        for name, found in {"class_share": class_share, "class_auc": class_auc}.items()
    }


if __name__ == "__main__":
    measure_command(measure, Options)
