"""Whether all pictures have the face in the same place; if so, pixel sums are not judged.

Part of measure.py. The paper attributes the failure of pixel sums to faces that are not aligned
(Fig 7). Where eyes and mouths coincide in all pictures, this cannot be tested, and the claims on
pixel sums are left without a value. Alone:
`without_alignment_claims(made, why=why_not_tested(store, misaligned=False))`.
"""

import numpy as np

from repro.claims.measurement import Measurement
from repro.claims.withheld import withheld
from repro.data.store import ImageStore

PLACED = ("shift_right", "shift_down", "scale", "tilt")  # labels of faces that are not aligned
CLAIMED = (  # the measurements of the card's claims on pixel sums; a test compares
    "success_and_realistic_three_exemplars_minus_pixel_space",
    "success_and_realistic_wider_three_exemplars_minus_pixel_space",
)
ALIGNED = "aligned_"  # prefix of the names of measurements on aligned faces
NOT_TESTED = (
    "not tested: the faces are aligned, as far as is known, and the paper attributes the "
    f"failure of pixel sums to misalignment; their numbers are under {ALIGNED}..."
)


def why_not_tested(store: ImageStore, *, misaligned: bool) -> str:
    """Why the claims on pixel sums cannot be judged; "" where they can.

    They can where the labels say that faces are shifted, scaled or tilted, each differently, or
    where the run file says so (misaligned).
    """
    known = [store.label(name) for name in PLACED if name in store.manifest["label_fields"]]
    return "" if misaligned or any(np.ptp(values) > 0 for values in known) else NOT_TESTED


def without_alignment_claims(made: list[Measurement], *, why: str) -> list[Measurement]:
    """The measurements; given a reason, those of CLAIMED lose their value.

    Their numbers then have names that begin with "aligned_".
    """
    return withheld(made, CLAIMED, because=why, prefix=ALIGNED) if why else made
