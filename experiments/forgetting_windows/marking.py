"""The samples on which windows are marked, and their authors: people or the segmenter.

Part of measure.py. The page and fig06_boxes.png show the arrays that it saves; boxes.py reads the
files of boxes drawn by hand.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from experiments.forgetting_windows.boxes import BoxFile, as_shares, identity, in_pixels, read_boxes
from experiments.forgetting_windows.segmenters import Segmenters
from repro.artefacts.arrays import save_arrays
from repro.internals.drop_maps import box_cover
from repro.networks.dcgan import Generator
from repro.networks.model_folder import ModelFolder, draw

PURPOSE = "forgetting windows, samples"
BOXES_SHOWN = 36  # samples shown with their boxes


@dataclass(frozen=True)
class Marks:
    """The window boxes of one author."""

    by: str  # "the segmenter" or "hand (NAME)"
    start: str  # the person's start: "segmenter", "nothing" or "mixed"; else ""
    boxes: list[np.ndarray]  # (n, 4) for each sample, in [0, 1]
    looked: np.ndarray  # (N,) bool: the samples inspected by the author

    @classmethod
    def of_person(cls, file: BoxFile, *, samples: int) -> "Marks":
        return cls(
            f"hand ({file.author.strip() or 'no name'})",
            file.start,
            as_shares(file.boxes, samples=samples, image_size=file.image_size),
            np.array([str(number) in file.boxes for number in range(samples)]),
        )

    def masks(self, side: int) -> np.ndarray:
        """Pixels of which more than half is in a box, bool (N, side, side)."""
        return np.stack([box_cover(own, side) > 0.5 for own in self.boxes])


@dataclass(frozen=True)
class Marked:
    """Samples and the window boxes on them."""

    z: torch.Tensor  # (N, z_dim)
    pictures: np.ndarray  # (N, H, W, 3) uint8
    identity: str
    proposals: list[np.ndarray]  # the segmenter's boxes, N arrays (n, 4)
    marks: Marks  # the boxes given to the regression
    others: list[Marks]  # by further people

    def save(self, path: Path) -> None:
        """Write the figures' data, BOXES_SHOWN samples as pictures; boxes as rows of whole pixels.

        A row of boxes or proposals is sample, x0, y0, x1, y1.
        """
        save_arrays(
            path,
            samples=self.pictures,
            identity=np.array(self.identity),
            by=np.array(self.marks.by),
            looked=self.marks.looked,
            shown=np.array(BOXES_SHOWN),
            boxes=_rows(self.marks.boxes, self.pictures.shape[1]),
            proposals=_rows(self.proposals, self.pictures.shape[1]),
        )


def _rows(boxes: list[np.ndarray], size: int) -> np.ndarray:
    rows = [[n, *box] for n, own in enumerate(boxes) for box in in_pixels(own, size)]
    return np.array(rows, np.int64).reshape(-1, 5)


def hand_boxes(model: ModelFolder, files: list[str], *, samples: int, seed: int) -> list[BoxFile]:
    """Boxes drawn by hand for these samples, one file per person.

    Raises SpecError for a file that cannot be used; called before anything is trained.
    """
    size, name = model.spec.network.image_size, identity(model, samples=samples, seed=seed)
    return [read_boxes(Path(f), samples=samples, image_size=size, identity=name) for f in files]


def mark(
    model: ModelFolder,
    G: Generator,
    segmenters: Segmenters,
    people: list[BoxFile],
    *,
    samples: int,
    seed: int,
) -> Marked:
    """Draw the samples, and use the boxes of the first of `people` or else the segmenter's."""
    z = model.latents(samples, seed=seed, purpose=PURPOSE)
    pictures = draw(G, z)
    proposals = segmenters.proposed(pictures)
    by_segmenter = Marks("the segmenter", "", proposals, np.ones(samples, bool))
    marks, *others = [Marks.of_person(one, samples=samples) for one in people] or [by_segmenter]
    name = identity(model, samples=samples, seed=seed)
    return Marked(z, pictures, name, proposals, marks, others)
