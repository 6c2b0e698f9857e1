"""FID and KID of a generator's samples against real images, each named by its protocol.

Where in the flow: experiments/fid, for every colour model of a run; for a single model:

    python -m repro fid --model results/demo/models/faces --data results/demo/data/faces \\
        --weights FILE

Both compare features of InceptionV3 (repro.quality.inception). FID (Heusel et al., arXiv
1706.08500) is the Fréchet distance of two Gaussians fitted to them; KID (Binkowski et al., arXiv
1801.01401) the squared maximum mean discrepancy with the kernel (x.y/F + 1)^3. torch-fidelity
computes the numbers. The paper reports neither. FID falls with the number of images, so two FIDs
are comparable only at equal numbers; KID does not.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from repro.artefacts.whole_file import write_json
from repro.command_line import (
    add_device,
    add_seed,
    add_threads,
    at_least_one,
    file_to_write,
    new_parser,
)
from repro.data.store import ImageStore
from repro.devices import chosen_device
from repro.networks.model_folder import ModelFolder, draw
from repro.quality.inception import FeatureLayer, InceptionFeatures
from repro.quality.inception_weights import read_weights
from repro.quality.training_images import require_size, training_rows
from repro.rng import shuffled, stream_key
from repro.specs.validation import SpecError

SAMPLES = 10_000
REAL = 50_000
SUBSETS = 100  # of KID, as in torch-fidelity
SUBSET_SIZE = 1_000
BLOCK = 1_024  # images in memory at a time


@dataclass(frozen=True)
class Scores:
    """FID and KID of two sets of images; `kid` is the mean over subsets, `kid_sd` their spread."""

    fid: float
    kid: float
    kid_sd: float
    subsets: int
    subset_size: int
    first: int
    second: int
    width: int

    @property
    def warning(self) -> str:
        """Why this FID is unreliable (fewer images than a covariance needs), or ""."""
        fewest = min(self.first, self.second)
        if fewest > self.width:
            return ""
        return (
            f"{fewest:,} images are too few: a covariance of {self.width:,} features is singular "
            f"below {self.width + 1:,}, and this FID is far too high"
        )


def scores(
    first: np.ndarray,
    second: np.ndarray,
    *,
    seed: int,
    purpose: str,
    subsets: int = SUBSETS,
    subset_size: int = SUBSET_SIZE,
) -> Scores:
    """FID and KID of features (N, F) and (M, F). Raises SpecError below 4 rows of either.

    KID's subsets, drawn by (seed, purpose), have at most half of the smaller set, so that they
    differ. KID's expectation is the same for any subset size.
    """
    from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics
    from torch_fidelity.metric_fid import fid_statistics_to_metric as frechet
    from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, KEY_METRIC_KID_STD
    from torch_fidelity.metric_kid import kid_features_to_metric as kernel_distance

    if min(len(first), len(second)) < 4:
        raise SpecError(f"FID and KID: {len(first)} and {len(second)} images; 4 are needed")
    # sums in float64: in float32 they cost KID its fifth decimal place
    pair = [torch.from_numpy(features.astype(np.float64)) for features in (first, second)]
    size = min(subset_size, len(first) // 2, len(second) // 2)
    kid = kernel_distance(
        *pair,
        kid_subsets=subsets,
        kid_subset_size=size,
        rng_seed=stream_key(seed, f"{purpose}, subsets") % 2**32,
        verbose=False,
    )
    fid = frechet(*(fid_features_to_statistics(features) for features in pair), verbose=False)
    return Scores(
        fid=float(fid[KEY_METRIC_FID]),
        kid=kid[KEY_METRIC_KID_MEAN],
        kid_sd=kid[KEY_METRIC_KID_STD],
        subsets=subsets,
        subset_size=size,
        first=len(first),
        second=len(second),
        width=first.shape[1],
    )


def why_unfit(model: ModelFolder) -> str:
    """Why a model's samples have no InceptionV3 features, or ""."""
    network = model.spec.network
    if network.channels != 3:
        return "its pictures are grey; InceptionV3 takes colour"
    return "its generator needs labels" if network.classes else ""


