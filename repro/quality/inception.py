"""Features of images from torch-fidelity's InceptionV3, with weights that the user provides.

Where in the flow: repro.quality.fid and experiments/fid compare samples and training images by
them. The network is torch-fidelity's `inception-v3-compat`, a copy of the TensorFlow graph with
which FID was introduced (Heusel et al. 2017, arXiv 1706.08500), down to its own bilinear scaling to
299x299.

Alone: `InceptionFeatures(read_weights(path)).of(images)`, images (N, H, W, 3) uint8.
"""

import io
from collections.abc import Iterable
from importlib import metadata
from typing import Literal, get_args

import numpy as np
import torch

from repro.quality.inception_weights import WHERE, InceptionWeights
from repro.specs.validation import SpecError

FeatureLayer = Literal["64", "192", "768", "2048"]
NETWORK = "inception-v3-compat"
BATCH = 32  # images through the network at a time
CPU = torch.device("cpu")


class InceptionFeatures:
    """The network, frozen, on a device. `layer` is named by the number of its features."""

    def __init__(
        self, weights: InceptionWeights, *, layer: FeatureLayer = "2048", device: torch.device = CPU
    ) -> None:
        self.weights, self.layer, self.device = weights, layer, device
        self.network = _network(weights, layer).to(device)

    @property
    def width(self) -> int:
        """Number of features of an image."""
        return int(self.layer)

    @property
    def words(self) -> str:
        """The protocol as text: network, layer where it is not FID's, version, weights."""
        layer = (
            "" if self.layer == get_args(FeatureLayer)[-1] else f", layer of {self.layer} features"
        )
        version = metadata.version("torch-fidelity")
        return f"{NETWORK}{layer}, torch-fidelity {version}, {self.weights.words}"

    @torch.no_grad()
    def of(self, images: np.ndarray) -> np.ndarray:
        """Features (N, width) float32 of images (N, H, W, 3) uint8 of any size.

        Raises SpecError for grey images.
        """
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
            raise SpecError(
                f"FID and KID: found images {images.dtype} {images.shape}, expected colour images "
                "uint8 (N, H, W, 3)"
            )
        parts = []
        for start in range(0, len(images), BATCH):
            pixels = torch.from_numpy(np.array(images[start : start + BATCH]))
            (features,) = self.network(pixels.permute(0, 3, 1, 2).contiguous().to(self.device))
            parts.append(features.cpu().numpy())
        return np.concatenate(parts)

    def of_blocks(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        """Features of images that come block by block, so that not all are in memory at once."""
        return np.concatenate([self.of(block) for block in blocks])


def _network(weights: InceptionWeights, layer: FeatureLayer) -> torch.nn.Module:
    from torch_fidelity import FeatureExtractorInceptionV3

    # The network's constructor unpickles only these tensors, which we write ourselves, and never
    # the user's file.
    own = io.BytesIO()
    torch.save(weights.tensors, own)
    own.seek(0)
    try:
        return FeatureExtractorInceptionV3(NETWORK, [layer], feature_extractor_weights_path=own)
    except RuntimeError as error:
        first = ", ".join(list(weights.tensors)[:3]) or "none"
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        raise SpecError(
            f"{weights.file}: its {len(weights.tensors)} tensors ({first}, ...) are not those of "
            f"torch-fidelity's InceptionV3 ({' '.join(lines)[:160]}...); expected {WHERE}"
        ) from None
