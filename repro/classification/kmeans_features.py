"""Image features from one layer of k-means: the baseline in the first row of the paper's Table 1.

Coates, Ng and Lee, "An analysis of single-layer networks in unsupervised feature learning" (AISTATS
2011); constants, variance and quadrants are those of the MATLAB demonstration they published. Where
in the flow: between images and a linear classifier (repro.classification.svm), in place of
repro.classification.discriminator_features:

    learned = fit_kmeans(images, centroids=1600, patches=400_000, seed=1, purpose="table 1")
    X = learned.features(images)                              # (N, 6400) float32
    standardise(X, feature_scale(X_of_training_images))       # part of their recipe

The last line is from repro.classification.discriminator_features.

It uses no labels and no paths. Fitting needs 0.3 GB for 400,000 patches of 6x6x3.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor

from repro.classification.discriminator_features import new_features
from repro.errors import UnusableError
from repro.progress import tracked, working
from repro.rng import generator

CONTRAST_FLOOR = 10.0  # added to a patch's variance, in squared grey levels of 0..255
WHITENING_FLOOR = 0.1  # added to the eigenvalues of the patches' covariance
PASSES = 10  # of k-means over the patches
KMEANS_BATCH = 4096  # patches
QUADRANTS = 4
# Images in one product: of 1, 4, 8, 16 and 32, 4 are the fastest on a processor (one thread, 400 to
# 4,800 centroids, measured); a GPU needs larger products.
CPU_BATCH, GPU_BATCH = 4, 64
ROWS = 65_536  # patches cut, or added up in float64, at a time


@dataclass(frozen=True, eq=False)
class KMeansFeatures:
    """Features learned from patches; a patch has F = channels * patch^2 values, (C, row, column).

    mean (F,), whitening (F, F): of normalised patches, applied as (x - mean) @ whitening. centroids
    (K, F): of whitened patches. All are float32. patch: pixels per side.
    """

    mean: np.ndarray
    whitening: np.ndarray
    centroids: np.ndarray
    patch: int

    @property
    def channels(self) -> int:
        return len(self.mean) // self.patch**2

    @torch.no_grad()
    def features(
        self,
        images: np.ndarray,
        *,
        batch: int | None = None,
        out: Path | None = None,
        device: torch.device | str = "cpu",
    ) -> np.ndarray:
        """Triangle encoding of all windows at stride 1, averaged over the image's four quadrants.

        Coates, Ng and Lee sum, which is the same once features are standardised; averages do not
        depend on the image's size and are of the order of D's features, so that the same values of
        C suit both.
        images: (N, H, W, C) uint8. Returns (N, 4 K) float32, by (quadrant, centroid), the quadrants
        from left to right and top to bottom; in memory, or a memory map of the new file `out`
        (.npy), which appears whole or not at all. An odd number of windows gives the upper and the
        left quadrants one more. `batch` (images in one product) changes only the time and the last
        digits. Features are not standardised.
        Raises ValueError for other images, for none, or for images with fewer than 2x2 windows.
        """
        _check(images, patch=self.patch, windows=2)
        if images.shape[3] != self.channels:
            raise ValueError(
                f"images have {images.shape[3]} channels, but the patches had {self.channels}; "
                "fit k-means on images of the same kind"
            )
        device = torch.device(device)
        batch = batch or (GPU_BATCH if device.type == "cuda" else CPU_BATCH)
        encoder = _Encoder(self, (images.shape[1], images.shape[2]), device)
        shape = (len(images), QUADRANTS * len(self.centroids))
        with new_features(shape, out) as features:
            for start in tracked(range(0, len(images), batch), "K-means features", unit="batches"):
                part = slice(start, start + batch)
                pixels = torch.from_numpy(np.array(images[part])).to(device)
                encoded = encoder(pixels.permute(0, 3, 1, 2).float())
                features[part] = encoded.flatten(1).cpu().numpy()
        return features


def fit_kmeans(
    images: np.ndarray,
    *,
    centroids: int,
    patches: int,
    patch: int = 6,
    seed: int,
    purpose: str,
) -> KMeansFeatures:
    """Learn from random patches of unlabelled images (N, H, W, C) uint8.

    Every patch has its mean subtracted and is divided by its deviation (CONTRAST_FLOOR under the
    root); then all are whitened by ZCA (WHITENING_FLOOR) and clustered by k-means: minibatches, a
    fixed number of passes, and the same bytes from the same seed and number of threads. The authors
    ran full k-means.
    Raises ValueError for other images, or fewer patches than centroids.
    """
    _check(images, patch=patch, windows=1)
    if not 1 <= centroids <= patches:
        raise ValueError(
            f"fit_kmeans: {centroids} centroids of {patches} patches; expected at least one "
            "centroid and no more of them than patches"
        )
    x = _random_patches(images, patches, patch, seed=seed, purpose=purpose)
    for part in x.split(ROWS):  # in place: the patches are the largest object in memory
        part.copy_(normalised(part))
    mean, whitening = whitening_of(x, floor=WHITENING_FLOOR)
    for part in x.split(ROWS):
        part.copy_((part - mean) @ whitening)
    clustering = MiniBatchKMeans(
        centroids,
        max_iter=PASSES,
        batch_size=KMEANS_BATCH,
        n_init=1,
        tol=0.0,
        max_no_improvement=None,
        compute_labels=False,
        random_state=int(generator(seed, f"{purpose}, k-means").integers(2**31)),
    )
    with working(f"K-means of {patches:,} patches"):
        clustering.fit(x.numpy())
    found = clustering.cluster_centers_.astype(np.float32)
    return KMeansFeatures(mean.numpy(), whitening.numpy(), found, patch)


def normalised(patches: Tensor) -> Tensor:
    """Patches (..., F) in grey levels 0..255, normalised in brightness and contrast.

    The mean is subtracted and the result divided by the root of variance (F - 1 degrees of freedom)
    + CONTRAST_FLOOR; mean and variance are over all pixels and channels of the patch.
    """
    centred = patches - patches.mean(-1, keepdim=True)
    variance = centred.square().sum(-1, keepdim=True) / (patches.shape[-1] - 1)
    return centred.div_(variance.add_(CONTRAST_FLOOR).sqrt_())


def whitening_of(x: Tensor, *, floor: float) -> tuple[Tensor, Tensor]:
    """Mean (F,) and symmetric (ZCA) whitening matrix (F, F) of rows x (N, F), float32.

    With eigenvalues e of the covariance, a direction's deviation is multiplied by
    1 / sqrt(e + floor).
    """
    mean = torch.stack([part.double().sum(0) for part in x.split(ROWS)]).sum(0) / len(x)
    squares = [(part.double() - mean).T @ (part.double() - mean) for part in x.split(ROWS)]
    covariance = torch.stack(squares).sum(0) / max(1, len(x) - 1)
    values, vectors = torch.linalg.eigh(covariance)
    whitening = (vectors * (values.clamp(min=0) + floor).rsqrt()) @ vectors.T
    return mean.float(), whitening.float()


class _Encoder:
    """Windows of images of one size, their distances to all centroids, the means over quadrants."""

    def __init__(self, learned: KMeansFeatures, size: tuple[int, int], device: torch.device):
        self.patch = learned.patch
        self.mean = torch.from_numpy(learned.mean).to(device)
        self.whitening = torch.from_numpy(learned.whitening).to(device)
        centroids = torch.from_numpy(learned.centroids).to(device)
        # |x - c|^2 = (x, |x|^2, 1) . (-2 c, 1, |c|^2): one product, (F + 2, K)
        ones = torch.ones(1, len(centroids), device=device)
        self.table = torch.cat([-2 * centroids.T, ones, centroids.square().sum(1)[None]])
        self.quadrants = [rows.to(device) for rows in quadrant_windows(size, learned.patch)]
        self.memory = torch.empty(0, device=device)

    def __call__(self, pixels: Tensor) -> Tensor:
        """Pixels (B, C, H, W) float32 in 0..255 -> (B, 4, K)."""
        windows = F.unfold(pixels, self.patch).transpose(1, 2)  # (B, windows, F)
        x = (normalised(windows) - self.mean) @ self.whitening
        x = torch.cat([x, x.square().sum(-1, keepdim=True), torch.ones_like(x[..., :1])], dim=-1)
        means = [self._mean(x[:, rows]) for rows in self.quadrants]
        return torch.stack(means, dim=1)

    def _mean(self, x: Tensor) -> Tensor:
        """Windows of a quadrant (B, n, F + 2) -> (B, K): the triangle max(0, mean z - z), averaged.

        z are a window's distances to the centroids. It works in place and reuses memory: twice as
        fast (measured).
        """
        z = self._distances(x.flatten(0, 1))
        torch.sub(z.mean(1, keepdim=True), z, out=z).clamp_(min=0)
        return z.unflatten(0, x.shape[:2]).mean(1)

    def _distances(self, x: Tensor) -> Tensor:
        """Rows (n, F + 2) -> (n, K), valid until the next call."""
        numbers = len(x) * self.table.shape[1]
        if len(self.memory) < numbers:
            self.memory = torch.empty(numbers, device=x.device)
        z = torch.mm(x, self.table, out=self.memory[:numbers].view(len(x), -1))
        return z.clamp_(min=0).sqrt_()


def quadrant_windows(size: tuple[int, int], patch: int) -> list[Tensor]:
    """Numbers of the windows in each quadrant of an image of size (H, W), row by row."""
    rows, columns = size[0] - patch + 1, size[1] - patch + 1
    lower = torch.arange(rows) >= (rows + 1) // 2
    right = torch.arange(columns) >= (columns + 1) // 2
    quadrant = (2 * lower[:, None] + 1 * right).flatten()
    return [(quadrant == number).nonzero()[:, 0] for number in range(QUADRANTS)]


def _random_patches(
    images: np.ndarray, count: int, patch: int, *, seed: int, purpose: str
) -> Tensor:
    """(count, C * patch^2) float32 in 0..255, cut anywhere from any image, in the images' order."""
    source = generator(seed, f"{purpose}, patches")
    height, width, channels = images.shape[1:]
    rows = np.sort(source.integers(len(images), size=count))
    top = source.integers(height - patch + 1, size=count)
    left = source.integers(width - patch + 1, size=count)
    offsets = np.arange(patch)
    cut = np.empty((count, channels * patch**2), np.float32)
    for start in range(0, count, ROWS):
        part = slice(start, start + ROWS)
        found = images[
            rows[part, None, None],
            top[part, None, None] + offsets[:, None],
            left[part, None, None] + offsets,
        ]  # (n, patch, patch, C)
        cut[part] = found.transpose(0, 3, 1, 2).reshape(len(found), -1)
    return torch.from_numpy(cut)


def _check(images: np.ndarray, *, patch: int, windows: int) -> None:
    """Raise ValueError unless images are uint8 (N, H, W, C) with that many windows per side."""
    if images.dtype != np.uint8 or images.ndim != 4 or len(images) == 0:
        raise ValueError(
            f"expected images (N, H, W, C), N > 0, of uint8, found {images.dtype} {images.shape}"
        )
    least = patch + windows - 1
    if min(images.shape[1:3]) < least:
        raise UnusableError(
            f"images are {images.shape[1]}x{images.shape[2]}: patches of {patch} pixels need "
            f"at least {least}x{least}; choose smaller patches or larger images"
        )
