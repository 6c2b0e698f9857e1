"""Fig 7 (paper §6.3.2): smiling woman - neutral woman + neutral man = smiling man?

Reads the face model and the labelled faces. One classifier of attributes, trained on real images,
chooses the exemplars among samples; another, trained on other images, judges the results. Writes
the figure's pictures, and success rates over many random exemplars. Alone:
python -m experiments.face_arithmetic.measure --spec S.json --input faces.model=DIR
    --input faces.data=DIR --seed 42 --out DIR
"""

from pathlib import Path

import numpy as np

from experiments.contract import Inputs, Measurement, measure_command
from experiments.face_arithmetic.judging import Classifiers, confirmed, realism, successes
from experiments.face_arithmetic.options import Options
from experiments.face_arithmetic.trials import (
    VARIANTS,
    Samples,
    drawn_exemplars,
    figure_pictures,
    trial_pictures,
)
from repro.attributes import predict, truth_table
from repro.checkpoint import draw
from repro.store import save_arrays


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Choose exemplars, write the figure's pictures, and judge many random sums."""
    store, model = inputs.dataset("faces.data"), inputs.model("faces.model")
    classifiers = Classifiers(
        store,
        truth_table(options.attributes, store.label),
        images=options.classifier_images,
        epochs=options.classifier_epochs,
        seed=seed,
    )
    z = model.latents(options.samples, seed=seed, purpose="face arithmetic, samples")
    G = model.generator()
    pictures = draw(G, z)
    samples = Samples(G, z, pictures, predict(classifiers.chooser, pictures)[0])

    blocks, trials, agreed = [], [], []
    for number, triple in enumerate(options.triples):
        purpose = f"face arithmetic, sum {number}"
        concepts = [options.columns(dict(one)) for one in (triple.a, triple.b, triple.c)]
        candidates = [samples.candidates(one, options.confident) for one in concepts]
        agreed += [
            classifiers.finds(pictures[rows], one)
            for rows, one in zip(candidates, concepts, strict=True)
        ]
        best = [rows[: options.exemplars] for rows in candidates]
        blocks.append(
            figure_pictures(samples, best, noise=options.noise, seed=seed, purpose=purpose)
        )
        trials.append(_trials(samples, candidates, options, seed=seed, purpose=purpose))

    names = np.array([triple.concepts for triple in options.triples])  # (triples, 4)
    arrays = {key: np.stack([block[key] for block in blocks]) for key in blocks[0]}
    save_arrays(out / "arrays.npz", names=names, **arrays)
    wanted = [options.columns(triple.wanted) for triple in options.triples]
    found = {
        variant: [classifiers.finds(t[variant], w) for t, w in zip(trials, wanted, strict=True)]
        for variant in VARIANTS
    }
    results = {variant: np.concatenate([t[variant] for t in trials]) for variant in VARIANTS}
    return [
        *classifiers.accuracies(list(options.attributes)),
        confirmed(agreed),
        *successes(found, [str(name) for name in names[:, 3]], seed=seed),
        *realism(classifiers, results, pictures, seed=seed),
    ]


def _trials(
    samples: Samples, candidates: list[np.ndarray], options: Options, *, seed: int, purpose: str
) -> dict[str, np.ndarray]:
    """Pictures of every variant for random exemplars among the candidates of a, b and c."""
    rows = [
        drawn_exemplars(
            candidates[place],
            trials=options.trials,
            exemplars=options.exemplars,
            seed=seed,
            purpose=f"{purpose}, exemplars of {'abc'[place]}",
        )
        for place in range(3)
    ]
    return trial_pictures(samples, rows, seed=seed, purpose=f"{purpose}, direction")


if __name__ == "__main__":
    measure_command(measure, Options)
