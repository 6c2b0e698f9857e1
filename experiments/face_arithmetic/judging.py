"""Random sums of Fig 7 and the judgement of their results: attributes, realism, both together.

Part of measure.py, which calls it for the trained generator and, as the control, for an untrained
one: the same chooser selects exemplars among its samples, the same judges and limits decide.
results.py computes the shares.
"""

from dataclasses import dataclass

import numpy as np

from experiments.face_arithmetic.classifiers import Classifiers
from experiments.face_arithmetic.options import UNTRAINED_SAMPLES, Options
from experiments.face_arithmetic.realism_study import RULES, Rated, RealismStudy
from experiments.face_arithmetic.results import Hits, shares
from experiments.face_arithmetic.trials import (
    VARIANTS,
    Samples,
    random_exemplars,
    sum_purpose,
    trial_pictures,
)
from experiments.face_arithmetic.triples import Sum
from repro.claims.measurement import Measurement
from repro.internals.attribute_classifier import predict
from repro.networks.model_folder import ModelFolder, draw
from repro.progress import tracked
from repro.rng import weights_seed

UNTRAINED = "_untrained"  # suffix of the control's numbers
COMPARED = "three_exemplars_minus_"  # in the names of numbers behind claims


@dataclass(frozen=True)
class Judged:
    """The judgement of the results of every variant, sum by sum."""

    hits: dict[str, Hits]  # quantity -> variant -> for each sum, bool (trials,)
    rated: dict[str, list[Rated]]  # variant -> for each sum, measures of realism


def random_trials(
    samples: Samples,
    candidates: list[list[np.ndarray]],
    *,
    trials: int,
    exemplars: int,
    most: int,
    seed: int,
) -> list[dict[str, np.ndarray]]:
    """The numbers: for each sum, random exemplars among the candidates, singly and averaged.

    exemplars: number averaged, as in the figure; most: number that the many-exemplar variant
    averages.
    """
    made = []
    for number, own in enumerate(tracked(candidates, "sums of concepts", unit="sums")):
        purpose = sum_purpose(number)
        drawn = random_exemplars(own, trials=trials, exemplars=most, seed=seed, purpose=purpose)
        made.append(trial_pictures(samples, drawn, exemplars=exemplars, seed=seed, purpose=purpose))
    return made


def judged_trials(
    trials: list[dict[str, np.ndarray]],
    sums: list[Sum],
    classifiers: Classifiers,
    study: RealismStudy,
) -> Judged:
    """Success, success and realism, and the measures of realism, of every variant's results."""
    found: Hits = {v: [] for v in VARIANTS}
    rated: dict[str, list[Rated]] = {v: [] for v in VARIANTS}
    for pictures, one in zip(trials, sums, strict=True):
        for variant in VARIANTS:
            found[variant].append(classifiers.finds(pictures[variant], one.wanted))
            rated[variant].append(study.rated(pictures[variant]))
    return Judged({"success": found} | _realistic_as_well(found, rated, study), rated)


def _realistic_as_well(
    found: Hits, rated: dict[str, list[Rated]], study: RealismStudy
) -> dict[str, Hits]:
    """Results that have all wanted attributes and are realistic, by each of RULES."""
    return {
        f"success_and_{rule}": {
            variant: [
                hits & study.realistic(ratings, rule)
                for hits, ratings in zip(found[variant], rated[variant], strict=True)
            ]
            for variant in VARIANTS
        }
        for rule in RULES
    }


def untrained_measurements(
    model: ModelFolder,
    sums: list[Sum],
    classifiers: Classifiers,
    study: RealismStudy,
    options: Options,
    *,
    seed: int,
) -> list[Measurement]:
    """The control: the differences on which claims rest, for a generator with initial weights.

    Exemplars come from its own samples; its results are realistic where they are within the range
    of most plain samples of the trained generator.
    """
    G = model.untrained_generator(weights_seed(seed, "face arithmetic, untrained network"))
    z = model.latents(UNTRAINED_SAMPLES, seed=seed, purpose="face arithmetic, untrained samples")
    pictures = draw(G, z)
    samples = Samples(G, z, pictures, predict(classifiers.chooser, pictures)[0])
    candidates = [[samples.candidates(c, options.confident) for c in one.concepts] for one in sums]
    averaged = options.exemplars_drawn
    trials = random_trials(
        samples,
        candidates,
        trials=min(options.trials, options.untrained_trials),
        exemplars=options.exemplars,
        most=averaged["many_exemplars"],
        seed=seed,
    )
    names = [one.names[3] for one in sums]
    made = []
    for quantity, hits in judged_trials(trials, sums, classifiers, study).hits.items():
        made += shares(quantity, hits, names, exemplars=averaged, seed=seed)
    return [
        one.model_copy(
            update={
                "name": f"{one.name}{UNTRAINED}",
                "protocol": f"{one.protocol}; untrained generator, exemplars among its own samples",
            }
        )
        for one in made
        if COMPARED in one.name
    ]
