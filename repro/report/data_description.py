"""On which data a run was made, in words: for the head of the report and under its figures.

Where in the flow: repro.report.build puts `first_line` at the head of the report, and
repro.report.views puts `describe_data` under figures and tables.

Alone: `first_line(spec)` with the ReportSpec of a run's specs/report.json.
"""

from collections.abc import Mapping

from repro.claims.ground import BoundRole
from repro.report.spec import ReportSpec


def first_line(spec: ReportSpec) -> str:
    """What data the run is on, in a sentence: the first thing a reader must know."""
    roles = {name: role for name, role in spec.roles.items() if role.data}
    drawn = sorted(name for name, role in roles.items() if role.kind == "generated")
    real = sorted(name for name, role in roles.items() if role.kind == "real")
    if spec.own_pictures:
        return "Your own pictures: this run says nothing of the paper."
    if spec.generated and not real:
        return (
            "Synthetic data: programs rendered this run's images, as stand-ins for the paper's. "
            "Its numbers show that the chain works and which way the effects point; they "
            "must not be compared with the paper's numbers."
        )
    if spec.generated or drawn:
        return (
            f"Partly synthetic data: {', '.join(drawn)} rendered by programs; "
            f"{', '.join(real)} real. "
            "Numbers on synthetic images must not be compared with the paper's."
        )
    if roles and all(role.as_in_paper is True for role in roles.values()):
        return "Real data, at the paper's scale."
    return "Real data, not at the paper's scale or not the paper's own: see the departures."


def describe_data(roles: Mapping[str, BoundRole]) -> str:
    """The note under figures and tables made from these roles; "" where all are real."""
    shown = {name: role for name, role in roles.items() if role.data}
    drawn = sorted(name for name, role in shown.items() if role.kind == "generated")
    if not drawn:
        return ""
    if len(drawn) == len(shown):
        return "Synthetic data."
    return f"Partly synthetic data: {', '.join(drawn)}."
