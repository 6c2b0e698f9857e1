"""The numbers of memorisation: samples' distances to training images against those of real images.

Part of measure.py; study.py has looked up the distances. For one model: ratios, shares and rank
tests, and as controls the same where some or all of the pictures are planted copies. For two
models, with and without de-duplication: ranks compared z by z. Alone:
`model_measurements(study, quantile=0.01, near_identical=0.5, seed=42, suffix="")`.
"""

import numpy as np

from experiments.memorisation.names import HELD_OUT, HELD_OUT_MATCHED, MATCHED, WITH_PARTNERS
from experiments.memorisation.rank_tests import copying_z, nearer_probability, ranks
from experiments.memorisation.study import Study
from repro.claims.constructors import estimate_over, mean_over, share_over, single_number
from repro.claims.intervals import SMALLEST, bootstrap_ratio_of_medians, wilson
from repro.claims.measurement import Measurement
from repro.claims.withheld import without_value

ALONE = "training images without a near-identical partner, each against the other training images"
OVER_BOTH = "samples and training images of one model"
NEW = "held-out images"
CONTROLLED = (MATCHED, HELD_OUT_MATCHED)  # the comparisons on which any claim rests
DECIDING = f"features{MATCHED}"  # decides whether de-duplication lessens copying
# Share of copies of which the claims about single copies must know: twice what they allow, so that
# a search has to find about half of the copies
PLANTED = 0.1
BLURRED = "blurred to the samples' sharpness"
AGAINST = {  # suffix of a name -> the real images
    "": ALONE,
    MATCHED: f"{ALONE}, {BLURRED}",
    WITH_PARTNERS: "all training images drawn, each against the other training images",
    HELD_OUT: NEW,
    HELD_OUT_MATCHED: f"{NEW}, {BLURRED}",
}


def model_measurements(
    found: Study, *, quantile: float, near_identical: float, seed: int, suffix: str
) -> list[Measurement]:
    """All numbers of one model; suffix: of their names, "" for the model itself.

    quantile: a sample is suspicious if it is nearer than this share of real images; near_identical:
    the study's limit for a near-identical partner, for the protocol.
    """
    near = (
        "share of the training images drawn that have another nearer than "
        f"{near_identical:g} of the median distance to the nearest other, in any space"
    )
    made = [
        _blur(found, suffix=suffix),
        _share(f"near_identical_real{suffix}", found.partner, near),
    ]
    if "held_out" in found.nearest["pixels"]:
        same = found.nearest["pixels"]["held_out"] == 0
        words = "share of the held-out images that equal a training image, pixel for pixel"
        made.append(_share(f"held_out_seen{suffix}", same, words))
    for space in found.nearest:
        for against, real in found.references(space).items():
            made += _against(
                f"{space}{against}{suffix}",
                found.nearest[space]["samples"],
                real,
                quantile=quantile,
                seed=seed,
                words=f"{space}; real: {AGAINST[against]}",
            )
        made += _controls(found, space, quantile=quantile, suffix=suffix)
    return made


def _controls(found: Study, space: str, *, quantile: float, suffix: str) -> list[Measurement]:
    """The claims' numbers where some or all of the pictures are copies, and the copies found.

    They are compared with the same real images as the samples. A search that finds copies gives
    numbers outside the claims' rules; one that does not cannot show that there are none.
    """
    nearest, references = found.nearest[space], found.references(space)
    copies = nearest["copies"]
    made = []
    for against in CONTROLLED:
        if against in references:
            real, name = references[against], f"{space}{against}_copied{suffix}"
            words = f"planted copies for samples; {space}; real: {AGAINST[against]}"
            made.append(nearer_measurement(name, copies, real, words=words))
    if MATCHED in references:
        name = f"suspicious_share_{space}{MATCHED}"
        below = f"share of the planted copies below the limit of {name}{suffix}"
        caught = copies < _limit(references[MATCHED], quantile)
        made += [
            _share(f"copies_found_{space}{suffix}", caught, below),
            _of_some_copies(f"{name}_planted{suffix}", caught),
        ]
    return made


def _of_some_copies(name: str, caught: np.ndarray) -> Measurement:
    """Suspicious share of pictures of which PLANTED are copies and the others never suspicious.

    caught (n,) bool: which of the planted copies are suspicious.
    """
    low, high = wilson(successes=int(caught.sum()), n=len(caught))
    return estimate_over(
        name,
        PLANTED * float(caught.mean()),
        (PLANTED * low, PLANTED * high),
        over="the planted copies of one model; the limit taken as given",
        by="Wilson interval",
        n=len(caught),
        protocol=f"{PLANTED:g} of the share of planted copies found: the suspicious share if "
        f"{PLANTED:.0%} of the samples were such copies and no other sample was suspicious",
    )


def _blur(found: Study, *, suffix: str) -> Measurement:
    return single_number(
        f"matching_blur{suffix}",
        found.sigma,
        n=len(found.queries.images["samples"]),
        why="fitted to all samples together",
        unit="pixels",
        protocol=(
            "Gaussian sigma that brings the median sharpness of training images down to that of "
            "the samples; 0: the samples are as sharp or sharper"
        ),
    )


