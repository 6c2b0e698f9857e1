"""The figures and the table of claims that were measured again under other choices.

Part of the figure step of every experiment whose card has a `multiverse:`, in addition to its own
figures. A specification curve (Simonsohn, Simmons and Nelson 2020) shows all estimates of a claim's
number, sorted, with their intervals, and below each of them the choices that led to it. Alone:
`specification_curve(claim, universes, words={})`.
"""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repro.claims.claim import Claim
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement, format_measurement, read_measurements
from repro.claims.multiverse import Universe, as_text, plain, read_multiverse
from repro.claims.verdict import Verdict, judge
from repro.figures.drawing import INK, MUTED, PALETTE, new_figure, save_figure, save_table
from repro.figures.style import Style
from repro.specs.validation import validated

OUTCOMES = {  # verdict, wherever the data are from -> in words
    Verdict.REPRODUCED: "holds",
    Verdict.PARTLY: "undecided",
    Verdict.UNDECIDED: "undecided",
    Verdict.NOT: "fails",
    Verdict.CONTROL_PASSES: "control passes",
}
NEITHER = "not decided"  # any other verdict
MARKS: dict[str, dict[str, Any]] = {
    "holds": {"color": PALETTE[2], "marker": "o"},
    "undecided": {"color": PALETTE[1], "marker": "s"},
    "fails": {"color": PALETTE[3], "marker": "X"},
    "control passes": {"color": PALETTE[7], "marker": "D"},
    NEITHER: {"color": MUTED, "marker": "v"},
}
TOP, ROW = 2.8, 0.23  # inches of the upper panel, and of a value's row below


Words = Mapping[str, str]  # name of a measurement or of a choice -> what it is, for the figure


def multiverse_figures(
    measured: Path, out: Path, style: Style, claims: list[Any], *, words: Words
) -> None:
    """Write multiverse_<claim>.png for each claim measured again, and multiverse.csv of all.

    claims: those of the card with free choices; nothing is written where none was measured again.
    """
    found, numbers = read_multiverse(measured), read_measurements(measured)
    rows: list[dict[str, Any]] = []
    for claim in (validated(Claim, values, where="claims of the card") for values in claims):
        own = numbers.get(claim.measurement)
        if claim.id not in found or own is None:
            continue
        universes = [
            Universe(
                choices=found[claim.id].default,
                measurement=own,
                control=numbers.get(claim.control),
            ),
            *found[claim.id].others,
        ]
        path = out / f"multiverse_{claim.id}.png"
        save_figure(path, specification_curve(claim, universes, words=words), style=style)
        rows += multiverse_rows(claim, universes)
    if rows:
        save_table(out / "multiverse.csv", pd.DataFrame(rows))


def outcome(claim: Claim, universe: Universe) -> str:
    """Whether the claim holds under these choices, in a word or two."""
    judged = judge(claim, universe.measurement, ground=Ground.PAPER, control=universe.control)
    return OUTCOMES.get(judged.verdict, NEITHER)


def multiverse_rows(claim: Claim, universes: list[Universe]) -> list[dict[str, Any]]:
    """One row for each combination of choices, the claim's own first."""
    return [
        {
            "claim": claim.id,
            "choices": ", ".join(f"{plain(k)} {as_text(v)}" for k, v in one.choices.items()),
            "the claim's own": "yes" if place == 0 else "no",
            "measured": one.measurement.value,
            "low": one.measurement.low,
            "high": one.measurement.high,
            "n": one.measurement.n,
            "control": format_measurement(one.control) if one.control else "",
            "outcome": outcome(claim, one),
        }
        for place, one in enumerate(universes)
    ]


def specification_curve(claim: Claim, universes: list[Universe], *, words: Words) -> Figure:
    """All estimates in ascending order with their intervals; below, a dot for each choice made.

    universes: the claim's own first. Those without a value are left out.
    """
    own = universes[0]
    shown = [one for one in universes if one.measurement.hull is not None]
    shown.sort(key=lambda one: one.measurement.value or 0.0)
    values = _values(universes)
    height = TOP + ROW * (sum(map(len, values.values())) + len(values))
    drawing, panels = new_figure(7.4, height, rows=2)
    above, below = panels[:, 0]
    above.get_gridspec().set_height_ratios([TOP, height - TOP])
    below.sharex(above)
    title = "\n".join(textwrap.wrap(claim.statement, 66))
    above.set_title(title, loc="left", color=INK, fontsize="medium")
    number = words.get(claim.measurement, plain(claim.measurement))
    above.set_ylabel("\n".join(textwrap.wrap(number, 26)), color=INK)
    _estimates(above, claim, shown, own)
    _dots(below, shown, {words.get(name, plain(name)): name for name in values}, values)
    _mark_own(below, shown, own)
    drawing.legend(loc="outside lower center", ncols=3, frameon=False)
    return drawing


