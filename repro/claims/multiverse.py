"""A claim measured again under other defensible choices, and whether its verdict stays.

Where in the flow: the measure step of an experiment writes `multiverse.json` beside its
measurements, with the claim's number, and that of its control, for each combination of
the values that its card registers (repro.claims.choices). Nothing is trained again. The report
judges each by the claim's own rule and states the share of them in which the verdict stays; the
figure step draws them. The idea: Steegen et al. 2016, "Increasing transparency through a multiverse
analysis".

Alone: `stability(judgement, read_multiverse(folder)["semantic"], ground=Ground.SYNTHETIC)`.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from repro.artefacts.whole_file import write_json
from repro.claims.choices import Choices, Value
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement, number
from repro.claims.verdict import Judgement, Verdict, judge
from repro.specs.validation import SpecError, Strict, validated

FILE = "multiverse.json"
MOST_NAMED = 3  # values named where the verdict is another with some of their choices
NOT_JUDGED = {Verdict.NOT_RUN, Verdict.TOO_SMALL, Verdict.NOT_COMPARABLE}


class Universe(Strict):
    """One combination of choices, and what was measured under it."""

    choices: Choices
    measurement: Measurement
    control: Measurement | None = None


class Universes(Strict):
    """All combinations of one claim but its own, `default`."""

    default: Choices
    others: list[Universe]


@dataclass(frozen=True)
class Stability:
    """The verdict of a claim, and those under the other choices."""

    judgement: Judgement
    universes: Universes
    others: list[Judgement]

    @property
    def stays(self) -> int:
        """Number of other choices with the same verdict."""
        return sum(one.verdict == self.judgement.verdict for one in self.others)

    @property
    def words(self) -> str:
        """E.g. "The verdict stays in all 9 other choices (strength, layer)."."""
        names = ", ".join(map(plain, self.universes.default))
        if self.stays == len(self.others):
            return f"The verdict stays in all {self.stays} other choices ({names})."
        changed = [one.verdict for one in self.others if one.verdict != self.judgement.verdict]
        verdicts = ", ".join(f"{verdict} ({n})" for verdict, n in Counter(changed).most_common())
        total = len(self.others)
        if not self.stays:
            return f"The verdict changes in all {total} other choices ({names}): {verdicts}."
        share = f"The verdict stays in {self.stays} of {total} other choices ({names})"
        return f"{share} and changes in the rest: {verdicts}. {self._where}."

    @property
    def _where(self) -> str:
        """A sentence on the values with which the verdict always changes, or else most often."""
        total = Counter(self.universes.default.items())
        changed: Counter[tuple[str, Value]] = Counter()
        for universe, one in zip(self.universes.others, self.others, strict=True):
            total.update(universe.choices.items())
            if one.verdict != self.judgement.verdict:
                changed.update(universe.choices.items())
        always = [pair for pair in total if changed[pair] == total[pair]]
        if always:
            by_name = {name: [v for n, v in always if n == name] for name, _ in always}
            return "It always changes with " + " and with ".join(
                f"{plain(name)} {' or '.join(map(as_text, values))}"
                for name, values in by_name.items()
            )
        often = sorted(changed, key=lambda pair: -changed[pair] / total[pair])[:MOST_NAMED]
        return "It changes most often with " + ", ".join(
            f"{plain(name)} {as_text(value)} ({changed[name, value]} of {total[name, value]})"
            for name, value in often
        )


def plain(name: str) -> str:
    """The name of a choice, or a value, as words."""
    return name.replace("_", " ")


def as_text(value: Value) -> str:
    """A value as the report shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(value) if isinstance(value, str) else number(value)


def stability(
    judgement: Judgement, universes: Universes | None, *, ground: Ground, because: str = ""
) -> Stability | None:
    """Every other choice judged like the claim itself; None where there is nothing to compare.

    That is where no other choice was measured, or the claim has no verdict that could change.
    ground, because: as for `repro.claims.verdict.judge`.
    """
    if universes is None or not universes.others or judgement.verdict in NOT_JUDGED:
        return None
    others = [
        judge(
            judgement.claim,
            universe.measurement,
            ground=ground,
            control=universe.control,
            because=because,
        )
        for universe in universes.others
    ]
    return Stability(judgement, universes, others)


def write_multiverse(folder: Path, found: Mapping[str, Universes]) -> None:
    """Write multiverse.json, by claim; no file where no claim has other choices."""
    if found:
        write_json(folder / FILE, {claim: one.model_dump() for claim, one in found.items()})


def read_multiverse(folder: Path) -> dict[str, Universes]:
    """multiverse.json of a `measured` folder, by claim; {} without one. Raises SpecError."""
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SpecError(f"{path}: not valid JSON: {error}; run its measure step again") from None
    if not isinstance(content, dict):
        raise SpecError(f"{path}: expected claims by id, found {type(content).__name__}")
    return {
        claim: validated(Universes, values, where=str(path), key=claim)
        for claim, values in content.items()
    }
