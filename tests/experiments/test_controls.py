"""Which claims still lack an untrained control; the list may only shrink."""

from repro.runs.extensions import experiment_cards

LACKING = {
    "cifar10_forecast": {"more_maps_help"},
    "face_arithmetic": {
        "three_beat_one",
        "arithmetic_beats_chance",
        "three_beat_one_and_stay_realistic",
        "latent_space_beats_pixel_space",
        "latent_space_beats_pixel_space_wider",
    },
    "latent_walk": {
        "smooth_transitions",
        "hardly_any_jump",
        "smoother_than_training_images",
        "no_ghosting",
    },
    "memorisation": {
        "no_copies_in_pixels",
        "no_copies_in_features",
        "not_nearer_than_real",
        "not_nearer_than_held_out",
        "deduplication_lessens_copying",
    },
    "playable": {"directions_carry_meaning"},
    "turn_vector": {"turn_beats_random_direction"},
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
