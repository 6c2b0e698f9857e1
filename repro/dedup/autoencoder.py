"""The paper's semantic hash: a denoising autoencoder 3072-128-3072 whose active units are bits.

Where in the flow: `data_prep.dedup` trains it on a prepared dataset (repro/dedup/training.py) and
encodes every image; `repro.dedup.binary_codes` groups equal codes. Paper §4.1.1: 32x32 downsampled
centre crops, ReLU code thresholded to bits; the set of active units carries the information
(Srivastava et al. 2014, "Understanding locally competitive networks"). The paper does not state how
the input is scaled. Here bits are units with positive pre-activation.

Alone: `encode(Autoencoder.load(Path("autoencoder.safetensors")), HashInputs(images))`; the tool is
python -m repro dedup
"""

import math
from mmap import mmap
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from repro.artefacts.whole_file import atomic_write
from repro.data.images import halve
from repro.data.shards import WHOLE, Shard
from repro.dedup.binary_codes import CODE_BITS, CODE_BYTES, pack
from repro.dedup.options import HASHED_SIZES
from repro.errors import UnusableError
from repro.progress import tracked
from repro.rng import torch_generator

SIDE = 32  # pixels
PIXELS = SIDE * SIDE * 3
LEAST_CONTRAST = 0.05  # of the range of grey levels; flatter images are not stretched further
BLOCK = 256  # rows read together
CACHED_ROWS = 32_768  # a dataset up to this size is halved once and cached: 100 MB
ENCODING_BATCH = 1024

Scaling = Literal["image", "dataset"]


class HashInputs:
    """The 32x32 RGB pictures of a dataset, made from its images as needed.

    images: (N, S, S, C) uint8, S = 32, 64, 128 or 256, C = 1 or 3. Larger ones are halved
    repeatedly (2x2 means), grey ones repeated to three channels. A memory-mapped file is read block
    by block, so that its size does not count as memory in use. Raises ValueError for other shapes.
    """

    def __init__(self, images: np.ndarray) -> None:
        side, channels = images.shape[1], images.shape[3]
        if images.shape[2] != side or side not in HASHED_SIZES or channels not in (1, 3):
            raise UnusableError(
                f"the hash needs square images of 32, 64, 128 or 256 pixels in 1 or 3 channels, "
                f"found {images.shape[1:]}; prepare the dataset with such an image_size"
            )
        self._images = images
        self._cache = self._made(0, len(images)) if len(images) <= CACHED_ROWS else None

    def __len__(self) -> int:
        return len(self._images)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Pictures (n, 32, 32, 3) uint8 of the rows start..stop-1."""
        return self._made(start, stop) if self._cache is None else self._cache[start:stop]

    def _made(self, start: int, stop: int) -> np.ndarray:
        stop = min(stop, len(self))
        made = np.empty((stop - start, SIDE, SIDE, 3), np.uint8)
        for low in range(0, len(made), BLOCK):
            pictures = _read(self._images, start + low, min(start + low + BLOCK, stop))
            while pictures.shape[1] > SIDE:
                pictures = halve(pictures)
            made[low : low + BLOCK] = pictures  # broadcasts grey to three channels
        return made


def _read(images: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Rows start..stop-1; a mapped file is read, which leaves no pages in memory."""
    if not (isinstance(images, np.memmap) and isinstance(images.base, mmap)):
        return images[start:stop]  # in memory, or a view whose place in the file is unknown
    shape = (stop - start, *images.shape[1:])
    offset = images.offset + start * images[0].nbytes
    values = np.fromfile(images.filename, images.dtype, count=math.prod(shape), offset=offset)
    return values.reshape(shape)


