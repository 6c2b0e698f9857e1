"""Fig 4 (paper §6.1): a walk in the latent space, with pixel interpolation as the control.

Reads the bedroom model and its training images. Writes the frames of the figure (arrays.npz), and
measures many more segments: does any step jump, as it would between images known by heart; does the
middle of a segment ghost, as it does between pixels; is it as realistic as a sample; and do windows
and lamps come and go along it? The same is measured for an untrained generator. steps.npz holds the
largest steps. Alone:
python -m experiments.latent_walk.measure --spec S.json --input bedrooms.model=DIR
    --input bedrooms.data=DIR [--input bedrooms.raw=DIR] --out DIR
"""

from pathlib import Path

import numpy as np
import torch

from experiments.contract import Inputs, measure_command
from experiments.drawn_rooms import bedrooms_are_drawn
from experiments.latent_walk.objects import ObjectJudge, judge_numbers, object_numbers
from experiments.latent_walk.options import Options
from experiments.latent_walk.realism import half_way_scores
from experiments.latent_walk.results import (
    UNTRAINED,
    ghosting_measurements,
    realism_measurements,
    smoothness_measurements,
    step_measurements,
)
from experiments.latent_walk.smoothness import walk_study
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.data.images import to_tensor, to_uint8
from repro.internals.latent import Interpolation, interpolate, walk
from repro.networks.dcgan import GeneratorNetwork
from repro.networks.model_folder import ModelFolder, draw
from repro.quality.training_images import picture_shape
from repro.rng import weights_seed

UNTRAINED_SEGMENTS = 100  # segments of the untrained control, at most


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Draw the path of Fig 4 and measure steps and sharpness over independent segments."""
    model, store = inputs.model("bedrooms.model"), inputs.dataset("bedrooms.data")
    steps, interpolation = options.steps, options.interpolation

    latent, pixels = _path(
        model,
        rows=options.rows,
        pixel_rows=options.pixel_rows,
        steps=steps,
        interpolation=interpolation,
        seed=seed,
    )
    save_arrays(out / "arrays.npz", walk=latent, pixels=pixels)

    G = model.generator()
    untrained = model.untrained_generator(weights_seed(seed, "latent walk, untrained network"))
    frames, control = (
        _segments(
            network, model, segments=count, steps=steps, interpolation=interpolation, seed=seed
        )
        for network, count in (
            (G, options.segments),
            (untrained, min(options.segments, UNTRAINED_SEGMENTS)),
        )
    )
    study = walk_study(frames, model, store, seed=seed)
    save_arrays(out / "steps.npz", space=np.array(study.space), **study.shares)
    plain = draw(G, model.latents(len(frames), seed=seed, purpose="latent walk, plain samples"))
    scores = half_way_scores(model, plain, {"": frames, UNTRAINED: control})
    made = []
    for suffix, one in (("", frames), (UNTRAINED, control)):
        made += smoothness_measurements(one, jump=options.jump, seed=seed, suffix=suffix)
        made += ghosting_measurements(one, seed=seed, suffix=suffix)
    judge = _object_judge(inputs, model, options, seed=seed)
    if judge is not None:
        there, without = judge.presence(frames), judge.presence(control)
        right = judge.right()
        made += judge_numbers(right)
        made += object_numbers(there, without, right, steps=steps, seed=seed)
    return [*made, *realism_measurements(scores), *step_measurements(study, seed=seed)]


def _object_judge(
    inputs: Inputs, model: ModelFolder, options: Options, *, seed: int
) -> ObjectJudge | None:
    """The judge of windows and lamps; None where the bedrooms are not synthetic rooms."""
    network = model.spec.network
    if not bedrooms_are_drawn(inputs, network):
        return None
    return ObjectJudge.trained(
        rooms=options.rooms,
        test_rooms=options.test_rooms,
        size=network.image_size,
        epochs=options.epochs,
        seed=seed,
    )


def _path(
    model: ModelFolder,
    *,
    rows: int,
    pixel_rows: int,
    steps: int,
    interpolation: Interpolation,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Latent rows (rows, steps, H, W, C), and pixel rows between the ends of the last ones."""
    G = model.generator()
    points = model.latents(rows + 1, seed=seed, purpose="latent walk, points of the path")
    z = walk(points, steps=steps, interpolation=interpolation)
    shape = picture_shape(model)
    latent = draw(G, z.flatten(0, 1)).reshape(rows, steps, *shape)
    count = min(pixel_rows, rows)
    ends = to_tensor(draw(G, points[rows - count :]))
    pixels = to_uint8(walk(ends, steps=steps).flatten(0, 1)) if count else latent[:0, 0]
    return latent, pixels.reshape(count, steps, *shape)


def _segments(
    G: GeneratorNetwork,
    model: ModelFolder,
    *,
    segments: int,
    steps: int,
    interpolation: Interpolation,
    seed: int,
) -> np.ndarray:
    """Frames that G draws for independent segments: (segments, steps + 1, H, W, C) uint8."""
    first, last = (
        model.latents(segments, seed=seed, purpose="latent walk, segments", index=i) for i in (0, 1)
    )
    t = torch.linspace(0, 1, steps + 1)
    z = interpolate(first, last, t, interpolation=interpolation)
    frames = draw(G, z.flatten(0, 1))
    return frames.reshape(segments, steps + 1, *picture_shape(model))


if __name__ == "__main__":
    measure_command(measure, Options)
