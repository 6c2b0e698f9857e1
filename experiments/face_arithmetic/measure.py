"""Fig 7 (paper §6.3.2): smiling woman - neutral woman + neutral man = smiling man?

Reads the face model and the labelled faces. One classifier of attributes, trained on real images,
chooses the exemplars among samples; another, trained on other images, judges the results; a third
says which are blends. Writes the figure's pictures, the samples of the page on which exemplars are
picked by hand, and success and realism over many random exemplars. Alone:
python -m experiments.face_arithmetic.measure --spec S.json --input faces.model=DIR
    --input faces.data=DIR --seed 42 --out DIR
"""

from pathlib import Path

import numpy as np
import torch

from experiments.contract import Inputs, measure_command
from experiments.face_arithmetic.judging import Classifiers, confirmed, shares
from experiments.face_arithmetic.options import Options
from experiments.face_arithmetic.picked import (
    NamedBlock,
    Offered,
    picked_blocks,
    picked_measurements,
)
from experiments.face_arithmetic.realism_study import RULES, Rated, RealismStudy
from experiments.face_arithmetic.trials import (
    VARIANTS,
    Samples,
    drawn_exemplars,
    figure_pictures,
    trial_pictures,
)
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.internals.attribute_classifier import predict, truth_table
from repro.networks.model_folder import draw

FOUND = "results in which the judge finds every wanted attribute"
LIKE_SAMPLES = "that lie where plain samples mostly do in sharpness and in"
QUANTITIES = {  # of results -> in words; the last two by realism_study.RULES
    "success": FOUND,
    "success_and_realistic": f"{FOUND} and {LIKE_SAMPLES} blend score",
    "success_and_realistic_wider": f"{FOUND} and {LIKE_SAMPLES} wider blend score",
}


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Choose exemplars, write the figure's pictures, and judge many random sums."""
    store, model = inputs.dataset("faces.data"), inputs.model("faces.model")
    G = model.generator()
    offered = Offered.by(model, G, options.offered, seed=seed)
    given = offered.read(options.picks)  # first of all: a wrong file is refused at once
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

    blocks, trials, agreed = _sums(samples, classifiers, options, seed=seed)
    by_hand = picked_blocks(offered, given, noise=options.noise, seed=seed)
    _save_blocks(out / "arrays.npz", by_hand or blocks)
    save_arrays(out / "offered.npz", **offered.arrays(options))

    study = RealismStudy(
        classifiers,
        model,
        pictures,
        epochs=options.blend_epochs,
        share=options.realistic_share,
        seed=seed,
    )
    return [
        *classifiers.accuracies(list(options.attributes)),
        confirmed(agreed),
        *_judged(trials, classifiers, study, options, seed=seed, out=out),
        *picked_measurements(offered, given, classifiers, options, seed=seed),
    ]


def _sums(
    samples: Samples, classifiers: Classifiers, options: Options, *, seed: int
) -> tuple[list[NamedBlock], list[dict[str, np.ndarray]], list[np.ndarray]]:
    """Of every sum: names and pictures of its block in Fig 7, the pictures of its trials.

    And of every concept whether the judge confirms each candidate, bool (confident,).
    """
    blocks: list[NamedBlock] = []
    trials, agreed = [], []
    for number, triple in enumerate(options.triples):
        purpose = f"face arithmetic, sum {number}"
        concepts = [options.columns(dict(one)) for one in (triple.a, triple.b, triple.c)]
        candidates = [samples.candidates(one, options.confident) for one in concepts]
        agreed += [
            classifiers.finds(samples.pictures[rows], one)
            for rows, one in zip(candidates, concepts, strict=True)
        ]
        best = [rows[: options.exemplars] for rows in candidates]
        block = figure_pictures(
            samples.G,
            [samples.z[torch.from_numpy(rows)] for rows in best],
            [samples.pictures[rows] for rows in best],
            noise=options.noise,
            seed=seed,
            purpose=purpose,
        )
        blocks.append((triple.concepts, "", block))
        trials.append(_trials(samples, candidates, options, seed=seed, purpose=purpose))
    return blocks, trials, agreed


def _trials(
    samples: Samples, candidates: list[np.ndarray], options: Options, *, seed: int, purpose: str
) -> dict[str, np.ndarray]:
    """Pictures of every variant for random exemplars among the candidates of a, b and c."""
    rows = [
        drawn_exemplars(
            candidates[place],
            trials=options.trials,
            exemplars=options.exemplars_drawn["many_exemplars"],
            seed=seed,
            purpose=f"{purpose}, exemplars of {'abc'[place]}",
        )
        for place in range(3)
    ]
    return trial_pictures(
        samples, rows, exemplars=options.exemplars, seed=seed, purpose=f"{purpose}, direction"
    )


def _judged(
    trials: list[dict[str, np.ndarray]],
    classifiers: Classifiers,
    study: RealismStudy,
    options: Options,
    *,
    seed: int,
    out: Path,
) -> list[Measurement]:
    """Success, realism, and both together, of every variant; writes realism.npz."""
    wanted = [options.columns(triple.wanted) for triple in options.triples]
    hits: dict[str, dict[str, list[np.ndarray]]] = {quantity: {} for quantity in QUANTITIES}
    rated: dict[str, Rated] = {}
    for variant in VARIANTS:
        parts = [t[variant] for t in trials]
        found = [classifiers.finds(p, w) for p, w in zip(parts, wanted, strict=True)]
        by_sum = [study.rated(part) for part in parts]
        rated[variant] = {k: np.concatenate([one[k] for one in by_sum]) for k in by_sum[0]}
        hits["success"][variant] = found
        for rule in RULES:
            hits[f"success_and_{rule}"][variant] = [
                one & study.realistic(ratings, rule)
                for one, ratings in zip(found, by_sum, strict=True)
            ]
    _save_realism(out / "realism.npz", study, rated, options)
    names = [triple.concepts[3] for triple in options.triples]
    made = []
    for quantity, protocol in QUANTITIES.items():
        made += shares(
            quantity,
            hits[quantity],
            names,
            protocol=protocol,
            exemplars=options.exemplars_drawn,
            seed=seed,
        )
    return [*made, *study.measurements(rated)]


def _save_realism(
    path: Path, study: RealismStudy, rated: dict[str, Rated], options: Options
) -> None:
    """ "blend_score, real_images" and so on: (N,); limits and numbers of exemplars beside them."""
    scores = {
        f"{measure}, {kind}": values
        for kind, ratings in (study.calibration | rated).items()
        for measure, values in ratings.items()
    }
    limits = {f"highest, {name}": one.highest_blend_score for name, one in study.limits.items()}
    sharp = study.limits["blend_score"]
    counts = options.exemplars_drawn
    save_arrays(
        path,
        exemplars=[counts[v] for v in ("one_exemplar", "three_exemplars", "many_exemplars")],
        sharpness_limits=[sharp.lowest_sharpness, sharp.highest_sharpness],
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
