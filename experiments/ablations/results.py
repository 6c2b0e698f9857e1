"""From what was measured of every training to the experiment's numbers and arrays.

Part of measure.py. Effects are paired: a change's trainings against the recipe's, seed by seed. A
distance is compared on a logarithmic axis, as a multiple of the recipe's, so that a training that
fails 70-fold does not drown in its own spread. The intervals of all effects on one quantity are
corrected together (repro.claims.holm). Alone: `quantity_numbers(compared, "diversity")`.
"""

from dataclasses import dataclass, field

import numpy as np

from experiments.ablations.changes import Change
from experiments.ablations.options import LEAST, TROUBLES
from repro.claims.constructors import counted_share_over, estimate_over, single_number, student_over
from repro.claims.holm import holm_intervals
from repro.claims.intervals import jackknife_error, student
from repro.claims.measurement import Measurement
from repro.claims.withheld import without_value
from repro.quality.feature_spaces import UNTRAINED

QUANTITIES = {  # quantity -> (its unit, how it was measured)
    "distance": (
        "",
        f"unbiased squared MMD, kernel (x.y/F + 1)^3, {UNTRAINED} (not Inception, "
        "so not KID), standardised; samples against held-out real images",
    ),
    "diversity": (
        "",
        "of 256 samples over that of equally many held-out images (repro.train.monitor)",
    ),
    "features": (
        "%",
        "balanced accuracy with which a ridge classifier on D's features tells whether a "
        "synthetic room has a window; 50: chance",
    ),
    "restlessness": (
        "",
        "length of the path that the pictures of the same z take through the generators kept in "
        "the later half, over the distance from first to last; 1: steady",
    ),
}
OF_CHANGES = {"%": "percentage points"}  # unit of a quantity -> unit of its change
IN_LEDGER = ("distance", "diversity")  # whose effects the ledger of departures quotes
NETWORKS_TOO = " and untrained networks"  # over which an interval is also


@dataclass(frozen=True)
class ComparedChange:
    """A change with what was measured of its R trainings, in the order of the seeds.

    values: (R,) by quantity, and "swinging_earlier" and "swinging_later", shares of G's filters;
    what could not be measured is absent. shown (n, H, W, C) uint8: samples of the first training;
    without (R, W): distances without each of the W untrained networks, if there are several.
    """

    change: Change
    values: dict[str, np.ndarray]
    shown: np.ndarray = field(repr=False)
    without: np.ndarray = field(default_factory=lambda: np.empty((0, 0)), repr=False)


def all_numbers(compared: list[ComparedChange], *, suffix: str = "") -> list[Measurement]:
    """Means, effects and troubles of all changes, the recipe first; suffix: of the names."""
    made = []
    for quantity in QUANTITIES:
        if all(quantity in one.values for one in compared):
            made += quantity_numbers(compared, quantity, suffix=suffix)
    for one in compared:
        found = one.change.troubles
        kinds = {kind: sum(kind in own for own in found) for kind in TROUBLES}
        words = ", ".join(f"{kind.replace('_', ' ')} in {n}" for kind, n in kinds.items() if n)
        made.append(
            counted_share_over(
                f"troubled_{one.change.name}{suffix}",
                sum(map(bool, found)),
                len(found),
                over="trainings",
                protocol="trainings in which the monitor reported a trouble (repro.train.monitor): "
                f"{words or 'none'}",
            )
        )
    return made


def quantity_numbers(
    compared: list[ComparedChange], quantity: str, *, suffix: str = ""
) -> list[Measurement]:
    """Mean over trainings of every change, and its effect against the recipe, paired by seed.

    Intervals of distances contain the error over the untrained networks.
    """
    effects = _effects(compared, quantity, suffix) if len(compared) > 1 else []
    return [*(_mean(one, quantity, suffix) for one in compared), *effects]


def _mean(one: ComparedChange, quantity: str, suffix: str) -> Measurement:
    unit, protocol = QUANTITIES[quantity]
    own = one.values[quantity]
    networks = quantity == "distance" and one.without.size > 0
    error = jackknife_error(one.without.mean(axis=0)) if networks else 0.0
    return student_over(
        f"{quantity}_{one.change.name}{suffix}",
        own,
        over=f"trainings{NETWORKS_TOO if networks else ''}",
        protocol=protocol,
        unit=unit,
        further=error,
    )


