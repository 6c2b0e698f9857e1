"""The samples on which windows are marked, and who marked them: people or the segmenter.

Part of measure.py. The arrays it saves are what the page and fig06_boxes.png show.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from experiments.forgetting_windows.boxes import BoxFile, as_shares, identity, in_pixels, read_boxes
from experiments.forgetting_windows.judging import Segmenters, agreement
from repro.artefacts.arrays import save_arrays
from repro.claims.constructors import single_number
from repro.claims.measurement import Measurement
from repro.internals.drop_maps import box_cover
from repro.internals.segmenter import predict
from repro.networks.dcgan import Generator
from repro.networks.model_folder import ModelFolder, draw

PURPOSE = "forgetting windows, samples"


@dataclass(frozen=True)
class Marked:
    """Samples and the window boxes on them."""

    z: torch.Tensor  # (N, z_dim)
    pictures: np.ndarray  # (N, H, W, 3) uint8
    identity: str
    by: str  # "the segmenter" or "hand (NAME)"
    boxes: list[np.ndarray]  # N arrays (n, 4) in [0, 1]
    looked: np.ndarray  # (N,) bool: samples that were looked at
    proposals: list[np.ndarray]  # what the segmenter says, N arrays (n, 4)

    @property
    def count(self) -> int:
        """Number of boxes in all (paper: 52)."""
        return sum(len(boxes) for boxes in self.boxes)

    def save(self, path: Path, *, shown: int) -> None:
        """What the figures show of them, `shown` as pictures; boxes as rows of whole pixels.

        A row of boxes or proposals is sample, x0, y0, x1, y1.
        """
        save_arrays(
            path,
            samples=self.pictures,
            identity=np.array(self.identity),
            by=np.array(self.by),
            looked=self.looked,
            shown=np.array(shown),
            boxes=_rows(self.boxes, self.pictures.shape[1]),
            proposals=_rows(self.proposals, self.pictures.shape[1]),
        )


def _rows(boxes: list[np.ndarray], size: int) -> np.ndarray:
    rows = [[n, *box] for n, own in enumerate(boxes) for box in in_pixels(own, size)]
    return np.array(rows, np.int64).reshape(-1, 5)


def hand_boxes(model: ModelFolder, files: list[str], *, samples: int, seed: int) -> list[BoxFile]:
    """Boxes drawn by hand for these samples, one person a file.

    Raises SpecError for a file that cannot be used; asked before anything is trained.
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
) -> tuple[Marked, list[Measurement]]:
    """Draw the samples, and take the boxes of the first of `people` or else the segmenter's.

    The measurements: how many boxes, and how judge, proposer and further people agree with them.
    """
    z = model.latents(samples, seed=seed, purpose=PURPOSE)
    pictures = draw(G, z)
    size, name = pictures.shape[1], identity(model, samples=samples, seed=seed)
    proposals = segmenters.proposed(pictures)
    boxes, looked, by = proposals, np.ones(samples, bool), "the segmenter"
    if people:
        boxes = as_shares(people[0].boxes, samples=samples, image_size=size)
        looked = np.array([str(n) in people[0].boxes for n in range(samples)])
        by = f"hand ({people[0].author.strip() or 'no name'})"
    marked = Marked(z, pictures, name, by, boxes, looked, proposals)
    made = [_count(marked, f"{by}, who started from {people[0].start}" if people else by)]
    made += agreement(
        "judge_iou_with_boxes", segmenters.windows(pictures), boxes, looked, seed=seed,
        protocol=f"judge against boxes by {by}",
    )  # fmt: skip
    if people:
        made += agreement(
            "proposer_iou_with_boxes", predict(segmenters.proposer, pictures), boxes, looked,
            seed=seed, protocol=f"proposer against boxes by {by}",
        )  # fmt: skip
    for number, other in enumerate(people[1:], start=2):
        theirs = as_shares(other.boxes, samples=samples, image_size=size)
        both = looked & np.array([str(n) in other.boxes for n in range(samples)])
        masks = np.stack([box_cover(own, size) > 0.5 for own in theirs])
        made += agreement(
            f"person_{number}_iou_with_boxes", masks, boxes, both, seed=seed,
            protocol=f"boxes by hand ({other.author.strip() or 'no name'}) against those by {by}",
        )  # fmt: skip
    return marked, made


def _count(marked: Marked, by: str) -> Measurement:
    looked, without = int(marked.looked.sum()), sum(len(b) == 0 for b in marked.boxes)
    without -= int((~marked.looked).sum())
    return single_number(
        "windows_marked",
        float(marked.count),
        n=looked,
        why="a single number",
        unit="boxes",
        protocol=f"boxes in all on {looked} samples, by {by}; {without} samples have none "
        "(paper: 52 on 150, by hand)",
    )
