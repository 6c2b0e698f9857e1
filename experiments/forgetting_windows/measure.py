"""Fig 6 (paper §6.3.1): without the maps of G that draw windows, windows are forgotten.

Reads the bedroom model. Windows are boxed on 150 samples, by hand or by a segmenter; a logistic
regression finds the maps of one layer of G that respond to windows; new samples are drawn with and
without these maps, without equally many random ones, and without those of the lowest weights. A
second segmenter judges the result. Alone:
python -m experiments.forgetting_windows.measure --spec S.json --input bedrooms.model=DIR --out DIR
"""

from pathlib import Path

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.forgetting_windows.marking import Marked, hand_boxes, mark
from experiments.forgetting_windows.marking_results import (
    box_numbers,
    judge_numbers,
    regression_accuracy,
    window_maps,
)
from experiments.forgetting_windows.multiverse import window_universes
from experiments.forgetting_windows.options import Options
from experiments.forgetting_windows.regression import WindowRegression
from experiments.forgetting_windows.replacements import (
    Scores,
    fate_numbers,
    overlap_numbers,
    overlaps,
    unknown,
)
from experiments.forgetting_windows.results import (
    comparison_numbers,
    effect_numbers,
    equal_change,
    refitted,
    without_colour,
)
from experiments.forgetting_windows.segmenters import Segmenters
from experiments.forgetting_windows.trials import Choices, Curve, NewSamples, curve
from experiments.forgetting_windows.trust import as_trusted, is_trusted
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.claims.multiverse import write_multiverse
from repro.internals.drop_maps import hidden_layers, hidden_maps
from repro.internals.realism import discriminator_scores
from repro.networks.dcgan import Generator
from repro.networks.model_folder import CheckpointError, ModelFolder
from repro.specs.validation import SpecError


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Box windows on samples, find their maps at each layer, drop them, and judge new samples."""
    model = inputs.model("bedrooms.model")
    G = _generator(model, layers=options.layers)
    people = hand_boxes(model, options.boxes, samples=options.samples, seed=seed)
    segmenters = Segmenters(
        rooms=options.rooms,
        test_rooms=options.test_rooms,
        size=model.spec.network.image_size,
        epochs=options.epochs,
        seed=seed,
    )
    made = judge_numbers(*segmenters.test_rooms(), seed=seed)
    known = overlaps(*segmenters.test_others())
    made += overlap_numbers(known, seed=seed)

    # "On 150 samples, 52 window bounding boxes were drawn manually."
    marked = mark(model, G, segmenters, people, samples=options.samples, seed=seed)
    marked.save(out / "boxes.npz")
    made += box_numbers(marked, segmenters.windows(marked.pictures), seed=seed)

    z = model.latents(options.measured, seed=seed, purpose="forgetting windows, new samples")
    for layer in options.layers:
        new = NewSamples(G, z, layer=layer, windows=segmenters.windows)
        regression, choices = _at_layer(new, marked, options, seed=seed)
        is_the_papers = layer == options.layers[0]
        if is_the_papers:
            _save_pictures(out / "fig06.npz", new, choices, shown=options.shown)
        if choices is None:
            continue
        suffix = "" if is_the_papers else f"_layer_{layer}"
        made += _effects(new, regression, choices, suffix=suffix)
        if is_the_papers:
            made += fate_numbers(
                new,
                choices,
                others=segmenters.others,
                scores=_scores(model),
                seed=seed,
                because=unknown(known),
            )
            made += _checks(new, regression, choices, options, out=out)
    made = as_trusted(made, least=options.least_overlap)
    given = options.multiverse.windows_forgotten
    if given is not None and is_trusted({one.name: one for one in made}):
        others = window_universes(
            G,
            marked,
            z,
            windows=segmenters.windows,
            given=given,
            strength=options.strength,
            layer=options.layers[0],
            negatives=options.negatives,
            seed=seed,
        )
        write_multiverse(out, others)
    return made


def _scores(model: ModelFolder) -> Scores:
    """How real pictures look to the model's own discriminator."""
    D = model.discriminator()
    return lambda pictures: discriminator_scores(D, pictures)