def _against(
    name: str, samples: np.ndarray, real: np.ndarray, *, quantile: float, seed: int, words: str
) -> list[Measurement]:
    """Distances (n,) of samples and (m,) of real images to the nearest training image."""
    purpose, n = f"memorisation, {name}", len(samples)
    return [
        estimate_over(
            f"median_ratio_{name}",
            float(np.median(samples) / max(np.median(real), SMALLEST)),
            bootstrap_ratio_of_medians(samples, real, seed=seed, purpose=purpose),
            over=OVER_BOTH,
            by="bootstrap interval",
            n=n,
            protocol=f"median distance to the nearest training image, samples over real; {words}",
        ),
        _share(
            f"suspicious_share_{name}",
            samples < _limit(real, quantile),
            f"share of samples nearer to a training image than {100 * quantile:g} % of "
            f"{len(real):,} real images are; {words}",
        ),
        nearer_measurement(name, samples, real, words=words),
        single_number(
            f"copying_z_{name}",
            copying_z(samples, real),
            n=n,
            why="a test statistic",
            protocol=(
                "Mann-Whitney z of the distances (Meehan, Chaudhuri, Dasgupta 2020, one cell); "
                f"below 0: samples are nearer, standard normal for equal distributions; {words}"
            ),
        ),
    ]


def nearer_measurement(
    name: str, samples: np.ndarray, real: np.ndarray, *, words: str
) -> Measurement:
    """Chance that a sample, distances (n,), is nearer than a real image, (m,); words: which."""
    nearer, ends = nearer_probability(samples, real)
    return estimate_over(
        f"nearer_probability_{name}",
        nearer,
        ends,
        over=OVER_BOTH,
        by="interval (DeLong)",
        n=len(samples),
        protocol=f"chance that a sample is nearer than a real image; even: 0.5; {words}",
    )


def _share(name: str, chosen: np.ndarray, protocol: str) -> Measurement:
    over = "the images of one model; the limit taken as given"
    return share_over(name, chosen, over=over, protocol=protocol)


def paired_measurements(
    with_: Study, without: Study, *, quantile: float, seed: int
) -> list[Measurement]:
    """How much less is copied with de-duplication than without, z by z, in each space of both.

    Each model's samples are ranked among real images of its own training set, in its own features,
    so the ranks of both can be subtracted; distances could not. `copying_lessened`, on which the
    claim rests, has a value only where something is copied without de-duplication.
    """
    made: list[Measurement] = []
    for space in with_.nearest:
        if space not in without.nearest:
            continue
        both = (with_.references(space), without.references(space))
        for suffix in both[0]:
            if suffix not in both[1]:
                continue
            nearest = [one.nearest[space]["samples"] for one in (with_, without)]
            rank = [ranks(own, real[suffix]) for own, real in zip(nearest, both, strict=True)]
            limits = [_limit(real[suffix], quantile) for real in both]
            below = [own < limit for own, limit in zip(nearest, limits, strict=True)]
            made += [
                _difference(
                    f"nearer_probability_lessened_{space}{suffix}",
                    rank[0] - rank[1],
                    "chance that a sample is nearer than a real image",
                    seed=seed,
                ),
                _difference(
                    f"suspicious_share_lessened_{space}{suffix}",
                    below[1].astype(float) - below[0],
                    f"share of samples nearer than {100 * quantile:g} % of real images are",
                    seed=seed,
                ),
            ]
    known = {one.name: one for one in made}
    lessened = known.get(f"nearer_probability_lessened_{DECIDING}")
    if lessened is not None:
        made.append(_where_copied(lessened, without, quantile=quantile))
    return made


def _where_copied(lessened: Measurement, without: Study, *, quantile: float) -> Measurement:
    """The same number under the name `copying_lessened`; without a value where nothing is copied.

    Something is copied where the whole interval of the suspicious share exceeds the chance value,
    in pixels or in features, blur matched.
    """
    copied = False
    for space, nearest in without.nearest.items():
        real = without.references(space).get(MATCHED)
        if real is not None:
            hits = nearest["samples"] < _limit(real, quantile)
            low, _ = wilson(successes=int(hits.sum()), n=len(hits))
            copied = copied or low > quantile
    named = lessened.model_copy(update={"name": "copying_lessened"})
    because = (
        "the model trained on all images copies nothing (its suspicious shares are not above "
        f"{quantile:g}), so that nothing can be lessened"
    )
    return named if copied else without_value(named, because=because)


def _limit(real: np.ndarray, quantile: float) -> np.floating:
    return np.quantile(real, quantile, method="inverted_cdf")


def _difference(name: str, values: np.ndarray, what: str, *, seed: int) -> Measurement:
    return mean_over(
        name,
        values,
        seed=seed,
        purpose=f"memorisation, {name}",
        over="z, given to both models; real images taken as given",
        protocol=f"{what}: trained on all images less trained on de-duplicated ones, the same z; "
        "each model against its own training images; above 0: de-duplication lessens it",
    )
