"""Views of pictures: what people do to photos that they post again, drawn at random at 32x32.

Where in the flow: `repro.dedup.training` trains on them with `corruption: views`: a view goes
in, the original picture comes out. The paper (§4.1.1) says "de-noising" and not which noise;
undoing what makes near-duplicates is one reading of it. A whole minibatch is changed at once, each
kind on half of its pictures, in the order of the table; every strength is equally probable:

| kind       | strength                                                                         |
|------------|----------------------------------------------------------------------------------|
| crop       | share of width and height cut off, 0 to 0.15; the rest at any place               |
| shift      | pixels of 32, up to 1.5 in both directions; mirrored at the border                |
| rescale    | down to 16 to 31 pixels and up again, bilinear; one size for the minibatch        |
| recompress | rounding of the 8x8 cosine coefficients to multiples of up to 16 grey levels      |
| noise      | standard deviation of up to 10 grey levels                                        |
| brightness | factor of 0.6 to 1.5, clipped at white                                            |
| grey       | the luma (ITU-R BT.601) in all three channels                                     |

Alone: `views_of(pictures, source=torch_generator(42, "a look"))`.
"""

from collections.abc import Collection
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from scipy.fft import dct
from torch import Tensor

VIEW_KINDS = ("crop", "shift", "rescale", "recompress", "noise", "brightness", "grey")
SHARE = 0.5  # of the pictures to which a kind is applied
MOST_CROPPED = 0.15
MOST_SHIFTED = 1.5  # pixels
LEAST_SIDE = 16  # pixels
COARSEST = 16.0  # grey levels
MOST_NOISE = 10.0  # grey levels
DARKEST, BRIGHTEST = 0.6, 1.5
LUMA = (0.299, 0.587, 0.114)
CELL = 8  # pixels of a JPEG's block


def views_of(
    pictures: np.ndarray, *, source: torch.Generator, kinds: Collection[str] = VIEW_KINDS
) -> Tensor:
    """Pictures (N, S, S, 3) uint8, S a multiple of 8 -> a view of each, (N, S, S, 3) in 0..1.

    kinds: of VIEW_KINDS; the draws of a kind do not depend on which others there are. Raises
    ValueError for an unknown kind.
    """
    if unknown := set(kinds) - set(VIEW_KINDS):
        raise ValueError(f"no view {sorted(unknown)}; there are {', '.join(VIEW_KINDS)}")
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255  # (N, 3, S, S)
    n = len(x)
    chosen = {kind: torch.rand(n, generator=source) < SHARE for kind in VIEW_KINDS}
    strength = {kind: torch.rand(n, generator=source) for kind in VIEW_KINDS}
    place, moved = (2 * torch.rand(n, 2, generator=source) - 1 for _ in range(2))
    side = int(torch.randint(LEAST_SIDE, x.shape[3], (), generator=source))
    white = torch.randn(x.shape, generator=source)
    on = {
        kind: (strength[kind] if kind in kinds else torch.zeros(n)) * chosen[kind]
        for kind in VIEW_KINDS
    }
    if (some := (on["crop"] > 0) | (on["shift"] > 0)).any():
        cut = MOST_CROPPED * on["crop"]
        shift = MOST_SHIFTED * 2 / x.shape[3] * moved * (on["shift"] > 0)[:, None]
        x[some] = _cut_out(x[some], cut[some], centre=(place * cut[:, None] + shift)[some])
    if (some := on["rescale"] > 0).any():
        small = F.interpolate(x[some], (side, side), mode="bilinear", antialias=True)
        x[some] = F.interpolate(small, x.shape[2:], mode="bilinear", align_corners=False)
    if (some := on["recompress"] > 0).any():
        x[some] = _rounded_cosines(x[some], COARSEST / 255 * on["recompress"][some])
    if "noise" in kinds:
        x = x + MOST_NOISE / 255 * _each(on["noise"]) * white
    if "brightness" in kinds:
        factor = DARKEST + (BRIGHTEST - DARKEST) * strength["brightness"]
        x = x * _each(torch.where(chosen["brightness"], factor, torch.ones(n)))
    if "grey" in kinds:
        luma = (x * torch.tensor(LUMA)[:, None, None]).sum(dim=1, keepdim=True)
        x = torch.where(_each(chosen["grey"]), luma, x)
    return x.clamp(0, 1).permute(0, 2, 3, 1)


def _each(values: Tensor) -> Tensor:
    """(N,) -> (N, 1, 1, 1)."""
    return values[:, None, None, None]


def _cut_out(x: Tensor, cut: Tensor, *, centre: Tensor) -> Tensor:
    """The square of 1 - cut of the side round each `centre` (N, 2) in -1..1, at full size."""
    affine = torch.zeros(len(x), 2, 3)
    affine[:, 0, 0] = affine[:, 1, 1] = 1 - cut
    affine[:, :, 2] = centre
    grid = F.affine_grid(affine, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


def _rounded_cosines(x: Tensor, step: Tensor) -> Tensor:
    """x (N, 3, S, S) with the 8x8 cosine coefficients of each at multiples of its step (N,)."""
    n, channels, side, _ = x.shape
    cells = side // CELL
    basis = _cosines()
    blocks = x.reshape(n, channels, cells, CELL, cells, CELL).transpose(3, 4)
    flat = blocks.reshape(n, -1, CELL * CELL) @ basis.T
    grid = step.clamp_min(1e-4)[:, None, None]
    flat = (flat / grid).round_() * grid @ basis
    blocks = flat.reshape(n, channels, cells, cells, CELL, CELL)
    return blocks.transpose(3, 4).reshape(x.shape)


@cache
def _cosines() -> Tensor:
    """The orthonormal cosine transform of a block of 8x8 values, (64, 64) float32."""
    line = dct(np.eye(CELL), axis=0, norm="ortho")
    return torch.from_numpy(np.kron(line, line).astype(np.float32))
