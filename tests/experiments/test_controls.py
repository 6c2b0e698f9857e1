"""Every claim has a control, or states why there is none."""

from repro.runs.extensions import experiment_cards


def test_no_claim_lacks_a_control() -> None:
    found = {
        name: {claim.id for claim in card.claims if not (claim.control or claim.without_control)}
        for name, card in experiment_cards().items()
    }
    assert not {name: claims for name, claims in found.items() if claims}
