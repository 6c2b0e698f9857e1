"""The number that the text of a label stands for, in a file name, a table or a file of its own.

Where in the flow: folder.py and webdataset.py read labels with it. Alone: `number_in("3.5")`.
"""

import math


def number_in(text: str) -> float | int | None:
    """A finite number, an int where it is written as one; None for any other text."""
    if "_" in text:  # Python takes 1_0 for ten
        return None
    for kind in (int, float):
        try:
            number = kind(text)
            if math.isfinite(number):  # OverflowError for a whole number of 400 digits
                return number
        except (ValueError, OverflowError):
            continue
    return None
