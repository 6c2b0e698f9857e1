"""Fig 4 (paper §6.1): a walk in the latent space, with pixel interpolation as the control.

Reads the bedroom model and its training images; writes the frames of the figure, and measures many
more segments: does any step jump, as it would between images known by heart, and does the middle of
a segment ghost as it does between pixels? Alone:
python -m experiments.latent_walk.measure --spec S.json --input bedrooms.model=DIR
    --input bedrooms.data=DIR --seed 42 --out DIR
"""

from pathlib import Path

import numpy as np
import torch

from experiments.contract import Inputs, measure_command
from experiments.latent_walk.options import Options
from experiments.latent_walk.smoothness import walk_study
from experiments.latent_walk.unevenness import step_measurements
from repro.artefacts.arrays import save_arrays
from repro.claims.constructors import mean_over, share_over
from repro.claims.measurement import Measurement
from repro.data.images import to_tensor, to_uint8
from repro.internals.latent import interpolate, largest_step_share, step_lengths, walk
from repro.networks.model_folder import ModelFolder, draw
from repro.quality.kernel_distance import sharpness
from repro.quality.training_images import picture_shape


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Draw the path of Fig 4 and measure steps and sharpness over independent segments."""
    model, store = inputs.model("bedrooms.model"), inputs.dataset("bedrooms.data")
    rows, pixels = _path(model, options, seed)
    save_arrays(out / "arrays.npz", walk=rows, pixels=pixels)
    frames = _segments(model, options, seed)  # (segments, steps+1, H, W, C)
    study = walk_study(frames, model, store, feature_seed=options.feature_seed, seed=seed)
    save_arrays(out / "steps.npz", space=np.array(study.space), **study.shares)
    return [
        *_smoothness(frames, options, seed),
        *_ghosting(frames, seed),
        *step_measurements(study, seed=seed),
    ]


def _path(model: ModelFolder, options: Options, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Latent rows (rows, steps, H, W, C), and pixel rows between the ends of the last of them."""
    G = model.generator()
    points = model.latents(options.rows + 1, seed=seed, purpose="latent walk, points of the path")
    z = walk(points, steps=options.steps, interpolation=options.interpolation)
    shape = picture_shape(model)
    rows = draw(G, z.flatten(0, 1)).reshape(options.rows, options.steps, *shape)
    count = min(options.pixel_rows, options.rows)
    ends = to_tensor(draw(G, points[options.rows - count :]))
    pixels = to_uint8(walk(ends, steps=options.steps).flatten(0, 1)) if count else rows[:0, 0]
    return rows, pixels.reshape(count, options.steps, *shape)


def _segments(model: ModelFolder, options: Options, seed: int) -> np.ndarray:
    """Frames of independent segments, both ends included."""
    first, last = (
        model.latents(options.segments, seed=seed, purpose="latent walk, segments", index=i)
        for i in (0, 1)
    )
    t = torch.linspace(0, 1, options.steps + 1)
    z = interpolate(first, last, t, interpolation=options.interpolation)
    frames = draw(model.generator(), z.flatten(0, 1))
    return frames.reshape(options.segments, options.steps + 1, *picture_shape(model))


def _smoothness(frames: np.ndarray, options: Options, seed: int) -> list[Measurement]:
    """How even the steps are. Segments on which nothing moves are left out and lower n."""
    lengths = step_lengths(frames)
    direct = step_lengths(frames[:, [0, -1]])[:, 0]
    shares = largest_step_share(lengths)
    shares = shares[~np.isnan(shares)]
    steps = (
        f"largest of {options.steps} steps as a share of the path, pixel L2; even steps give "
        f"{1 / options.steps:g}, half the path in one step 0.5"
    )
    ratio = "pixel length of the latent path over that of the straight line between its ends"
    return [
        *_mean("largest_step_share", shares, seed=seed, protocol=steps),
        *_jumps(shares, jump=options.jump),
        *_mean(
            "path_length_ratio",
            lengths.sum(axis=1)[direct > 0] / direct[direct > 0],
            seed=seed,
            protocol=ratio,
        ),
    ]


def _jumps(shares: np.ndarray, *, jump: float) -> list[Measurement]:
    if len(shares) == 0:
        return []
    return [
        share_over(
            "segments_with_a_jump",
            shares > jump,
            over="independent segments of one model",
            protocol=f"share of segments in which one step is over {jump:g} of the path",
        )
    ]


def _ghosting(frames: np.ndarray, seed: int) -> list[Measurement]:
    """Sharpness half-way, in the latent walk and in a pixel blend of the same two ends."""
    first, middle, last = frames[:, 0], frames[:, frames.shape[1] // 2], frames[:, -1]
    blend = ((first.astype(np.uint16) + last + 1) // 2).astype(np.uint8)
    ends = (sharpness(first) + sharpness(last)) / 2
    latent, pixel = (sharpness(x)[ends > 0] / ends[ends > 0] for x in (middle, blend))
    what = "mean gradient magnitude half-way over that of the two ends"
    return [
        *_mean("sharpness_half_way_latent", latent, seed=seed, protocol=f"{what}, latent walk"),
        *_mean("sharpness_half_way_pixels", pixel, seed=seed, protocol=f"{what}, pixel blend"),
        *_mean("sharpness_kept", latent - pixel, seed=seed, protocol=f"{what}: latent - pixel"),
    ]


def _mean(name: str, values: np.ndarray, *, seed: int, protocol: str) -> list[Measurement]:
    """Mean over segments with its bootstrap interval; nothing where no segment was usable."""
    if len(values) == 0:
        return []
    return [
        mean_over(
            name,
            values,
            seed=seed,
            purpose=f"latent walk, {name}",
            over="independent segments of one model",
            protocol=protocol,
        )
    ]


if __name__ == "__main__":
    measure_command(measure, Options)
