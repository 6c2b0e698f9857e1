"""Fig 8 on a planted world: the place of a bright bar is the pose, the level of bands the rest."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.stats import spearmanr
from untrained_model import write_model

from experiments.contract import Inputs, run_measure
from experiments.turn_vector import measure as module
from experiments.turn_vector import turning
from experiments.turn_vector.axes import Axes, axes_of_run
from experiments.turn_vector.figure import figure
from experiments.turn_vector.measure import measure
from experiments.turn_vector.options import Axis, Options
from experiments.turn_vector.results import flipped, rank_correlations, slopes
from repro.claims.card import read_card
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement, read_measurements
from repro.claims.verdict import Verdict, judge
from repro.data.store import ImageStore
from repro.data.store_writer import StoreError
from repro.figures.style import Style
from repro.internals.hand_picks import offered_latents, samples_identity
from repro.networks.model_folder import ModelFolder
from repro.specs.validation import SpecError

AXES = {
    "pose": Axis(left="pose <= -0.5", right="pose >= 0.5"),
    "man": Axis(left="man == 0", right="man == 1"),
}
SMALL = {
    "samples": 300, "confident": 20, "rows": 30, "classifier_images": 500, "classifier_epochs": 8,
    "blend_epochs": 1, "offered": 60,
}  # fmt: skip
OPTIONS = Options(axes=AXES, **SMALL)


def bars(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    """z[0] moves a bright column from left to right, z[1] is the brightness around it."""
    pictures = np.empty((len(z), 16, 16, 3), np.uint8)
    pictures[:] = np.clip(90 + 60 * z[:, 1].numpy(), 0, 255)[:, None, None, None]
    places = np.clip(7 + 6 * z[:, 0].numpy(), 0, 13)
    for picture, place in zip(pictures, places.round().astype(int), strict=True):
        picture[:, place : place + 3] = 240
    return pictures


def unturned(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    """A generator in which no direction turns the pose: the place depends on high bits of z[0]."""
    scrambled = z.clone()
    scrambled[:, 0] = torch.sin(60 * z[:, 0])
    return bars(G, scrambled)


@pytest.fixture
def labelled(make_dataset: Callable) -> Path:
    z = torch.rand(500, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    pose, man = z[:, 0].numpy().astype(np.float32), (z[:, 1].numpy() > 0).astype(np.uint8)
    return make_dataset(bars(None, z), pose=pose, man=man)


@pytest.fixture
def inputs(labelled: Path, tmp_path: Path) -> Inputs:
    return Inputs({"faces.model": write_model(tmp_path / "model"), "faces.data": labelled})


@pytest.fixture
def measured(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Measurement]]:
    def run(draw: Callable, options: Options = OPTIONS) -> dict[str, Measurement]:
        for one in (module, turning):
            monkeypatch.setattr(one, "draw", draw)
        return {m.name: m for m in measure(inputs, options, 7, tmp_path)}

    return run


@pytest.mark.slow
def test_a_vector_that_turns_is_found_to_turn(measured: Callable) -> None:
    found = measured(bars)
    assert found["judge_correlation_pose"].value > 0.95
    assert found["judge_error_pose"].value < 0.15
    assert found["turn_rank_correlation"].low > 0.8
    assert found["turn_change_minus_random_direction"].low > 0
    assert found["turn_change"].value > 0.8
    assert found["turn_slope"].value == pytest.approx(found["turn_change"].value, rel=0.25)
    assert found["turn_others_flipped"].value < 0.6
    assert found["change: man"].value > 0.5  # its own vector brightens
    assert found["rank_correlation: man"].low > 0.5
    assert found["turn_rank_correlation"].n == 30


@pytest.mark.slow
def test_a_generator_without_a_turn_is_found_out(measured: Callable) -> None:
    found = measured(unturned)
    assert found["judge_correlation_pose"].value > 0.95  # the judge is not to blame
    assert found["turn_rank_correlation"].high < 0.8
    assert found["turn_change_minus_random_direction"].high < 0.3
    assert found["change: man"].value > 0.5  # the other axis is as before


def untrained_or(drawn: Callable, folder: Path) -> Callable:
    """Draws what is planted for the generator of the folder; `unturned` for any other."""
    trained = ModelFolder.open(folder).generator().state_dict()

    def planted(G: torch.nn.Module, z: torch.Tensor, batch: int = 128) -> np.ndarray:
        own = all(torch.equal(x, trained[key]) for key, x in G.state_dict().items())
        return (drawn if own else unturned)(G, z)

    return planted


@pytest.mark.slow
def test_the_untrained_control_and_a_run_that_turns_no_pose(
    measured: Callable, inputs: Inputs, repository: Path
) -> None:
    """Where the brightness is followed, no claim is made about the pose, however well it turns."""
    card = read_card(repository / "experiments/turn_vector/experiment.yaml")

    def verdicts(found: dict[str, Measurement]) -> list[Verdict]:
        return [
            judge(
                one,
                found.get(one.measurement),
                ground=Ground.PAPER,
                control=found.get(one.control),
            ).verdict
            for one in card.claims
        ]

    planted = untrained_or(bars, inputs.folder("faces.model"))
    found = measured(planted)
    name = "turn_change_minus_random_direction"
    assert found[name].low > 0
    assert found[f"{name}_untrained"].value < found[name].low
    assert verdicts(found)[1] == Verdict.REPRODUCED
    assert verdicts(measured(bars))[1] == Verdict.CONTROL_PASSES
    bright = measured(planted, OPTIONS.model_copy(update={"turn": "man"}))
    assert bright["change: man"].low > 0.5
    assert "turn_change" not in bright
    assert verdicts(bright) == [Verdict.NOT_RUN] * 2
    assert "'man' is followed" in bright[name].no_value_because


def test_rank_correlations_are_scipys() -> None:
    source = np.random.default_rng(0)
    readings = source.normal(size=(20, 11))
    readings[3] = 5.0
    readings[4, :6] = 1.0  # ties
    found = rank_correlations(readings)
    assert np.isnan(found[3])
    for row in (0, 1, 4, 19):
        assert found[row] == pytest.approx(spearmanr(readings[row], np.arange(11)).statistic)
    rising = np.linspace(0, 1, 11) ** 3
    assert rank_correlations(np.stack([rising, -rising])).tolist() == pytest.approx([1, -1])


def test_slopes_and_flips_by_hand() -> None:
    t = np.linspace(-0.5, 0.5, 5)
    rows = np.stack([3 * t + 1, 0 * t, t**2])
    assert slopes(rows, reach=0.5).tolist() == pytest.approx([3, 0, 0])
    readings = np.zeros((2, 3, 2))
    readings[0, 0, 0], readings[0, 2, 0] = 0.2, 0.8
    readings[1, :, 1] = [0.9, 0.1, 0.9]  # there and back: the ends agree
    assert flipped(readings, np.array([0.5, 0.5])).tolist() == [[True, False], [False, False]]


def axes_of(options: Options, store: ImageStore) -> Axes:
    return axes_of_run(store, options.axes, turn=options.turn, given=options.axes_were_given)


def test_axes_are_those_that_the_faces_are_labelled_for(make_dataset: Callable) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), np.uint8)

    def axes(options: Options, name: str, **labels: np.ndarray) -> Axes:
        return axes_of(options, ImageStore.open(make_dataset(noise, name=name, **labels)))

    pose = np.linspace(-1, 1, 8).astype(np.float32)
    bit = np.arange(8, dtype=np.uint8) % 2
    default = Options()
    both = axes(default, "both", glasses=bit, pose=pose)
    assert (both.names, both.remark) == (["pose", "glasses"], "")
    assert both.middles.tolist() == [0, 0.5]
    some = axes(default, "some", glasses=bit, man=bit)
    assert (some.names, some.remark) == (["man", "glasses"], "the data have no label 'pose'")
    age = axes(default, "age", constant=0 * bit, age=np.arange(20, 28, dtype=np.int32))
    assert age.names == ["age"]
    assert age.expressions == {"age, left": "age <= 21.75", "age, right": "age >= 25.25"}
    rare = axes(default, "rare", rare=(np.arange(8) == 3).astype(np.uint8))
    assert rare.expressions["rare, right"] == "rare >= 1"
    with pytest.raises(StoreError, match="no label 'pose'; it has age"):
        axes(OPTIONS, "missing", age=np.arange(8, dtype=np.int32))
    with pytest.raises(SpecError, match=r"Fig 8 needs faces with a label that varies.*no labels"):
        axes(default, "none")


def test_axes_that_cannot_be_are_refused(make_dataset: Callable) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), np.uint8)
    store = ImageStore.open(make_dataset(noise, age=np.arange(8, dtype=np.int32)))
    two = Options(turn="x", axes={"x": Axis(left="age <= 3", right="pose >= 4")})
    with pytest.raises(SpecError, match=r"axes\.x: left is on 'age' and right on 'pose'"):
        axes_of(two, store)
    odd = Options(turn="x", axes={"x": Axis(left="age", right="age >= 4")})
    with pytest.raises(SpecError, match=r"axes\.x: .*'field operator number'"):
        axes_of(odd, store)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"turn": "age"}, "turn is 'age', which `axes` does not define; it defines pose, man"),
        ({"steps": 10}, "steps is 10; expected an odd number"),
        ({"confident": 3}, "exemplars <= confident <= samples"),
        ({"picks": ["a", "b"]}, "at most 1 item"),
    ],
)
def test_options_that_cannot_be_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Options(**change)


@pytest.mark.slow
def test_exemplars_from_a_picks_file(measured: Callable, inputs: Inputs, tmp_path: Path) -> None:
    model = ModelFolder.open(inputs.folder("faces.model"))
    z = offered_latents(model, 60, seed=7)[:, 0].numpy()
    ends = {"left": np.argsort(z)[:4] + 1, "right": np.argsort(-z)[:4] + 1}

    def picked(**concepts: np.ndarray) -> dict[str, Measurement]:
        values = {
            "format": 1,
            "samples": samples_identity(model, seed=7),
            "author": "Jo",
            "concepts": {name: numbers.tolist() for name, numbers in concepts.items()},
        }
        (tmp_path / "picks.json").write_text(json.dumps(values))
        options = OPTIONS.model_copy(update={"picks": [str(tmp_path / "picks.json")]})
        return measured(bars, options)

    found = picked(**ends)
    arrays = np.load(tmp_path / "arrays.npz")
    assert str(arrays["by"]) == "picked by hand (Jo)"
    assert np.array_equal(
        arrays["left"], bars(None, offered_latents(model, 60, seed=7)[ends["left"] - 1])
    )
    assert found["picked_turn_rank_correlation"].low > 0.8
    assert "picked by hand (Jo)" in found["picked_turn_change"].protocol
    assert "all along one vector" in found["picked_turn_change"].spread
    assert "picked_turn_change_random_direction" not in found  # is there already
    assert found["picked_turn_change_minus_random_direction"].low > 0
    backwards = picked(left=ends["right"], right=ends["left"])
    assert backwards["picked_turn_rank_correlation"].high < -0.8
    assert backwards["turn_rank_correlation"] == found["turn_rank_correlation"]  # by rule
    with pytest.raises(SpecError, match=r"concepts\.right' has no picture"):
        picked(left=ends["left"])


@pytest.mark.slow
def test_run_is_repeatable_and_files_are_those_of_the_card(
    inputs: Inputs, tmp_path: Path, repository: Path
) -> None:
    few = {"classifier_epochs": 1, "rows": 4, "samples": 40, "classifier_images": 100}
    options = Options(axes=AXES, **(SMALL | few))
    for name in ("once", "again"):
        run_measure(measure, options, folders=inputs.folders, seed=7, out=tmp_path / name)
    hashes = [
        json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("once", "again")
    ]
    assert hashes[0] == hashes[1]
    arrays = np.load(tmp_path / "once" / "arrays.npz")
    assert arrays["rows"].shape == (5, 11, 16, 16, 3)
    assert arrays["averages"].shape == (2, 16, 16, 3)
    card = read_card(repository / "experiments/turn_vector/experiment.yaml")
    stated = {name for c in card.claims for name in (c.measurement, c.control)}
    assert stated <= read_measurements(tmp_path / "once").keys()
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style())
    assert {p.name for p in (tmp_path / "figures").iterdir()} == set(card.captions)