def sample_features(
    model: ModelFolder,
    network: InceptionFeatures,
    *,
    count: int,
    seed: int,
    purpose: str,
    index: int = 0,
) -> np.ndarray:
    """Features (count, F) of samples of the final generator, statistics frozen, none picked.

    index: distinguishes the trainings of one model. Raises SpecError for a model that is unfit
    (`why_unfit`).
    """
    if why_unfit(model):
        raise SpecError(f"{model.folder}: no FID or KID: {why_unfit(model)}")
    G = model.generator()
    G.to(network.device)
    z = model.latents(count, seed=seed, purpose=f"{purpose}, samples", index=index)
    return network.of_blocks(draw(G, z[s : s + BLOCK]) for s in range(0, count, BLOCK))


def reference(rows: np.ndarray, *, limit: int, seed: int, purpose: str) -> np.ndarray:
    """All rows, or `limit` of them drawn by (seed, purpose), in ascending order."""
    if len(rows) <= limit:
        return rows
    drawn = shuffled(len(rows), seed=seed, purpose=f"{purpose}, real images")[:limit]
    return rows[np.sort(drawn)]


def image_features(store: ImageStore, rows: np.ndarray, network: InceptionFeatures) -> np.ndarray:
    """Features (N, F) of rows of a dataset."""

    def blocks() -> Iterator[np.ndarray]:
        for start in range(0, len(rows), BLOCK):
            yield store.images[rows[start : start + BLOCK]]

    return network.of_blocks(blocks())


def count_suffix(count: int) -> str:
    """A number of samples as in the names of FIDs: 10k for 10,000, 2500 for 2,500."""
    return f"{count // 1000}k" if count and count % 1000 == 0 else str(count)


def protocol(
    network: InceptionFeatures, found: Scores, *, first: str, second: str, side: int
) -> str:
    """E.g. "inception-v3-compat, torch-fidelity 0.4.0, weights sha256 ..., 10,000 samples ..."."""
    return (
        f"{network.words}, {found.first:,} {first} against {found.second:,} {second} "
        f"at {side}x{side}"
    )


def describe_subsets(found: Scores) -> str:
    """How KID's mean and standard deviation were computed."""
    return f"{found.subsets} random subsets of {found.subset_size:,} of each set"


def _of_one_model(given: argparse.Namespace) -> dict[str, object]:
    model, store = ModelFolder.open(given.model), ImageStore.open(given.data)
    if given.all_images:
        require_size(store, model)
    rows = np.arange(len(store)) if given.all_images else training_rows(model, store)
    network = InceptionFeatures(
        read_weights(given.weights), layer=given.layer, device=chosen_device(given.device)
    )
    purpose = "fid"
    drawn = sample_features(model, network, count=given.samples, seed=given.seed, purpose=purpose)
    rows = reference(rows, limit=given.real, seed=given.seed, purpose=purpose)
    found = scores(drawn, image_features(store, rows, network), seed=given.seed, purpose=purpose)
    kind = "images of the dataset" if given.all_images else "training images"
    side = model.spec.network.image_size
    return {
        f"fid{count_suffix(given.samples)}": found.fid,
        f"kid{count_suffix(given.samples)}": found.kid,
        "kid_sd_over_subsets": found.kid_sd,
        "kid_subsets": describe_subsets(found),
        "protocol": protocol(network, found, first="samples", second=kind, side=side),
        "seed": given.seed,
        "warning": found.warning,
    }


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("fid", __doc__)
    parser.add_argument("--model", type=Path, required=True, help="results/<run>/models/<model>")
    parser.add_argument("--data", type=Path, required=True, help="results/<run>/data/<dataset>")
    parser.add_argument("--weights", type=Path, required=True, help="InceptionV3's, as published")
    parser.add_argument(
        "--samples", type=at_least_one, default=SAMPLES, help=f"default {SAMPLES:,}"
    )
    parser.add_argument(
        "--real", type=at_least_one, default=REAL, help=f"at most; default {REAL:,}"
    )
    parser.add_argument(
        "--all-images", action="store_true", help="against all of --data, e.g. held-out images"
    )
    parser.add_argument("--layer", choices=get_args(FeatureLayer), default="2048")
    add_seed(parser)
    add_device(parser)
    add_threads(parser)
    parser.add_argument("--out", type=file_to_write, help="JSON file to write as well")
    given = parser.parse_args(argv)
    if given.threads:
        torch.set_num_threads(given.threads)
    result = _of_one_model(given)
    print(json.dumps(result, indent=1, ensure_ascii=False))
    if given.out:
        write_json(given.out, result)
