"""The table of Fig 6: the effect of each choice of maps, layer by layer.

Part of figure.py.
"""

import re
from collections.abc import Mapping

import pandas as pd

from repro.claims.measurement import Measurement

VARIANTS = {"positive": "positive weight", "random": "random", "lowest": "lowest weight"}
COLUMNS = {
    "window_area_left": "window area left",
    "windows_gone": "pictures without windows now",
    "change_elsewhere": "change of the rest (grey levels)",
    "layout_kept": "layout kept",
    "window_became_thing": "lost window area that is another thing now",
    "more_real_without": "samples more real to D than before",
}


def layers(numbers: Mapping[str, Measurement], main: int) -> list[tuple[str, str]]:
    """Suffix of the measurements and name of each layer measured, the `main` one first."""
    pattern = re.compile(r"positive_maps(_layer_(\d+))?")
    matches = [match for name in numbers if (match := pattern.fullmatch(name))]
    matches.sort(key=lambda match: (match[1] is not None, int(match[2] or 0)))
    return [
        (match[1] or "", f"layer {match[2]} (check)" if match[2] else f"layer {main}")
        for match in matches
    ]


def table(numbers: Mapping[str, Measurement], main: int) -> pd.DataFrame:
    """One row per layer and variant; columns: each quantity with its interval."""
    rows: list[dict[str, object]] = []
    for suffix, name in layers(numbers, main):
        positive, all_maps = numbers[f"positive_maps{suffix}"], numbers[f"positive_maps{suffix}"].n
        for variant, label in VARIANTS.items():
            count = positive.value or 0
            dropped = min(count, all_maps - count) if variant == "lowest" else count
            row: dict[str, object] = {
                "layer": name,
                "maps dropped": label,
                "number": int(dropped),
                "of": all_maps,
            }
            for quantity, words in COLUMNS.items():
                one = numbers.get(f"{quantity}_{variant}{suffix}")
                if one is not None:
                    row |= {words: one.value, f"{words} low": one.low, f"{words} high": one.high}
            rows.append(row)
    return pd.DataFrame(rows, columns=None if rows else ["layer", "maps dropped"]).round(4)
