"""Which claims still lack an untrained control; the list may only shrink."""

from repro.runs.extensions import experiment_cards

LACKING = {
    "dedup": {
        "removed_share",
        "false_positives",
        "semantic",
        "semantic_by_strength",
        "removes_more",
        "recall",
        "against_phash",
        "against_phash_allowed",
    },
    "mnist_neighbours": {
        "dcgan_50k",
        "dcgan_10m",
        "gan_50k",
        "gan_10m",
        "beats_gan_few",
        "beats_gan_many",
        "as_good_as_real",
        "better_than_real",
        "more_samples_help",
    },
}


def test_the_claims_without_a_control_are_known() -> None:
    """A claim that got its control leaves the list; a new claim comes with one."""
    found = {
        name: {claim.id for claim in card.claims if claim.lacks_control}
        for name, card in experiment_cards().items()
    }
    assert {name: claims for name, claims in found.items() if claims} == LACKING


def test_what_a_control_is_has_a_name_or_a_reason() -> None:
    claims = [claim for card in experiment_cards().values() for claim in card.claims]
    assert all(len(claim.without_control) > 20 for claim in claims if claim.without_control)
    assert sum(claim.source == "paper" and claim.kind == "value" for claim in claims) == 15
