"""Fig 7 (paper §6.3.2): smiling woman - neutral woman + neutral man = smiling man?

Reads the face model and the labelled faces. One classifier of attributes, trained on real images,
chooses the exemplars among samples; another, trained on other images, judges the results; a third
detects blends. Writes the figure's pictures and the samples of the page on which exemplars are
picked by hand, and measures success and realism over many random exemplars, also for an untrained
generator. Alone:
python -m experiments.face_arithmetic.measure --spec S.json --input faces.model=DIR
    --input faces.data=DIR --out DIR
"""

from pathlib import Path

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.face_arithmetic.alignment import why_not_tested, without_alignment_claims
from experiments.face_arithmetic.classifiers import Classifiers
from experiments.face_arithmetic.judging import (
    judged_trials,
    random_trials,
    untrained_measurements,
)
from experiments.face_arithmetic.options import Options
from experiments.face_arithmetic.picked import Offered, picked_blocks, picked_sums
from experiments.face_arithmetic.realism_results import realism_numbers
from experiments.face_arithmetic.realism_study import Rated, RealismStudy, pooled
from experiments.face_arithmetic.results import (
    confirmed,
    judge_accuracies,
    picked_shares,
    shares,
)
from experiments.face_arithmetic.trials import (
    NamedBlock,
    Samples,
    figure_pictures,
    sum_purpose,
)
from experiments.face_arithmetic.triples import Sum
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.internals.attribute_classifier import predict, truth_table
from repro.internals.hand_picks import Picks
from repro.networks.model_folder import draw


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Choose exemplars, write the figure's pictures, and judge many random sums."""
    store, model = inputs.dataset("faces.data"), inputs.model("faces.model")
    G = model.generator()
    attributes, averaged = list(options.attributes), options.exemplars_drawn
    sums = [triple.by_column(attributes) for triple in options.triples]
    offered = Offered.by(model, G, options.offered, seed=seed)
    given = offered.read(options.picks)  # before anything is trained: a wrong file stops the run
    classifiers = Classifiers(
        store,
        truth_table(options.attributes, store.label),
        images=options.classifier_images,
        epochs=options.classifier_epochs,
        seed=seed,
    )
    z = model.latents(options.samples, seed=seed, purpose="face arithmetic, samples")
    pictures = draw(G, z)
    samples = Samples(G, z, pictures, predict(classifiers.chooser, pictures)[0])

    # for each sum's concepts, best first: (concepts, confident) rows of the samples
    candidates = [[samples.candidates(c, options.confident) for c in one.concepts] for one in sums]
    surest = [[rows[: options.exemplars] for rows in own] for own in candidates]
    blocks = _blocks(samples, sums, surest, noise=options.noise, seed=seed)
    trials = random_trials(
        samples,
        candidates,
        trials=options.trials,
        exemplars=options.exemplars,
        most=averaged["many_exemplars"],
        seed=seed,
    )
    by_hand = picked_blocks(offered, given, noise=options.noise, seed=seed)
    _save_blocks(out / "arrays.npz", by_hand or blocks)
    save_arrays(out / "offered.npz", **offered.arrays(options.triples))

    study = RealismStudy(classifiers, model, pictures, epochs=options.blend_epochs, seed=seed)
    made = [
        *judge_accuracies(classifiers.test_found, classifiers.test_truth, attributes),
        confirmed(_agreed(classifiers, pictures, sums, candidates)),
        *untrained_measurements(model, sums, classifiers, study, options, seed=seed),
        *_judged(trials, sums, classifiers, study, exemplars=averaged, seed=seed, out=out),
        *_judged_by_hand(
            offered, given, sums, classifiers, noise=options.noise, trials=options.trials, seed=seed
        ),
    ]
    return without_alignment_claims(made, why=why_not_tested(store, misaligned=options.misaligned))


def _blocks(
    samples: Samples, sums: list[Sum], surest: list[list[np.ndarray]], *, noise: float, seed: int
) -> list[NamedBlock]:
    """Fig 7: for each sum, average the z of the most confident exemplars of each concept."""
    return [
        (
            one.names,
            "",
            figure_pictures(
                samples.G,
                samples.z,
                samples.pictures,
                rows,
                noise=noise,
                seed=seed,
                purpose=sum_purpose(number),
            ),
        )
        for number, (one, rows) in enumerate(zip(sums, surest, strict=True))
    ]


def _agreed(
    classifiers: Classifiers,
    pictures: np.ndarray,
    sums: list[Sum],
    candidates: list[list[np.ndarray]],
) -> list[np.ndarray]:
    """Whether the judge also finds each concept of each sum in its candidates."""
    return [
        classifiers.finds(pictures[rows], concept)
        for one, own in zip(sums, candidates, strict=True)
        for rows, concept in zip(own, one.concepts, strict=True)
    ]


def _judged(
    trials: list[dict[str, np.ndarray]],
    sums: list[Sum],
    classifiers: Classifiers,
    study: RealismStudy,
    *,
    exemplars: dict[str, int],
    seed: int,
    out: Path,
) -> list[Measurement]:
    """Success, realism, and both together, of every variant; writes realism.npz."""
    judged = judged_trials(trials, sums, classifiers, study)
    results = {variant: pooled(by_sum) for variant, by_sum in judged.rated.items()}
    _save_realism(out / "realism.npz", study, results, exemplars=exemplars)
    names = [one.names[3] for one in sums]
    made = []
    for quantity, hits in judged.hits.items():
        made += shares(quantity, hits, names, exemplars=exemplars, seed=seed)
    return [*made, *realism_numbers(study, results)]


def _judged_by_hand(
    offered: Offered,
    given: list[Picks],
    sums: list[Sum],
    classifiers: Classifiers,
    *,
    noise: float,
    trials: int,
    seed: int,
) -> list[Measurement]:
    """Success of picked sums whose result the run's sums name, so that it can be judged."""
    made = []
    for one in sums:
        result = one.names[3]
        picked = picked_sums(offered, given, result, noise=noise, trials=trials, seed=seed)
        if picked is not None:
            about, singles = (
                classifiers.finds(draw(offered.G, z), one.wanted)
                for z in (picked.about, picked.singles)
            )
            made += picked_shares(result, about, singles, noise=noise)
    return made


def _save_realism(
    path: Path, study: RealismStudy, results: dict[str, Rated], *, exemplars: dict[str, int]
) -> None:
    """Arrays (N,) named "blend_score, real_images" and so on, the limits, and exemplars (3,)."""
    scores = {
        f"{measure}, {kind}": values
        for kind, ratings in (study.calibration | results).items()
        for measure, values in ratings.items()
    }
    limits = {f"highest, {name}": one.highest_blend_score for name, one in study.limits.items()}
    save_arrays(
        path,
        exemplars=[exemplars[v] for v in ("one_exemplar", "three_exemplars", "many_exemplars")],
        **scores,
        **limits,
    )


def _save_blocks(path: Path, blocks: list[NamedBlock]) -> None:
    """names (sums, 4); by (sums,) str, "" for exemplars chosen by rule; "0 grid" and so on."""
    save_arrays(
        path,
        names=np.array([names for names, _, _ in blocks]),
        by=np.array([by for _, by, _ in blocks]),
        **{
            f"{number} {key}": array
            for number, (_, _, block) in enumerate(blocks)
            for key, array in block.items()
        },
    )


if __name__ == "__main__":
    measure_command(measure, Options)
