"""repro/report/training_summary.py: epochs and troubles of a training, as sentences."""

import pytest
from test_report import model_description

from repro.report.spec import Health
from repro.report.training_summary import (
    describe_early_stop,
    describe_epoch,
    describe_model,
    describe_troubles,
)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {},
            "One epoch is one pass over the 2,675 images: 42 minibatches of 64, the last of 51; "
            "the alternating schedule trains G on the even and D on the odd ones, counted from 0, "
            "so 6 epochs are 126 D steps and 126 G steps.",
        ),
        (
            {"images": 64, "minibatches": 1, "minibatches_per_epoch": 1, "steps_d": 0,
             "steps_g": 1},
            "One epoch is one pass over the 64 images: 1 minibatch of 64; the alternating schedule "
            "trains G on the even and D on the odd ones, counted from 0, so 1 epoch is 0 D steps "
            "and 1 G step.",
        ),
        # 129 images: the single one left over joins the second minibatch
        (
            {"schedule": "one_of_each", "images": 129, "minibatches": 3,
             "minibatches_per_epoch": 2, "steps_d": 3, "steps_g": 3},
            "One epoch is one pass over the 129 images: 2 minibatches of 64, the last of 65; every "
            "minibatch trains D, then G, on the same generated images, so 1.5 epochs are 3 D steps "
            "and 3 G steps.",
        ),
    ],
)  # fmt: skip
def test_epoch_in_words(changes: dict, words: str) -> None:
    schedule = changes.pop("schedule", "alternating")
    assert describe_epoch(model_description(schedule=schedule) | changes) == words


def test_epoch_is_left_out_where_an_older_folder_does_not_say() -> None:
    assert describe_epoch({"images": 2675, "steps_d": 1}) == ""


def test_recipe_and_data_of_a_model() -> None:
    description = {"images": 12345, "spec": {"preset": "paper_64", "data": "rooms"}}
    assert describe_model(description) == "recipe paper_64 · dataset rooms · 12,345 images"
    description["spec"] |= {"deduplicated": True}
    assert "dataset rooms, without duplicates ·" in describe_model(description)


def test_an_early_end_gives_the_setting_that_caused_it_and_no_other() -> None:
    health = Health.model_validate(
        {
            "findings": [
                {"trouble": "collapse", "step": 1500},
                {"trouble": "saturated_discriminator", "step": 20},
            ],
            "stopped_early_at": 2000,
            "stop_on": ["collapse", "oscillation"],
        }
    )
    assert describe_troubles(health) == [
        "collapse from minibatch 1,500 on",
        "saturated discriminator from minibatch 20 on",
    ]
    assert describe_early_stop(health) == (
        "The training was ended early, at minibatch 2,000, since its settings stop it on collapse."
    )
    assert describe_troubles(None) == []
    assert describe_early_stop(None) == describe_early_stop(Health()) == ""
