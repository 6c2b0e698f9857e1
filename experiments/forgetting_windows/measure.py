"""Fig 6 (paper §6.3.1): maps of G that draw windows are dropped, and windows are forgotten.

Reads the bedroom model. Windows are boxed on 150 samples, by hand or by a segmenter; a logistic
regression finds the maps of one layer of G whose activations say "window"; new samples are drawn
with and without these maps, with as many random ones less, and with those of the lowest weights
less. A second segmenter judges what is left. Alone:
python -m experiments.forgetting_windows.measure --spec S.json --input bedrooms.model=DIR
    --seed 42 --out DIR
"""

from pathlib import Path

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.forgetting_windows.judging import Segmenters
from experiments.forgetting_windows.marking import Marked, hand_boxes, mark
from experiments.forgetting_windows.options import Options
from experiments.forgetting_windows.outcome import (
    OVER_SAMPLES,
    WORDS,
    effect_measurements,
    equal_change_measurements,
    ratio_measurement,
)
from experiments.forgetting_windows.regression import (
    refit_measurements,
    refitted_weights,
    regression_measurements,
)
from experiments.forgetting_windows.trials import Bench, Choices, Curve, curve
from experiments.forgetting_windows.trust import withheld
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.internals.drop_maps import hidden_layers, hidden_maps, labelled_cells, map_weights
from repro.networks.dcgan import Generator
from repro.networks.model_folder import CheckpointError, ModelFolder
from repro.specs.validation import SpecError


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Mark windows, find their maps at each layer, drop them, and judge new samples."""
    model = inputs.model("bedrooms.model")
    G = _generator(model, options)
    people = hand_boxes(model, options.boxes, samples=options.samples, seed=seed)
    segmenters = Segmenters(
        rooms=options.rooms,
        test_rooms=options.test_rooms,
        size=model.spec.network.image_size,
        epochs=options.epochs,
        least=options.least_window,
        seed=seed,
    )
    marked, made = mark(model, G, segmenters, people, samples=options.samples, seed=seed)
    marked.save(out / "boxes.npz", shown=options.boxes_shown)
    made += segmenters.accuracies(seed=seed)
    z = model.latents(options.measured, seed=seed, purpose="forgetting windows, new samples")
    for place, layer in enumerate(options.layers):
        suffix = "" if place == 0 else f"_layer_{layer}"
        bench = Bench(G, z, layer=layer, windows=segmenters.windows)
        made += _at_layer(bench, marked, options, suffix, seed=seed, out=out)
    return withheld(made, least=options.least_overlap)


def _generator(model: ModelFolder, options: Options) -> Generator:
    """G, which must be the paper's kind and have the layers asked for."""
    G = model.generator()
    if not isinstance(G, Generator) or G.channels != 3:
        network = model.spec.network
        raise CheckpointError(
            f"{model.folder}: its networks are {network.kind} with {network.channels} colours, but "
            "the layers of a convolutional generator of RGB pictures are wanted; give another model"
        )
    last = hidden_layers(G) - 1
    if max(options.layers) > last:
        raise SpecError(
            f"experiments.forgetting_windows.layers: {options.layers}, but the generator of "
            f"{model.folder} has the hidden layers 0 to {last}; take the others out"
        )
    return G


