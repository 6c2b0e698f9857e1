"""Experiments and claims in the order of the paper, and the cards at the head of a report.

Where in the flow: repro.report.page shows an experiment with a `lead` in its card (a figure, table
or section of the paper) as a small picture, that claim in a few words and its verdict; the claims
follow in three groups.

Alone: `in_paper_order(read_run(...).experiments)`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from repro.claims.verdict import Judgement, Verdict
from repro.report.pictures import card_picture
from repro.report.results import ExperimentResult


@dataclass(frozen=True)
class LeadCard:
    """What the row of cards shows of an experiment; `picture` is "" where there is none."""

    name: str
    place: str  # "Fig 4", "Fig 2, Fig 3", "§4.1.1"
    words: str
    picture: str
    verdict: Verdict
    others: list[Judgement]


@dataclass(frozen=True)
class Decided:
    """A claim with the experiment that tests it."""

    experiment: ExperimentResult
    judgement: Judgement


@dataclass(frozen=True)
class ClaimGroup:
    """Claims under one heading, in the order of the paper; all but the first group are folded."""

    name: str
    title: str
    claims: list[Decided]


def section_key(section: str) -> list[int]:
    """For sorting: "4.1.1" before "4.2" before "10"."""
    return [int(part) for part in re.findall(r"\d+", section)]


def in_paper_order(experiments: Iterable[ExperimentResult]) -> list[ExperimentResult]:
    """By section; within one, those with a figure or table of the paper first."""

    def place(one: ExperimentResult) -> tuple[list[int], bool, list[str], str]:
        paper = one.card.paper
        return section_key(paper.section), not paper.figures, paper.figures, one.name

    return sorted(experiments, key=place)


def lead_judgement(one: ExperimentResult) -> Judgement | None:
    """The claim that its card names; else the first that was decided, or the first."""
    wanted = one.card.lead.claim if one.card.lead else ""
    found = [judgement for judgement in one.judgements if judgement.claim.id == wanted]
    found += [judgement for judgement in one.judgements if judgement.verdict != Verdict.NOT_RUN]
    return next(iter([*found, *one.judgements]), None)


def lead_cards(experiments: Sequence[ExperimentResult]) -> list[LeadCard]:
    """The cards of those experiments that have a lead and were judged, in the given order."""
    return [_lead_card(one) for one in experiments if one.card.lead and one.judgements]


def _lead_card(one: ExperimentResult) -> LeadCard:
    lead, judgement = one.card.lead, lead_judgement(one)
    assert lead is not None
    assert judgement is not None
    path = next((path for path in one.figures if path.name == lead.picture), None)
    path = path or next(iter(one.figures), None)
    return LeadCard(
        name=one.name,
        place=", ".join(one.card.paper.figures) or f"§{one.card.paper.section}",
        words=lead.words,
        picture=card_picture(path) if path else "",
        verdict=judgement.verdict,
        others=[other for other in one.judgements if other is not judgement],
    )


def claim_groups(experiments: Iterable[ExperimentResult]) -> list[ClaimGroup]:
    """What the paper or its authors state, what is ours, what is not comparable or not run."""
    claims = [Decided(one, judgement) for one in experiments for judgement in one.judgements]
    claims.sort(key=lambda one: section_key(one.judgement.claim.section))
    folded = (Verdict.NOT_COMPARABLE, Verdict.NOT_RUN)
    left = [one for one in claims if one.judgement.verdict in folded]
    rest = [one for one in claims if one.judgement.verdict not in folded]
    ours = [one for one in rest if one.judgement.claim.source == "ours"]
    stated = [one for one in rest if one.judgement.claim.source != "ours"]
    groups = [
        ClaimGroup("stated", "What the paper and its authors state", stated),
        ClaimGroup("ours", "Claims of ours, counted apart", ours),
        ClaimGroup("open", "Not comparable with the paper, or not run", left),
    ]
    return [group for group in groups if group.claims]
