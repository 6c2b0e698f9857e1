"""When the rule of each claim was written, and whether its result was known by then.

A rule written after the result it judges proves less than one written before. So the history of
the repository is asked, not the author: since which commit a claim has had its present rule, since
which later one its present control, and in which commit a published claims.csv first held a number
of it. What a claim says of the ground on which it is decided (`needs`, `roles`) is not counted: it
changes the words of the verdict, not on which side the number lies. The history cannot tell what
its author had seen before committing; where a README says more, that counts.

Where in the flow: repro.report.build puts the answers into claims.csv and on the page.
Alone: `python -m repro rules experiments` prints them for all experiments.
"""

import csv
import io
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from repro.artefacts.provenance import git
from repro.command_line import new_parser
from repro.errors import UnusableError

CARDS, RESULTS = "experiment.yaml", "claims.csv"  # names of files, wherever they lay
RULE = ("measurement", "kind", "rule", "least_n")  # of a claim; its words may be mended
CONTROL = ("control",)  # counted apart: it can only keep a number that passes from deciding
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, ten times as fast
ABSENT = "0" * 40
SHORT = 8  # letters of a commit's hash

Key = tuple[str, str]  # experiment, id of the claim


class Commit(NamedTuple):
    """A commit: its place in the history, its short hash, its author's date."""

    place: int
    name: str
    date: str

    def __str__(self) -> str:
        return f"{self.name}, {self.date}"


@dataclass(frozen=True)
class RuleHistory:
    """When a claim's rule was written.

    first_result: the first commit that published a number of the claim or its measurement.
    control: the commit of its present control, or of leaving it out, where later than the rule.
    """

    written: Commit
    first_result: Commit | None = None
    control: Commit | None = None

    @property
    def summary(self) -> str:
        """E.g. "before the first result (1a2b3c4d, 2026-11-21)"."""
        if self.first_result is None:
            order = "no result published yet"
        elif self.written.place < self.first_result.place:
            order = "before the first published result"
        elif self.written.place == self.first_result.place:
            order = "with the first published result"
        else:
            order = f"after the first published result of {self.first_result.date}"
        later = f"; control as it is since {self.control}" if self.control else ""
        return f"{order} ({self.written}){later}"


def rule_histories(experiments: Path) -> dict[Key, RuleHistory]:
    """The history of every rule in the cards below `experiments`, from the commits around them.

    {} where the folder is in no repository, or in one that holds only a part of its history (a
    shallow clone): then nobody can tell. Rules that are not committed are left out.
    """
    try:
        shallow = git(experiments, "rev-parse", "--is-shallow-repository")
        if shallow != b"false\n":
            return {}
        known = _read(Path(os.fsdecode(git(experiments, "rev-parse", "--show-toplevel")[:-1])))
    except (OSError, subprocess.CalledProcessError):
        return {}
    now = {
        (card.parent.name, claim["id"]): (_part(claim, RULE), _part(claim, CONTROL))
        for card in sorted(experiments.glob(f"*/{CARDS}"))
        for claim in _claims(card.read_bytes())
    }
    return {key: known.history(key) for key, parts in now.items() if known.has(key, *parts)}


