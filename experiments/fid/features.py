"""InceptionV3's features of samples and of real images, each set stored when it is finished.

Part of measure.py: a set takes minutes to hours on a CPU. Alone:
`StoredFeatures(...).samples(model, "faces", 1)`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from repro.artefacts.finished_parts import FinishedParts
from repro.data.store import ImageStore
from repro.networks.model_folder import ModelFolder
from repro.quality.fid import image_features, reference, sample_features
from repro.quality.inception import InceptionFeatures


@dataclass(frozen=True)
class StoredFeatures:
    """Features of sets of pictures by the name of the set.

    count: samples drawn from each model; limit: real images, at most, from each dataset.
    """

    network: InceptionFeatures
    count: int
    limit: int
    seed: int
    finished: FinishedParts

    def samples(self, model: ModelFolder, role: str, number: int) -> np.ndarray:
        """(count, F) of a model's samples; number: of the training, from 1."""
        return self._part(
            f"{role}_samples_{number}",
            lambda: sample_features(
                model,
                self.network,
                count=self.count,
                seed=self.seed,
                purpose=f"fid {role}",
                index=number,
            ),
        )

    def images(self, store: ImageStore, rows: np.ndarray, name: str) -> np.ndarray:
        """(n, F) for rows of a dataset, n at most `limit`; name: of the part."""
        chosen = reference(rows, limit=self.limit, seed=self.seed, purpose=f"fid {name}")
        return self._part(name, lambda: image_features(store, chosen, self.network))

    def _part(self, name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        return self.finished.part(name, lambda: {"features": make()})["features"]