def _values(universes: list[Universe]) -> Mapping[str, list[Any]]:
    """Every value of each choice, numbers in ascending order."""
    found: dict[str, list[Any]] = {}
    for one in universes:
        for name, value in one.choices.items():
            if value not in found.setdefault(name, []):
                found[name].append(value)
    return {
        name: values if isinstance(values[0], str) else sorted(values)
        for name, values in found.items()
    }


def _estimates(panel: Axes, claim: Claim, shown: list[Universe], own: Universe) -> None:
    named: set[str] = set()
    for place, one in enumerate(shown):
        word = outcome(claim, one)
        mark, measured = MARKS[word], one.measurement
        assert measured.value is not None
        low, high = measured.hull or (0.0, 0.0)
        panel.plot([place, place], [low, high], color=mark["color"], linewidth=1.6)
        label = word if word not in named else None
        named.add(word)
        panel.plot([place], [measured.value], linestyle="none", markersize=6, label=label, **mark)
        if one is own:
            panel.plot(
                [place], [measured.value], "o", markersize=13, fillstyle="none", color=INK,
                label="the claim's own choices",
            )  # fmt: skip
    rule = claim.rule
    limits = [one for one in rule.within or (rule.below, rule.above) if one is not None]
    for place, limit in enumerate(limits):
        label = None if place else f"limit: holds {rule.words}"
        panel.axhline(limit, color=INK, linewidth=1, linestyle=(0, (4, 3)), label=label)
    _controls(panel, [one.control for one in shown])
    panel.tick_params(axis="x", labelbottom=False, length=0)
    panel.grid(False, axis="x")


def _controls(panel: Axes, controls: list[Measurement | None]) -> None:
    """A dash for each control; one farther away than half of the panel's height is an arrow."""
    low, high = panel.get_ylim()
    room = (high - low) / 2
    there = [(x, one.value) for x, one in enumerate(controls) if one and one.value is not None]
    label: str | None = "control"
    for x, value in there:
        inside = min(max(value, low - room), high + room)
        marker = "_" if inside == value else "^" if value > inside else "v"
        panel.plot(
            [x], [inside], linestyle="none", marker=marker, markersize=9, color=MUTED, label=label
        )
        label = None


def _dots(
    panel: Axes, shown: list[Universe], names: Mapping[str, str], values: Mapping[str, list[Any]]
) -> None:
    """A row per value with a dot for each estimate made with it, below a heading per choice.

    names: heading -> name of the choice.
    """
    ticks: list[str] = []
    for heading, name in names.items():
        ticks.append(heading)
        for value in values[name]:
            there = [x for x, one in enumerate(shown) if one.choices[name] == value]
            panel.plot(there, [len(ticks)] * len(there), "o", color=INK, markersize=4.5)
            ticks.append(as_text(value))
    panel.set_yticks(range(len(ticks)), ticks)
    panel.set_ylim(len(ticks) - 0.4, -0.6)
    for tick, text in zip(panel.yaxis.get_major_ticks(), ticks, strict=True):
        if text in names:
            tick.label1.set_fontweight("bold")
            tick.gridline.set_visible(False)
            tick.tick1line.set_visible(False)


def _mark_own(panel: Axes, shown: list[Universe], own: Universe) -> None:
    """The claim's own choices on grey; what the columns are."""
    if own in shown:
        panel.axvspan(shown.index(own) - 0.4, shown.index(own) + 0.4, color="#e6e8eb", linewidth=0)
    panel.set_xlim(-0.7, len(shown) - 0.3)
    panel.set_xticks([])
    panel.set_xlabel("each column one combination of choices, sorted by its estimate", color=INK)
    panel.grid(False, axis="x")