class Autoencoder(nn.Module):
    """3072-128-3072 with biases and untied weights: 789,632 parameters (paper §4.1.1).

    scaling "image": each picture has mean 0 and standard deviation 1, so that brightness and
    contrast do not count; "dataset": the mean picture is subtracted, then divided by one standard
    deviation.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, *, scaling: Scaling = "image", seed: int = 0) -> None:
        super().__init__()
        self.scaling = scaling
        self.encoder = nn.Linear(PIXELS, CODE_BITS)
        self.decoder = nn.Linear(CODE_BITS, PIXELS)
        self.register_buffer("mean", torch.zeros(PIXELS))
        self.register_buffer("deviation", torch.ones(()))
        source = torch_generator(seed, "autoencoder, initial weights")
        for layer in (self.encoder, self.decoder):
            bound = 1 / math.sqrt(layer.in_features)
            nn.init.uniform_(layer.weight, -bound, bound, generator=source)
            nn.init.zeros_(layer.bias)

    def inputs(self, pictures: np.ndarray) -> Tensor:
        """Pictures (N, 32, 32, 3) uint8 -> (N, 3072) float32, scaled."""
        return self.scaled(torch.from_numpy(pictures.reshape(len(pictures), PIXELS)).float() / 255)

    def scaled(self, x: Tensor) -> Tensor:
        """Values (N, 3072) in 0..1 as the network takes them."""
        if self.scaling == "dataset":
            return (x - self.mean) / self.deviation
        deviation = x.std(dim=1, keepdim=True, correction=0).clamp_min(LEAST_CONTRAST)
        return (x - x.mean(dim=1, keepdim=True)) / deviation

    def bits(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures (N, 32, 32, 3) uint8 -> (N, 128) bool: the code's active units, no noise."""
        with torch.no_grad():
            return (self.encoder(self.inputs(pictures)) > 0).numpy()

    def fit_scaling(self, pictures: np.ndarray) -> None:
        """Set mean picture and standard deviation (scaling "dataset") from a sample."""
        x = torch.from_numpy(pictures.reshape(len(pictures), PIXELS)).float() / 255
        self.mean.copy_(x.mean(dim=0))
        self.deviation.copy_((x - self.mean).square().mean().sqrt().clamp_min(LEAST_CONTRAST))

    @classmethod
    def load(cls, path: Path) -> "Autoencoder":
        """Load a network written by `save`. FileNotFoundError, or ValueError naming the file."""
        try:
            with safe_open(path, "pt") as file:
                scaling = (file.metadata() or {}).get("scaling")
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if scaling not in get_args(Scaling):
                raise UnusableError(f"{path}: not an autoencoder of this kind (scaling: {scaling})")
            network = cls(scaling=cast(Scaling, scaling))
            network.load_state_dict(tensors)
        except (SafetensorError, RuntimeError) as error:
            raise UnusableError(f"{path}: not an autoencoder of this kind ({error})") from None
        return network.eval()

    def save(self, path: Path) -> None:
        """Write weights and scaling as safetensors: equal values give equal bytes."""
        tensors = {name: tensor.contiguous() for name, tensor in self.state_dict().items()}
        with atomic_write(path) as temporary:
            temporary.write_bytes(save(tensors, metadata={"scaling": self.scaling}))


def encode(
    network: Autoencoder, inputs: HashInputs, *, shard: Shard = WHOLE
) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n, 16) uint8, and each picture's contrast (n,) float32 in grey levels (0..127.5).

    A picture of contrast near 0 (`contrast_of`) is flat and its code is meaningless. Every batch
    has the same size, the last one is padded, so that equal pictures go through the same arithmetic
    and get equal codes in any position. A shard consists of whole batches: the joined parts equal
    the result of one pass.
    """
    batches = shard.of_these(range(-(-len(inputs) // ENCODING_BATCH)))
    codes, contrasts = [np.empty((0, CODE_BYTES), np.uint8)], [np.empty(0, np.float32)]
    batch = np.zeros((ENCODING_BATCH, SIDE, SIDE, 3), np.uint8)
    for number in tracked(batches, "hashing", unit=f"batches of {ENCODING_BATCH:,}"):
        start = number * ENCODING_BATCH
        pictures = inputs.rows(start, start + ENCODING_BATCH)
        n = len(pictures)
        batch[:n] = pictures
        codes.append(pack(network.bits(batch)[:n]))
        contrasts.append(contrast_of(pictures))
    return np.concatenate(codes), np.concatenate(contrasts)


def contrast_of(pictures: np.ndarray) -> np.ndarray:
    """Spatial variation of pictures (n, H, W, 3) uint8 in grey levels: (n,) float32.

    It is the root mean square of the channels' standard deviations: 0 for a uniform picture.
    """
    variance = pictures.reshape(len(pictures), -1, 3).var(axis=1, dtype=np.float32)  # (n, 3)
    return np.sqrt(variance.mean(axis=1))
