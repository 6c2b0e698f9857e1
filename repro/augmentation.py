"""Small random changes of real images, anew at each showing: mirror, colours, blur.

Not in the paper ("no pre-processing was applied besides scaling", §4); recipes for small folders of
photos use it. Where in the flow: repro.minibatches calls `augmented` on each real minibatch.
"""

import numpy as np
from torch import Tensor

from repro.specs import AugmentationSpec


def augmented(
    images: Tensor,
    spec: AugmentationSpec,
    *,
    low: int,
    seed: int,
    minibatch: int,
    places: np.ndarray,
) -> Tensor:
    """Images (n, C, H, W) in [low, 1], changed."""
    raise NotImplementedError