def _effects(compared: list[ComparedChange], quantity: str, suffix: str) -> list[Measurement]:
    """The effects of all changes on a quantity, corrected together: multiples of distances."""
    unit, protocol = QUANTITIES[quantity]
    recipe, *changed = compared
    pairs = [(one.values[quantity], recipe.values[quantity]) for one in changed]
    if multiple := quantity == "distance":
        effects = [log_multiple(own, base) for own, base in pairs]
        what, against = "times_distance", "over that of the recipe; geometric mean"
    else:
        effects = [own - base for own, base in pairs]
        what, against = f"change_in_{quantity}", "minus that of the recipe"
    errors = [0.0] * len(changed)
    if networks := multiple and recipe.without.size > 0:
        parts = [log_multiple(one.without, recipe.without).mean(axis=0) for one in changed]
        errors = [jackknife_error(without) for without in parts]
    stated = []
    for one, effect, ends in zip(
        changed, effects, holm_intervals(effects, further=errors), strict=True
    ):
        made = estimate_over(
            f"{what}_{one.change.name}{suffix}",
            _out(float(effect.mean()), multiple),
            (_out(ends[0], multiple), _out(ends[1], multiple)),
            over=f"{len(effect)} pairs of trainings from the same seed"
            f"{NETWORKS_TOO if networks else ''}",
            by=f"Student interval, Holm over {len(effects)} effects",
            n=len(effect),
            unit="" if multiple else OF_CHANGES.get(unit, unit),
            protocol=f"with {one.change.words}, {against}; {protocol}",
        )
        own = one.change.setting if quantity in IN_LEDGER and not suffix else {}
        stated.append(made.model_copy(update={**own, "corrected_over": len(effects)}))
    return stated


def log_multiple(own: np.ndarray, base: np.ndarray) -> np.ndarray:
    """log10 of how many times as far, pair by pair; distances below LEAST count as LEAST."""
    return np.log10(np.maximum(own, LEAST) / np.maximum(base, LEAST))


def _out(value: float, multiple: bool) -> float:
    return float(10**value) if multiple else value


def resolution_numbers(
    large: list[ComparedChange], small: list[ComparedChange], sizes: tuple[int, int]
) -> list[Measurement]:
    """For changes made at two image sizes: by how much more they multiply the larger's distance."""
    by_name = {one.change.name: one for one in small}
    made = []
    for one in large[1:]:
        other = by_name.get(one.change.name)
        if other is None or len(other.values["distance"]) != len(one.values["distance"]):
            continue
        more = log_multiple(one.values["distance"], large[0].values["distance"]) - log_multiple(
            other.values["distance"], small[0].values["distance"]
        )
        low, high = student(more)
        made.append(
            estimate_over(
                f"resolution_times_distance_{one.change.name}",
                _out(float(more.mean()), True),
                (_out(low, True), _out(high, True)),
                over=f"{len(more)} seeds, paired",
                by="Student interval",
                n=len(more),
                protocol=f"with {one.change.words}: multiple of the recipe's distance at "
                f"{sizes[0]} pixels, over the same at {sizes[1]}; geometric mean",
            )
        )
    return made


def swinging_numbers(recipe: ComparedChange) -> list[Measurement]:
    """Filters of the recipe's generators that swing; [] where too few generators were kept.

    Where none swings in either half, their difference is no evidence and has no value.
    """
    if "swinging_later" not in recipe.values:
        return []
    earlier, later = (recipe.values[f"swinging_{when}"] for when in ("earlier", "later"))
    protocol = (
        "share of G's filters whose mean activation turns back at every kept generator, each time "
        "by more than its standard deviation over z"
    )
    parts = {
        "earlier": (earlier, "in the earlier half of the training"),
        "later": (later, "in the later half of the training"),
        "later_minus_earlier": (later - earlier, "later half minus earlier half"),
    }
    made = [
        student_over(f"swinging_filters_{name}", own, over="trainings", protocol=f"{protocol}; {w}")
        for name, (own, w) in parts.items()
    ]
    if not (earlier.any() or later.any()):
        made[-1] = without_value(made[-1], because="no filter swings in either half")
    return made


def training_images_distance(real: float) -> Measurement:
    """The distance of the training images themselves."""
    protocol = f"training images; {QUANTITIES['distance'][1]}"
    why = "one fixed set of images"
    return single_number("distance_real", real, n=1, why=why, protocol=protocol)


def untrained_accuracy(values: np.ndarray) -> Measurement:
    """The accuracies, in percent, of features of untrained discriminators (networks,)."""
    unit, protocol = QUANTITIES["features"]
    protocol = f"discriminators with initial weights; {protocol}"
    name = "features_untrained"
    return student_over(name, values, over="untrained networks", unit=unit, protocol=protocol)


def figure_arrays(
    compared: list[ComparedChange], real: float, real_images: np.ndarray
) -> dict[str, np.ndarray]:
    """Arrays that the figures need; real: the distance of the training images themselves.

    compared: the recipe first; real_images (n, H, W, C) uint8: held-out images to show.
    """
    changes = [one.change for one in compared]
    counts = [[sum(kind in own for own in c.troubles) for kind in TROUBLES] for c in changes]
    return {
        **{q: np.stack([one.values[q] for one in compared])  # (changes, trainings)
           for q in QUANTITIES if all(q in one.values for one in compared)},
        "real_distance": np.array(real),
        "samples": np.stack([one.shown for one in compared]),
        "real_images": real_images,
        "names": np.array([change.name for change in changes]),
        "words": np.array([change.words for change in changes]),
        "steps_d": np.array([change.models[0].description["steps_d"] for change in changes]),
        "troubles": np.array(counts),  # (changes, kinds of trouble)
    }  # fmt: skip
