"""The plan against counts worked out by hand, PyTorch's own counter and real files."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import experiments
from repro.data.noise import noise_dataset
from repro.devices import Clock
from repro.networks.model_folder import save_network
from repro.plan import __main__ as plan
from repro.plan.__main__ import main
from repro.plan.budget import Need, choose, decidable, needs_of
from repro.plan.costs import (
    CostInputs,
    earlier_seconds,
    experiment_seconds,
    left_out,
    peak_bytes,
    training_disk,
    training_seconds,
)
from repro.plan.counts import network_sizes, products_per_image, training_counts
from repro.plan.rates import (
    Measured,
    OtherRates,
    StepRate,
    Steps,
    line_through,
    measure_training,
)
from repro.runs.load import load_run
from repro.specs.model import ModelSpec

CPU = torch.device("cpu")
RUN: dict[str, Any] = {
    "title": "A run",
    "worlds": {"rooms": {"generator": "rooms", "options": {"count": 50}}},
    "datasets": {"bedrooms": {"source": "lsun", "world": "rooms", "image_size": 32, "dedup": {}}},
    "models": {
        "bedrooms": {
            "data": "bedrooms",
            "network": {"image_size": 32, "ngf": 2, "ndf": 2},
            "training": {"batch": 8, "epochs": 2},
        }
    },
    "roles": {"bedrooms": {"data": "bedrooms", "model": "bedrooms"}},
}


def model(**training: Any) -> ModelSpec:
    network = {"image_size": 32, "ngf": 16, "ndf": 16}
    return ModelSpec.model_validate({"data": "x", "network": network, "training": training})


@pytest.mark.parametrize("schedule", ["one_of_each", "alternating"])
def test_a_minibatch_is_worth_what_pytorch_counts(schedule: str, tmp_path: Path) -> None:
    spec = model(batch=8, schedule=schedule)
    steps = Steps(spec, noise_dataset(tmp_path, spec.network, count=16), Clock(CPU, 1), batch=8)
    with FlopCounterMode(display=False) as counter:
        steps.warm_up()  # two minibatches; a multiplication counts as two operations
    # the first layers need no gradient of their inputs, so PyTorch counts a little less
    counted = counter.get_total_flops() / (2 * 2 * 8)
    assert counted == pytest.approx(products_per_image(spec), rel=0.06)
    assert counted < products_per_image(spec)


def test_counts_worked_out_by_hand() -> None:
    counts = training_counts(model(batch=32, epochs=2, sample_every=3), images=100)
    # 32 + 32 + 32 + 4: four minibatches a pass
    assert (counts.minibatches, counts.shown, counts.sheets) == (8, 200, 3)
    counts = training_counts(model(batch=32, epochs=1.5, schedule="one_of_each"), images=100)
    assert (counts.minibatches, counts.shown) == (6, 100 + 64)


def test_seconds_are_minibatches_images_and_what_is_made_beside_them() -> None:
    spec = model(batch=32, epochs=2, schedule="one_of_each", statistics_batches=1)
    counts = training_counts(spec, images=64)  # 4 minibatches, 128 images
    with_rate = training_seconds(spec, counts, StepRate(fixed=10.0, per_image=1.0, sheet=100.0))
    G, D = network_sizes(spec.network)
    # G: statistics at the end and of the early snapshot, 64 pictures for two figures; D: its own
    beside = ((2 * 32 + 2 * 64) * G.products + 32 * D.products) / (3 * G.products + 8 * D.products)
    assert with_rate == pytest.approx(4 * 10 + 128 + 100 + beside)


def test_the_line_through_two_batches() -> None:
    rate = line_through((4, 16), (2 + 4 * 0.5, 2 + 16 * 0.5))
    assert (rate.fixed, rate.per_image) == (pytest.approx(2), pytest.approx(0.5))
    assert line_through((2, 2), (3.0, 3.0)).per_image == 1.5  # no line through one batch
    noisy = line_through((4, 16), (1.0, 5.0))  # would begin below zero
    assert (noisy.fixed, noisy.per_image) == (0.0, pytest.approx(5 / 16))


def test_disk_is_that_of_real_files(tmp_path: Path) -> None:
    spec = model(batch=8)
    store = noise_dataset(tmp_path, spec.network, count=16)
    steps = Steps(spec, store, Clock(CPU, 1), batch=8)
    steps.warm_up()
    torch.save(steps.trainer.state(), tmp_path / "state.pt")
    for name, network in (("G", steps.trainer.G), ("D", steps.trainer.D)):
        save_network(network, tmp_path / name)
    size = {name: (tmp_path / name).stat().st_size for name in ("state.pt", "G", "D")}
    wanted = 2 * size["state.pt"] + 2 * size["G"] + size["D"]  # early and last G
    counts = training_counts(spec, images=16)
    assert training_disk(spec, counts) == pytest.approx(wanted, rel=0.05)


def test_rates_follow_the_spec_batch(tmp_path: Path) -> None:
    measured = measure_training(model(batch=8), clock=Clock(CPU, 1), seconds=0.1)
    assert measured.batches == (2, 8)
    assert measured.rate.fixed >= 0
    assert measured.rate.per_image > 0
    assert measured.gpu_bytes == 0


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"epochs": 9, "learning_rate_g": 0.001}, True),
        ({"diff_augment": ["cutout"]}, False),
        ({"ema": 0.999}, False),
        ({"augmentation": {"flip": 0.5}}, False),
        ({"schedule": "one_of_each"}, False),
    ],
)
def test_trainings_that_take_equally_long_are_measured_once(changes: Any, same: bool) -> None:
    assert (plan._kind(model(**changes)) == plan._kind(model())) == same


def test_what_fits_is_taken_by_claims_an_hour() -> None:
    needs = [
        Need("slow", ("a", "b", "c"), frozenset({"long"}), 0.0),
        Need("quick", ("d",), frozenset({"short"}), 1.0, extras=frozenset({"more"})),
        Need("free", ("e",), frozenset(), 0.0),
    ]
    training = {"long": 30.0, "short": 2.0, "more": 4.0}
    epochs = {"long": 15.0, "short": 5.0, "more": 8.0}
    chosen = choose(needs, training=training, epochs=epochs, hours=9, devices=1)
    assert [one.name for one in chosen.experiments] == ["free", "quick"]
    assert chosen.trainings == ["short", "more"]  # 2 + 1 + 4 of 9 hours
    assert chosen.epochs == {"long": 1}  # 2 of its 30 hours are left: 1 of 15 passes
    chosen = choose(needs, training=training, epochs=epochs, hours=30, devices=2)
    assert sorted(chosen.trainings) == ["long", "more", "short"]  # side by side
    assert chosen.left_out == []
    chosen = choose(needs, training=training, epochs=epochs, hours=30, devices=1)
    assert "long" not in chosen.trainings  # short first, then not enough is left


@pytest.mark.slow
def test_claims_of_numbers_need_the_papers_data(repository: Path) -> None:
    paper, demo = (load_run(str(repository / f"config/{n}.yaml")) for n in ("paper", "demo"))
    card = next(one.card for one in paper.experiments if one.name == "mnist_neighbours")
    kinds = {claim.kind for claim in card.claims}
    assert kinds == {"direction", "value"}
    for claim in card.claims:
        assert decidable(claim, card, paper)
        assert decidable(claim, card, demo) == (claim.kind == "direction")


@pytest.mark.slow
def test_an_experiment_needs_its_inputs_trainings(repository: Path) -> None:
    needs = {one.name: one for one in needs_of(load_run(str(repository / "config/paper.yaml")), {})}
    assert needs["memorisation"].trainings == {"bedrooms"}
    assert needs["memorisation"].extras == {"bedrooms_all"}
    assert needs["mnist_neighbours"].trainings == {"mnist_dcgan", "mnist_gan"}
    assert needs["dedup"].trainings == frozenset()
    demo = {one.name: one for one in needs_of(load_run(str(repository / "config/demo.yaml")), {})}
    assert len(demo["mnist_neighbours"].trainings) == 6  # three of each
    assert demo["memorisation"].absent == ("bedrooms.baseline",)
    assert needs["memorisation"].absent == ()


def test_an_earlier_runs_benchmark_is_read(load: Any) -> None:
    run = load(RUN)
    assert earlier_seconds(run, "measure", "latent_walk") is None
    folder = run.folder / "benchmarks/measure"
    folder.mkdir(parents=True)
    (folder / "latent_walk.tsv").write_text("s\th:m:s\tcpu_time\n36.5\t0:00:36\t14.08\n")
    assert earlier_seconds(run, "measure", "latent_walk") == 36.5


COST = """
def seconds(known):
    return 3.0 * known.images["bedrooms"]


