"""A claim judged by its own number, where a test says nothing of the untrained control."""

from repro.claims.claim import Claim


def alone(claim: Claim) -> Claim:
    """The claim without its control, whose absence would leave it undecided."""
    return claim.model_copy(update={"control": ""})