def _part(claim: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The values of a claim, of a card as YAML gives it, in one canonical form."""
    return repr([(name, claim[name]) for name in names if claim.get(name)])


def describe_rule_history(history: RuleHistory | None, knowing: str) -> str:
    """When a rule was written, and what its author says to have known of the result."""
    words = history.summary if history else "not known: it is in no commit that is at hand"
    return f"{words}; knowing {knowing}" if knowing else words


@dataclass
class _Known:
    """What the commits so far have told."""

    rules: dict[Key, tuple[str, Commit]] = field(default_factory=dict)
    controls: dict[Key, tuple[str, Commit]] = field(default_factory=dict)
    measured: dict[Key, str] = field(default_factory=dict)  # claim -> its measurement
    results: dict[Key, Commit] = field(default_factory=dict)  # by claim, and by measurement

    def cards(self, commit: Commit, gone: list[Any], there: list[Any]) -> None:
        """Take in the cards that a commit replaced by others, by experiment."""
        claims = {
            (experiment, claim["id"]): claim
            for experiment, card in there
            for claim in _claims(card)
        }
        for experiment, card in gone:
            for claim in _claims(card):
                if (key := (experiment, claim["id"])) not in claims:
                    self.rules.pop(key, None)
                    self.controls.pop(key, None)
        for key, claim in claims.items():
            self.measured[key] = claim.get("measurement", "")
            for since, names in ((self.rules, RULE), (self.controls, CONTROL)):
                part = _part(claim, names)
                if key not in since or since[key][0] != part:
                    since[key] = part, commit

    def published(self, commit: Commit, table: bytes) -> None:
        """Take in a claims.csv that a commit holds."""
        for row in csv.DictReader(io.StringIO(table.decode("utf-8", "replace"))):
            if row.get("value"):
                for name in (row.get("id"), row.get("measurement")):
                    self.results.setdefault((row["experiment"], name or ""), commit)

    def has(self, key: Key, rule: str, control: str) -> bool:
        """Whether the newest commit has this rule and this control of a claim."""
        if key not in self.rules:
            return False
        return (self.rules[key][0], self.controls[key][0]) == (rule, control)

    def history(self, key: Key) -> RuleHistory:
        experiment, _ = key
        keys = (key, (experiment, self.measured[key]))
        found = [self.results[name] for name in keys if name in self.results]
        written, control = self.rules[key][1], self.controls[key][1]
        later = control if control.place > written.place else None
        return RuleHistory(written, min(found, default=None), later)


def _read(root: Path) -> _Known:
    changes = list(_changes(root))
    blobs = [name for _, files in changes for line in files for name in line[:2] if name != ABSENT]
    content = _contents(root, sorted(set(blobs)))
    known = _Known()
    for commit, files in changes:
        cards = [line for line in files if line[2].endswith(CARDS)]
        gone = [(Path(path).parent.name, content[old]) for old, _, path in cards if old != ABSENT]
        there = [(Path(path).parent.name, content[new]) for _, new, path in cards if new != ABSENT]
        known.cards(commit, gone, there)
        for _, new, path in files:
            if path.endswith(RESULTS) and new != ABSENT:
                known.published(commit, content[new])
    return known


def _changes(root: Path) -> Iterator[tuple[Commit, list[tuple[str, str, str]]]]:
    """Commits, oldest first, with (old blob, new blob, path) of the cards and results in them."""
    text = git(
        root, "log", "--reverse", "--topo-order", "--no-renames", "--raw", "--no-abbrev", "-m",
        "--first-parent", "--date=short", "--format=commit %H %ad", "--",
        f"*{CARDS}", f"*{RESULTS}",
    ).decode("utf-8", "replace")  # fmt: skip
    for place, block in enumerate(text.split("commit ")[1:]):
        first, *lines = block.splitlines()
        name, date = first.split()
        files = []
        for line in lines:
            if line.startswith(":"):
                about, _, path = line.partition("\t")
                _, _, old, new, _ = about.split()
                files.append((old, new, path.strip('"')))
        yield Commit(place, name[:SHORT], date), files


def _contents(root: Path, blobs: list[str]) -> dict[str, bytes]:
    """The bytes of blobs by name."""
    answer = git(root, "cat-file", "--batch", given="\n".join(blobs).encode() + b"\n")
    found, start = {}, 0
    for name in blobs:
        end = answer.index(b"\n", start)
        size = int(answer[start:end].split()[-1])
        found[name] = answer[end + 1 : end + 1 + size]
        start = end + 1 + size + 1
    return found


def _claims(card: bytes) -> list[dict[str, Any]]:
    """The claims of a card of any age; [] of one that cannot be read."""
    try:
        claims = yaml.load(card, Loader=LOADER)["claims"]
    except (yaml.YAMLError, KeyError, TypeError):
        return []
    return [one for one in claims or [] if isinstance(one, dict) and isinstance(one.get("id"), str)]


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("rules", __doc__)
    parser.add_argument("folder", type=Path, help="where the folders of the experiments are")
    folder = parser.parse_args(argv).folder
    histories = rule_histories(folder)
    if not histories:
        raise UnusableError(
            f"{folder}: no committed cards ({CARDS}) in a clone with its whole history, so nobody "
            "can tell; give the folder of the experiments in such a clone"
        )
    for (experiment, claim), history in histories.items():
        print(f"{experiment:<20} {claim:<36} {history.summary}")