def peak_bytes(known):
    return 8.0, 9.0
"""


def test_a_cost_beside_an_experiment_is_found(
    load: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {
        "dreams_whole": COST,
        "dreams_part": f'ONLY = "sleep alone"\nWITHOUT = "the waking"\n{COST}',
        "dreams_free": None,
    }.items():
        folder = tmp_path / "experiments" / name
        folder.mkdir(parents=True)
        if text is not None:
            (folder / "cost.py").write_text(text)
    monkeypatch.setattr(experiments, "__path__", [*experiments.__path__, str(folder.parent)])
    known = CostInputs(load(RUN), {"bedrooms": 50}, {}, 0.0)
    assert experiment_seconds(known, "dreams_whole") == (150.0, "formula")
    assert experiment_seconds(known, "dreams_part") == (150.0, "formula, sleep alone")
    assert experiment_seconds(known, "dreams_free") == (None, "not predicted")
    assert peak_bytes(known, "dreams_part") == (8.0, 9.0)
    assert peak_bytes(known, "dreams_free") == (0.0, 0.0)
    assert left_out("dreams_part", "formula, sleep alone") == "the waking"
    assert left_out("dreams_whole", "formula") == ""
    benchmarks = known.run.folder / "benchmarks/measure"
    benchmarks.mkdir(parents=True)
    for name in ("dreams_whole", "dreams_part", "dreams_free"):
        (benchmarks / f"{name}.tsv").write_text("s\th:m:s\n36.5\t0:00:36\n")
    # an earlier run knows more than a formula of a part, and no more than one of the whole
    assert experiment_seconds(known, "dreams_whole") == (150.0, "formula")
    assert experiment_seconds(known, "dreams_part") == (36.5, "earlier run")
    assert experiment_seconds(known, "dreams_free") == (36.5, "earlier run")
    assert left_out("dreams_part", "earlier run") == ""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates that are given, not measured: 1 s per image read, 36 s per minibatch."""
    measured = Measured(StepRate(fixed=36.0, per_image=0.0), (2, 8), (36.0, 36.0), 0)
    other = OtherRates(
        start=0.0,
        read={"lsun": 1.0, "folder": 1.0},
        copy=0.0,
        hash_step=0.0,
        hash_image=0.0,
        neighbour=0.0,
    )
    monkeypatch.setattr(plan, "measure_training", lambda *given, **named: measured)
    monkeypatch.setattr(plan, "other_rates", lambda *given, **named: other)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_the_command_prints_and_keeps_a_plan(load: Any, capsys: pytest.CaptureFixture[str]) -> None:
    load(RUN)
    threads = torch.get_num_threads()
    main(["small.yaml", "--hours=0.2", "--out=plan.json", "--device=cpu"])
    torch.set_num_threads(threads)
    text = capsys.readouterr().out
    lines = {" ".join(line.split()[:2]): line for line in text.splitlines()}
    assert "  bedrooms, float32: " in text  # what was measured, and would be trained in
    # 50 images in batches of 8: 7 minibatches a pass, two passes, 36 s each
    assert lines["train bedrooms"].split()[2:6] == ["50", "14", "8", "min"]
    assert lines["prepare bedrooms"].split()[2:5] == ["50", "50", "s"]
    kept = json.loads(Path("plan.json").read_text())
    hours = {(one["kind"], one["name"]): one["hours"] for one in kept["stages"]}
    assert hours["train", "bedrooms"] == pytest.approx(14 * 36 / 3600)
    assert hours["draw", "rooms"] is None
    assert "draw rooms" in text.split("not predicted and not included:")[1]
    assert kept["budget"]["trainings"] == ["bedrooms"]
    main(["small.yaml", "--hours=0.1", "--out=plan.json", "--device=cpu"])
    torch.set_num_threads(threads)
    kept = json.loads(Path("plan.json").read_text())
    assert kept["budget"]["trainings"] == []
    # 0.1 - 50 s of reading leave 0.086 of 0.14 hours: one of two passes
    assert kept["budget"]["epochs_that_fit"] == {"bedrooms": 1}


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_pictures_are_counted_where_raw_says(load: Any, capsys: pytest.CaptureFixture[str]) -> None:
    values = {**RUN, "worlds": {}, "datasets": {"bedrooms": {"source": "folder", "raw": ""}}}
    values["datasets"]["bedrooms"]["image_size"] = 32
    load(values)
    Path("mine").mkdir()
    for number in range(9):
        Path(f"mine/{number}.png").write_bytes(b"not looked into")
    threads = torch.get_num_threads()
    batch = "models={bedrooms: {training: {batch: 3}}}"
    main(["small.yaml", "--raw=mine", "--device=cpu", "--config", batch])
    torch.set_num_threads(threads)
    lines = [one.split() for one in capsys.readouterr().out.splitlines()]
    assert next(line for line in lines if line[:2] == ["prepare", "bedrooms"])[2] == "9"
    # two passes in batches of 3
    assert next(line for line in lines if line[:2] == ["train", "bedrooms"])[2:4] == ["9", "6"]
