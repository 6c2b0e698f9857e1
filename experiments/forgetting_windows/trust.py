"""Whether the judge knows windows in these samples; if not, the claims are left undecided.

Part of measure.py and of figure.py. The judge is trained on synthetic rooms. On a model of
photographs it may take bright patches for windows, and the area of bright patches decides nothing
about windows. The only evidence there is its overlap with the boxes given to the regression.
"""

from repro.claims.measurement import Measurement
from repro.claims.withheld import withheld

OVERLAP = "judge_iou_with_boxes"
CLAIMED = (  # the measurements of the card's claims; a test compares
    "window_area_left_positive",
    "window_area_random_minus_positive",
    "window_area_lowest_minus_positive",
    "window_area_at_equal_change_random_minus_positive",
    "layout_kept_positive",
    "window_became_thing_positive",
    "more_real_without_positive",
)
UNSURE = "unsure_"  # prefix of the names of numbers from an untrusted judge


def as_trusted(made: list[Measurement], *, least: float) -> list[Measurement]:
    """The measurements unchanged if the judge overlaps with the boxes by `least` or more.

    Otherwise the claims' measurements have no value, and their numbers get names that begin with
    "unsure_". A judge whose overlap could not be measured is not trusted.
    """
    overlap = next((one.value for one in made if one.name == OVERLAP), None)
    if overlap is not None and overlap >= least:
        return made
    found = "could not be measured" if overlap is None else f"is {overlap:.2f}"
    because = (
        f"the judge's overlap with the boxes {found} (at least {least:g} is wanted): what it takes "
        f"for windows in these pictures may be something else; its numbers are under {UNSURE}..."
    )
    return withheld(made, CLAIMED, because=because, prefix=UNSURE)


def as_shown(numbers: dict[str, Measurement]) -> dict[str, Measurement]:
    """The numbers by their plain names; the figures also show those of an untrusted judge."""
    return {
        name: numbers.get(UNSURE + name, one)
        for name, one in numbers.items()
        if not name.startswith(UNSURE)
    }


def is_trusted(numbers: dict[str, Measurement]) -> bool:
    """Whether nothing was withheld."""
    return not any(name.startswith(UNSURE) for name in numbers)
