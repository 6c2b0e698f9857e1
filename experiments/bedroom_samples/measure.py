"""Figs 2 and 3 (paper §4.1): bedrooms after one pass and at the end; distance to real ones.

Reads the bedroom model (its early and final snapshots) and its images. Writes arrays.npz with both
sample sheets, drawn from the same unpicked z, and measures kernel distances to real images. Alone:
python -m experiments.bedroom_samples.measure --spec S.json --input bedrooms.model=DIR
    --input bedrooms.data=DIR --out DIR
"""

from pathlib import Path

import numpy as np

from experiments.bedroom_samples.options import Options
from experiments.bedroom_samples.results import distance_measurements
from experiments.contract import Inputs, measure_command
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.data.store import ImageStore
from repro.networks.model_folder import ModelFolder, Snapshot, draw
from repro.quality.feature_spaces import joined, untrained_spaces
from repro.quality.kernel_distance import block_distances
from repro.rng import shuffled

SNAPSHOTS: dict[str, Snapshot] = {"early": "early", "late": "final"}  # by their names here


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Draw both sheets, then compute the distances early, late and real against real."""
    model = inputs.model("bedrooms.model")
    sheets = _sheets(model, count=options.rows * options.columns, seed=seed)
    save_arrays(out / "arrays.npz", columns=np.array(options.columns), **sheets)

    real, other_real = _two_sets(inputs.dataset("bedrooms.data"), count=options.images, seed=seed)
    distances = _distances(model, real, other_real, blocks=options.blocks, seed=seed)
    return distance_measurements(distances, images=len(real))


def _sheets(model: ModelFolder, *, count: int, seed: int) -> dict[str, np.ndarray]:
    """`count` samples of each snapshot from the same z, (count, H, W, C), and passes of each.

    Passes are those trained, which are fewer than planned where a trouble stopped the training.
    """
    z = model.latents(count, seed=seed, purpose="bedroom samples, sheet")
    about = model.description
    minibatches = np.array([about["early_minibatch"], about["minibatches"]])
    return {
        **{name: draw(model.generator(snapshot), z) for name, snapshot in SNAPSHOTS.items()},
        "passes": minibatches / about["minibatches_per_epoch"],
    }


def _two_sets(store: ImageStore, *, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two disjoint random sets of real images (n, H, W, C); at most half the store each.

    Both are in random order, so that a block has images of all classes.
    """
    count = min(count, len(store) // 2)
    rows = shuffled(len(store), seed=seed, purpose="bedroom samples, real images")
    return store.images[rows[:count]], store.images[rows[count : 2 * count]]


def _distances(
    model: ModelFolder,
    real: np.ndarray,
    other_real: np.ndarray,
    *,
    blocks: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Distances to the real images (n, H, W, C), block by block: (blocks,) for each kind.

    Kinds: early and late samples, drawn from the same z, and the other real images, which give the
    floor. Features are those of discriminators with initial weights.
    """
    z = model.latents(len(real), seed=seed, purpose="bedroom samples, distances")
    images = {name: draw(model.generator(snapshot), z) for name, snapshot in SNAPSHOTS.items()}
    images["real"] = other_real
    both = np.concatenate([real, other_real])
    spaces = untrained_spaces(model, both, seed=seed, purpose="bedroom samples, features")
    describe = joined(spaces)
    wanted = describe(real)
    # one kind's features at a time: they are large
    return {kind: block_distances(describe(x), wanted, blocks=blocks) for kind, x in images.items()}


if __name__ == "__main__":
    measure_command(measure, Options)
