"""A weights file of torch-fidelity's InceptionV3 with made-up weights, written by the tests.

The published weights are not in the repository and nothing downloads them. Kernels are drawn from a
seed; the batch statistics are those of made-up pictures, so that features differ from picture to
picture as those of a trained network do.
"""

import io
from pathlib import Path

import torch
from torch import Tensor, nn

from repro.rng import torch_generator


def untrained_network(seed: int = 1) -> nn.Module:
    """The network with kernels drawn at random, without reading any file."""
    from torch_fidelity import FeatureExtractorInceptionV3

    class Untrained(FeatureExtractorInceptionV3):  # type: ignore[misc]
        def load_state_dict(self, *_: object) -> None:
            """Keep what the constructor drew."""

    nothing = io.BytesIO()
    torch.save({}, nothing)
    nothing.seek(0)
    with torch.device("meta"):
        network = Untrained("untrained", ["2048"], feature_extractor_weights_path=nothing)
    network.to_empty(device="cpu")
    source = torch_generator(seed, "made-up inception")
    for name, values in network.state_dict().items():
        values.copy_(_drawn(name, values, source))
    return network


def _drawn(name: str, values: Tensor, source: torch.Generator) -> Tensor:
    if name.endswith(("bn.weight", "running_var")):
        return torch.ones_like(values)
    if values.dim() < 2:
        return torch.zeros_like(values)
    spread = (2 / values[0].numel()) ** 0.5
    return torch.randn(values.shape, generator=source) * spread


def write_inception(path: Path, *, seed: int = 1, pictures: int = 2) -> Path:
    """Write the file; batch statistics over pictures of random colours, under noise."""
    network = untrained_network(seed)
    source = torch_generator(seed, "made-up inception, pictures")
    small = torch.rand(pictures, 3, 4, 4, generator=source)
    images = nn.functional.interpolate(small, size=32, mode="bilinear")
    images = (images + 0.2 * torch.randn(images.shape, generator=source)).clamp(0, 1) * 255
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the plain mean over what it is shown
    network.train()
    with torch.no_grad():
        network(images.to(torch.uint8))
    torch.save(dict(network.state_dict()), path)
    return path