def _generator(model: ModelFolder, *, layers: list[int]) -> Generator:
    """G, which must be a convolutional generator of RGB pictures and have these layers."""
    G = model.generator()
    if not isinstance(G, Generator) or G.channels != 3:
        network = model.spec.network
        raise CheckpointError(
            f"{model.folder}: its networks are {network.kind} with {network.channels} colours, but "
            "the layers of a convolutional generator of RGB pictures are wanted; give another model"
        )
    last = hidden_layers(G) - 1
    if max(layers) > last:
        raise SpecError(
            f"experiments.forgetting_windows.layers: {layers}, but the generator of "
            f"{model.folder} has the hidden layers 0 to {last}; take the others out"
        )
    return G


def _at_layer(
    new: NewSamples, marked: Marked, options: Options, *, seed: int
) -> tuple[WindowRegression, Choices | None]:
    """The regression on the maps of a layer, and the maps to drop from `new`, its samples.

    None in place of the maps where no window is marked, or nothing else.
    """
    # "... logistic regression was fit to predict whether a feature activation was on a window"
    regression = WindowRegression(
        maps=hidden_maps(new.G, marked.z, layer=new.layer).numpy(),
        boxes=marked.marks.boxes,
        negatives=options.negatives,
        strength=options.strength,
        seed=seed,
        purpose=f"forgetting windows, layer {new.layer}",
    )
    if not regression.cells.usable:
        return regression, None
    # "... all feature maps with weights greater than zero (200 in total) were dropped"
    purpose = f"{regression.purpose}, random maps"
    weights = regression.weights
    return regression, Choices.of(weights, sets=options.random_sets, seed=seed, purpose=purpose)


def _effects(
    new: NewSamples, regression: WindowRegression, choices: Choices, *, suffix: str
) -> list[Measurement]:
    """The effect of dropping the window maps and the controls; suffix: "" at the paper's layer."""
    seed = regression.seed
    before, after, other = new.unmodified, new.effects(choices), new.other_samples()
    made = [
        window_maps(regression, suffix=suffix),
        *effect_numbers(before, after, other, suffix=suffix, seed=seed),
    ]
    if not suffix:
        made += comparison_numbers(before, after, other, seed=seed)
    return made


def _checks(
    new: NewSamples,
    regression: WindowRegression,
    choices: Choices,
    options: Options,
    *,
    out: Path,
) -> list[Measurement]:
    """Does the regression know windows; do windows vanish by it, or by damage or colour?

    Writes curve.npz; curve and refits use the first new samples.
    """
    samples = options.curve_samples
    found = curve(
        new,
        regression.weights,
        samples=samples,
        steps=options.curve_steps,
        sets=len(choices.random),
        seed=regression.seed,
        purpose=f"{regression.purpose}, random maps",
    )
    _save_curve(out / "curve.npz", found, choices)
    others = regression.refitted_weights(refits=options.refits)
    left = [new.area_left(weights > 0, samples=samples) for weights in others]
    after, before = (
        new.area_without_colour(pictures)
        for pictures in (new.pictures(choices.positive), new.before)
    )
    return [
        *regression_accuracy(regression, folds=options.folds),
        *equal_change(found, int(choices.positive.sum()), seed=regression.seed),
        *refitted([area for area in left if area is not None]),
        *without_colour(after, before, seed=regression.seed),
    ]


def _save_curve(path: Path, found: Curve, choices: Choices) -> None:
    """Means over samples; no file where the judge finds no window, or nothing else."""
    if found.judged:
        save_arrays(
            path,
            counts=found.counts,
            count=np.array(choices.positive.sum()),
            positive=found.positive.mean(axis=-1),
            random=found.random.mean(axis=-1),
            lowest=found.lowest.mean(axis=-1),
        )


def _save_pictures(path: Path, new: NewSamples, choices: Choices | None, *, shown: int) -> None:
    """Fig 6: the first new samples in which the judge finds a window, by variant.

    Where it finds too few, the first samples without one follow.
    """
    has = new.unmodified.has_window > 0
    rows = np.argsort(~has, kind="stable")[:shown]
    arrays = {"unmodified": new.before[rows]}
    if choices is not None:
        arrays["positive"] = new.pictures(choices.positive, rows)
        arrays["random"] = new.pictures(choices.random[0], rows)
        arrays["lowest"] = new.pictures(choices.lowest, rows)
    save_arrays(path, with_window=has[rows], layer=np.array(new.layer), **arrays)


if __name__ == "__main__":
    measure_command(measure, Options)
