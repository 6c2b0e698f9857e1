"""What windows become without their maps, and how much worse the pictures look then.

Part of measure.py. According to the paper most windows vanish or become similar things, doors and
mirrors, and the quality of the pictures falls. Synthetic rooms have neither doors nor mirrors; what
hangs on their walls are framed pictures. So the judge also knows pictures and beds, and is asked
about the places that were windows before and no longer are. Quality is the opinion of the
model's own discriminator. Alone: `replaced(new, new.pictures(choices.positive), others)`.
"""

from collections.abc import Callable, Mapping

import numpy as np

from experiments.forgetting_windows.marking_results import OVER_ROOMS
from experiments.forgetting_windows.results import (
    DROPPED,
    OVER_BOTH,
    OVER_SAMPLES,
    ratio_measurement,
)
from experiments.forgetting_windows.trials import Choices, NewSamples
from repro.claims.constructors import mean_over
from repro.claims.measurement import Measurement
from repro.claims.withheld import without_value
from repro.internals.segmenter import intersection_over_union

OTHERS = ("picture", "bed")  # what the judge knows besides windows
KNOWN = 0.3  # overlap of the judge with the truth of unseen rooms from which a thing counts
Others = Callable[[np.ndarray], np.ndarray]  # pictures (N, H, W, 3) -> pixels (N, others, H, W)
Scores = Callable[[np.ndarray], np.ndarray]  # pictures (N, H, W, 3) -> how real each looks (N,)


def overlaps(found: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Overlap of the judge with the truth in unseen rooms that have the thing, (n,) by OTHERS.

    found, truth: bool (N, others, s, s). A thing that no room has is left out.
    """
    made = {}
    for place, name in enumerate(OTHERS):
        has = truth[:, place].any(axis=(1, 2))
        if has.any():
            made[name] = intersection_over_union(found[has, place], truth[has, place])
    return made


def unknown(found: dict[str, np.ndarray]) -> str:
    """Why it cannot be told what windows become, from the judge's `overlaps`; "" where it can."""
    missing = {
        name: found[name].mean() if name in found else 0.0
        for name in OTHERS
        if name not in found or found[name].mean() < KNOWN
    }
    if not missing:
        return ""
    words = ", ".join(f"{name} {overlap:.2f}" for name, overlap in missing.items())
    return (
        "the judge does not know all things that windows may become: its overlap with the truth "
        f"in unseen rooms is {words} (at least {KNOWN:g} is wanted)"
    )


def overlap_numbers(found: dict[str, np.ndarray], *, seed: int) -> list[Measurement]:
    """How well the judge knows each of OTHERS, from `overlaps`."""
    return [
        mean_over(
            f"judge_iou_{name}",
            values,
            over=OVER_ROOMS,
            seed=seed,
            purpose=f"forgetting windows, judge of {name}s",
            protocol=f"intersection over union of {name} pixels, rooms with a {name}; what windows "
            f"become is stated from {KNOWN:g} on",
        )
        for name, values in found.items()
    ]


def fate_numbers(
    new: NewSamples, choices: Choices, *, others: Others, scores: Scores, seed: int, because: str
) -> list[Measurement]:
    """What lost window area became, and whether pictures look more real, by variant.

    scores: of the model's own discriminator; because: why the judge cannot tell what windows become
    (`unknown`), "" where it can; the number for any of OTHERS together is withheld then.
    """
    chosen = {"positive": [choices.positive], "random": choices.random}
    pictures = {kind: [new.pictures(one) for one in sets] for kind, sets in chosen.items()}
    made = []
    for variant, sets in pictures.items():
        found = [replaced(new, after, others) for after in sets]
        lost = np.stack([one["lost"] for one in found])
        over = OVER_BOTH if variant == "random" else OVER_SAMPLES
        for thing in (*OTHERS, "thing"):
            made += ratio_measurement(
                f"window_became_{thing}_{variant}",
                np.stack([one[thing] for one in found]),
                lost,
                seed=seed,
                over=over,
                protocol=f"share of the window area lost that the judge then calls "
                f"{'any of: ' + ', '.join(OTHERS) if thing == 'thing' else thing}; dropped: "
                f"{DROPPED[variant]}",
            )
    if because:
        any_thing = "window_became_thing"
        made = [
            without_value(one, because=because) if one.name.startswith(any_thing) else one
            for one in made
        ]
    before = scores(new.before)
    for variant, sets in pictures.items():
        after = np.stack([scores(one) for one in sets])
        more = (after > before) + (after == before) / 2
        made += ratio_measurement(
            f"more_real_without_{variant}",
            more,
            np.ones_like(more[:1]),
            seed=seed,
            over=OVER_BOTH if variant == "random" else OVER_SAMPLES,
            protocol="share of samples that the model's own D finds more real than before; 0.5: as "
            f"real as before; dropped: {DROPPED[variant]}",
        )
    return made


def replaced(new: NewSamples, after: np.ndarray, others: Others) -> Mapping[str, np.ndarray]:
    """Pixels of each sample that were window and no longer are, and what they are now.

    after (N, H, W, 3) uint8: the samples without some maps. (N,) float64 by name: "lost", each of
    OTHERS, and "thing" for any of them.
    """
    lost = new.windows(new.before) & ~new.windows(after)
    now = others(after) & lost[:, None]
    counts = {name: now[:, place].sum(axis=(1, 2)) for place, name in enumerate(OTHERS)}
    counts |= {"lost": lost.sum(axis=(1, 2)), "thing": now.any(axis=1).sum(axis=(1, 2))}
    return {name: found.astype(np.float64) for name, found in counts.items()}