def _at_layer(
    bench: Bench, marked: Marked, options: Options, suffix: str, *, seed: int, out: Path
) -> list[Measurement]:
    """Regression and effects at one layer; for the first one also the arrays of the figures."""
    purpose, main = f"forgetting windows, layer {bench.layer}", not suffix
    maps = hidden_maps(bench.G, marked.z, layer=bench.layer).numpy()
    cells = labelled_cells(
        maps,
        marked.boxes,
        negatives=options.negatives,
        seed=seed,
        purpose=f"{purpose}, negatives",
    )
    if not cells.usable:  # no windows, or nothing but windows: nothing can be told apart
        if main:
            _save_pictures(out, bench, None, shown=options.shown)
        return []
    weights = map_weights(cells, C=options.strength)
    purpose = f"{purpose}, random maps"
    choices = Choices.of(weights, sets=options.random_sets, seed=seed, purpose=purpose)
    found = curve(
        bench,
        weights,
        samples=options.curve_samples,
        steps=options.curve_steps,
        sets=options.random_sets,
        seed=seed,
        purpose=purpose,
    )
    if main:
        _save_pictures(out, bench, choices, shown=options.shown)
        _save_curve(out, found, choices)
    return [
        *regression_measurements(
            cells, weights, strength=options.strength, folds=options.folds, suffix=suffix, seed=seed
        ),
        *_refits(bench, maps, marked, weights, options, suffix, seed=seed),
        *_effects(bench, choices, suffix, seed=seed),
        *equal_change_measurements(found, int(choices.positive.sum()), suffix=suffix, seed=seed),
    ]


def _refits(
    bench: Bench,
    maps: np.ndarray,
    marked: Marked,
    weights: np.ndarray,
    options: Options,
    suffix: str,
    *,
    seed: int,
) -> list[Measurement]:
    """The same with regressions fitted on other draws of the marked samples."""
    others = refitted_weights(
        maps,
        marked.boxes,
        refits=options.refits,
        strength=options.strength,
        negatives=options.negatives,
        seed=seed,
        purpose=f"forgetting windows, layer {bench.layer}",
    )
    rows = slice(options.curve_samples)
    before = bench.unmodified.area[rows].sum()
    after = [bench.effect(other > 0, rows).area.sum() for other in others if before > 0]
    left = [float(area / before) for area in after]
    return refit_measurements(weights, others, left, suffix=suffix)


def _effects(bench: Bench, choices: Choices, suffix: str, *, seed: int) -> list[Measurement]:
    """What each choice of maps does to all new samples."""
    effects = {
        "positive": [bench.effect(choices.positive)],
        "random": [bench.effect(one) for one in choices.random],
        "lowest": [bench.effect(choices.lowest)],
    }
    return [
        *effect_measurements(
            bench.unmodified, effects, bench.other_samples(), suffix=suffix, seed=seed
        ),
        *ratio_measurement(
            f"window_area_left_positive_without_colour{suffix}",
            bench.area_without_colour(bench.pictures(choices.positive)),
            bench.area_without_colour(bench.before),
            seed=seed,
            over=OVER_SAMPLES,
            protocol="window area after over before, both pictures turned grey for the judge; "
            f"dropped: {WORDS['positive']}",
        ),
    ]


def _save_curve(out: Path, found: Curve, choices: Choices) -> None:
    """Means over samples; no file where the judge finds no window, or nothing but window."""
    if found.positive.size and found.positive[0, 0, 0].any():
        save_arrays(
            out / "curve.npz",
            counts=found.counts,
            count=np.array(choices.positive.sum()),
            positive=found.positive.mean(axis=-1),
            random=found.random.mean(axis=-1),
            lowest=found.lowest.mean(axis=-1),
        )


def _save_pictures(out: Path, bench: Bench, choices: Choices | None, *, shown: int) -> None:
    """Fig 6: the first new samples in which the judge finds a window, by variant.

    Where it finds too few, the first samples without one follow.
    """
    has = bench.unmodified.has_window > 0
    rows = np.argsort(~has, kind="stable")[:shown]
    arrays = {"unmodified": bench.before[rows]}
    if choices is not None:
        arrays["positive"] = bench.pictures(choices.positive, rows)
        arrays["random"] = bench.pictures(choices.random[0], rows)
        arrays["lowest"] = bench.pictures(choices.lowest, rows)
    save_arrays(out / "fig06.npz", with_window=has[rows], layer=np.array(bench.layer), **arrays)


if __name__ == "__main__":
    measure_command(measure, Options)
