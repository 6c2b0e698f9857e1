"""The ledger against what paper, authors' scripts and tutorial say, looked up by hand."""

from pathlib import Path

import pytest

from repro.claims.measurement import Measurement
from repro.report.departures import (
    LedgerEntry,
    describe_source,
    ledger,
    ledger_table,
    markdown,
    settings,
)
from repro.runs.models import with_preset
from repro.specs.model import ModelSpec


def model(preset: str = "paper_64", **parts: object) -> dict:
    values = with_preset({"data": "d", "preset": preset, **parts}, file="test", key="models.m")
    return ModelSpec.model_validate(values).model_dump(mode="json")


def found(key: str, models: dict[str, dict], **more: object) -> list[LedgerEntry]:
    return [entry for entry in ledger(models, **more) if entry.key == key]  # type: ignore[arg-type]


EFFECT = Measurement(
    name="change_in_distance_kernel_4", value=0.25, low=0.1, high=0.4, n=3,
    setting="network.kernel", changed_to="4",
)  # fmt: skip


@pytest.mark.parametrize(
    ("key", "paper", "authors", "port"),
    [
        ("network.kernel", "5 (Fig 1)", 5, 4),
        ("network.z_distribution", "uniform (Fig 1)", "uniform", "normal"),
        ("network.first_norm", "silent", "per_unit", "per_channel"),
        ("network.norm_eps", "silent", 1e-8, 1e-5),
        ("training.l2", "silent", 1e-5, 0),
        ("training.schedule", "silent", "alternating", "one_of_each"),
        ("network.ngf", "128 (Fig 1)", 128, 64),
        ("training.epochs", "5 (Fig 3)", 25, 5),
    ],
)
def test_the_three_sources_of_the_64_pixel_networks(
    key: str, paper: str, authors: object, port: object
) -> None:
    (entry,) = found(key, {"rooms": model()})
    assert (describe_source(entry.paper), entry.authors, entry.port) == (paper, authors, port)
    assert entry.ours in (authors, entry.paper.value)
    assert not entry.departs


def test_the_papers_own_text_is_set_against_its_authors_other_recipes() -> None:
    """SVHN as released: rate 5e-4, minibatches of 64, normal z; MNIST: sigmoid, black is 0."""
    models = {"svhn": model("svhn_released"), "mnist": model("mnist_conditional")}
    (rate,) = found("training.learning_rate_d", models)
    assert (describe_source(rate.paper), rate.authors, rate.port) == ("0.0002 (§4)", 5e-4, None)
    assert rate.models == ("svhn",)
    (batch,) = found("training.batch", models)
    assert (batch.paper.value, batch.authors, batch.models) == (128, 64, ("svhn",))
    (black,) = found("network.pixel_low", models)
    assert (black.paper.value, black.authors, black.models) == (-1, 0, ("mnist",))
    assert not [e for e in ledger(models) if e.departs]
    assert not found("network.kernel", models)  # Fig 1 shows the bedrooms' network only


def test_models_that_stand_alike_share_a_line() -> None:
    small, other = {"network": {"ngf": 8}}, {"network": {"ngf": 16}}
    models = {"a": model(**small), "b": model(**other), "c": model(**small)}
    lines = found("network.ngf", models)
    assert [(line.ours, line.models) for line in lines] == [(8, ("a", "c")), (16, ("b",))]
    assert all(line.departs for line in lines)


def test_other_recipes_than_the_authors_and_what_only_watches_are_left_out() -> None:
    watched = {"training": {"sample_every": 7, "log_every": 3, "snapshots": 2}}
    assert ledger({"a": model("vanilla_gan"), "b": model("pytorch_tutorial")}) == []
    assert ledger({"a": model(**watched)}) == ledger({"a": model()})
    assert "training.sample_every" not in settings()


def test_an_effect_stands_with_its_setting_even_where_nothing_departs() -> None:
    init = EFFECT.model_copy(update={"setting": "network.init", "changed_to": "fan_in"})
    assert not found("network.init", {"a": model()})
    (entry,) = found("network.init", {"a": model()}, effects=[EFFECT, init])
    assert entry.effects == (init,)
    (kernel,) = found("network.kernel", {"a": model()}, effects=[EFFECT, init])
    assert kernel.effects == (EFFECT,)
    lines = markdown([kernel]).splitlines()
    assert lines[2] == (
        "| `network.kernel` | 5 (Fig 1) | 5 | 4 | 5 | a | "
        "with 4: change in distance 0.25 [0.1, 0.4], n = 3 |"
    )


def test_de_duplication_is_asked_of_hashed_images_only() -> None:
    models = {"with": model(), "without": model(deduplicated=True), "faces": model()}
    lines = found("deduplicated", models, hashed=["with", "without"])
    assert [(line.ours, line.departs, line.models) for line in lines] == [(False, True, ("with",))]
    assert describe_source(lines[0].paper) == "true (§4.1.1)"
    assert lines[0].authors is None


def test_the_table_has_a_row_an_entry(tmp_path: Path) -> None:
    entries = ledger({"a": model(network={"ngf": 8})})
    frame = ledger_table(entries).set_index("setting")
    assert len(frame) == len(entries)
    assert list(frame.loc["network.ngf", ["paper", "stated", "authors", "port", "ours"]]) == [
        "128", "Fig 1", "128", "64", "8",
    ]  # fmt: skip
