"""Do windows and lamps appear and vanish along a walk, and do they come once or flicker?

Part of measure.py. The paper says that walking may change a picture's meaning, with objects being
added and removed (§6.1). A segmenter that has learnt windows and lamps from synthetic rooms
looks at every frame. What it finds is compared with the frames of an untrained generator, and with
what is to be expected of frames that each come from another walk, which have nothing in common.
Only where the model's own bedrooms are such rooms: elsewhere nobody knows what it takes for a lamp.

Alone: `ObjectJudge.trained(rooms=500, test_rooms=150, size=64, ...).presence(frames)`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data_prep.generated.drawing.scene import THINGS
from experiments.drawn_rooms import draw_rooms
from repro.claims.constructors import estimate_over, mean_over, share_over
from repro.claims.intervals import DRAWS, bootstrap_draws, percentiles
from repro.claims.measurement import Measurement
from repro.internals.segmenter import predict, train_segmenter, without_specks, working_side

OBJECTS = ("window", "lamp")
LEAST_OBJECT = 0.004  # share of the picture from which connected pixels count as an object
TRUSTED = 0.75  # of unseen rooms about which the judge is right, or an object does not count
OVER = "independent segments of one model"
Masks = Callable[[np.ndarray], np.ndarray]  # pictures (N, H, W, 3) -> pixels (N, objects, H, W)


@dataclass(frozen=True)
class ObjectJudge:
    """Finds OBJECTS in pictures.

    test_pictures (N, H, W, 3) uint8 and test_presence (N, objects): rooms that it has not seen, and
    the truth of them.
    """

    masks: Masks
    test_pictures: np.ndarray
    test_presence: np.ndarray

    @classmethod
    def trained(
        cls, *, rooms: int, test_rooms: int, size: int, epochs: int, seed: int
    ) -> "ObjectJudge":
        """Train on `rooms` synthetic rooms of `size` pixels; `test_rooms` further ones test it."""
        cells = working_side(size)
        drawn = draw_rooms(
            rooms + test_rooms, size=size, cells=cells, seed=seed, purpose="latent walk, rooms"
        )
        cover = drawn.cover[:, [THINGS.index(name) for name in OBJECTS]]
        network = train_segmenter(
            drawn.pictures[:rooms],
            cover[:rooms],
            seed=seed,
            purpose="latent walk, objects",
            epochs=epochs,
        )
        there = cover[rooms:].mean(axis=(2, 3)) >= LEAST_OBJECT
        return cls(lambda x: predict(network, x), drawn.pictures[rooms:], there)

    def right(self) -> np.ndarray:
        """Whether it is right about each object in each test room, bool (N, objects)."""
        return self.presence(self.test_pictures) == self.test_presence

    def presence(self, pictures: np.ndarray) -> np.ndarray:
        """Whether each object is in each picture (..., H, W, 3) uint8: bool (..., objects)."""
        flat = pictures.reshape(-1, *pictures.shape[-3:])
        masks = self.masks(flat)
        smallest = max(1, round(LEAST_OBJECT * masks.shape[2] * masks.shape[3]))
        found = [
            without_specks(masks[:, place], least=smallest).any(axis=(1, 2))
            for place in range(len(OBJECTS))
        ]
        return np.stack(found, axis=1).reshape(*pictures.shape[:-3], len(OBJECTS))


def judge_numbers(right: np.ndarray) -> list[Measurement]:
    """How often the judge is right about unseen rooms, bool (N, objects), for each object."""
    return [
        share_over(
            f"object_judge_right_{name}",
            right[:, place],
            over="synthetic rooms that the judge was not trained on",
            protocol=f"whether a {name} covers at least {100 * LEAST_OBJECT:g} % of the picture",
        )
        for place, name in enumerate(OBJECTS)
    ]


def object_numbers(
    there: np.ndarray, untrained: np.ndarray, right: np.ndarray, *, steps: int, seed: int
) -> list[Measurement]:
    """Objects along segments, bool (K, T, objects), of the model and of an untrained generator.

    right (N, objects): of the judge. An object that it does not know in TRUSTED of the rooms does
    not count; nothing is measured where none does.
    """
    counted = right.mean(axis=0) >= TRUSTED
    if not counted.any():
        return []
    there, untrained = there[..., counted], untrained[..., counted]
    objects = " or a ".join(name for name, kept in zip(OBJECTS, counted, strict=True) if kept)
    words = {"": "along a walk", "_untrained": "along a walk of an untrained generator"}
    made = []
    for kind, found in {"": there, "_untrained": untrained}.items():
        made += [
            share_over(
                f"objects_come_or_go{kind}",
                (found[:, 0] != found[:, -1]).any(axis=1),
                over=OVER,
                protocol=f"segments at one end of which the judge sees a {objects}, and at the "
                f"other it does not, {words[kind]}",
            ),
            mean_over(
                f"object_switches{kind}",
                changes(found),
                seed=seed,
                purpose=f"latent walk, object switches{kind}",
                over=OVER,
                protocol=f"how often in {steps} steps a {objects} appears or vanishes, "
                f"{words[kind]}",
            ),
        ]
    return made + _against_unrelated(there, objects, steps=steps, seed=seed)


def _against_unrelated(
    there: np.ndarray, objects: str, *, steps: int, seed: int
) -> list[Measurement]:
    """Switches to be expected along frames of different walks, and those along a walk over them.

    The share is left out where nothing would switch.
    """
    unrelated = "along frames that each come from another walk"
    made = [
        _of_segments(
            "object_switches_independent",
            independent_changes,
            there,
            seed=seed,
            protocol=f"how often in {steps} steps a {objects} would appear or vanish {unrelated}: "
            "the mean over all pairs of different walks",
        )
    ]
    if independent_changes(there):
        made.append(
            _of_segments(
                "object_switches_share",
                share_of_independent,
                there,
                seed=seed,
                protocol=f"how often a {objects} appears or vanishes along a walk, over how often "
                f"it would {unrelated}; {1 / steps:g} where each comes or goes once",
            )
        )
    return made


def _of_segments(
    name: str,
    statistic: Callable[[np.ndarray], float],
    there: np.ndarray,
    *,
    seed: int,
    protocol: str,
) -> Measurement:
    """A statistic of the segments (K, T, objects), with its interval from resampling them."""
    drawn = bootstrap_draws(
        lambda rows: statistic(there[rows]),
        len(there),
        seed=seed,
        purpose=f"latent walk, {name}",
        draws=DRAWS,
    )
    return estimate_over(
        name,
        statistic(there),
        percentiles(drawn),
        over=OVER,
        by="bootstrap interval",
        n=len(there),
        protocol=protocol,
    )


def changes(there: np.ndarray) -> np.ndarray:
    """How often any object appears or vanishes, bool (K, T, objects) -> (K,) float64."""
    return (there[:, 1:] != there[:, :-1]).sum(axis=(1, 2)).astype(np.float64)


def independent_changes(there: np.ndarray) -> float:
    """Expected `changes` along T frames of which neighbours come from different segments.

    there: (K, T, objects). It is the mean over all pairs of segments. None is drawn: drawn pairs
    share segments, and an interval over them would be too short.
    """
    p = there.mean(axis=0)  # (T, objects)
    of_all = float((p[:-1] * (1 - p[1:]) + p[1:] * (1 - p[:-1])).sum())  # also of one with itself
    return float((len(there) * of_all - changes(there).mean()) / (len(there) - 1))


def share_of_independent(there: np.ndarray) -> float:
    """Mean of `changes` over `independent_changes`; NaN where the latter are 0."""
    expected = independent_changes(there)
    return float(changes(there).mean()) / expected if expected else float("nan")
