"""The window area left under other choices of the regression's C and of the layer.

Part of measure.py. The samples, their boxes, the new samples and the judge stay the same; the
regression is fitted again, and its maps are dropped from the same z. The control, equally many
random maps of that layer, is taken from fewer sets than the claim's own.
"""

from torch import Tensor

from experiments.forgetting_windows.marking import Marked
from experiments.forgetting_windows.options import WindowChoices
from experiments.forgetting_windows.regression import WindowRegression
from experiments.forgetting_windows.results import window_area_left
from experiments.forgetting_windows.trials import Choices, NewSamples, Windows
from repro.claims.choices import alternatives
from repro.claims.measurement import Measurement
from repro.claims.multiverse import Universe, Universes
from repro.internals.drop_maps import hidden_layers, hidden_maps
from repro.networks.dcgan import Generator

CLAIM = "windows_forgotten"
CONTROL_SETS = 2  # of random maps, under each choice


def window_universes(
    G: Generator,
    marked: Marked,
    z: Tensor,
    *,
    windows: Windows,
    given: WindowChoices,
    strength: float,
    layer: int,
    negatives: float,
    seed: int,
) -> dict[str, Universes]:
    """The claim's number and its control under all other choices, by the claim's id.

    z: of the new samples; windows: the judge; strength, layer: the claim's own choices. {} where no
    window is marked, or the judge finds none.
    """
    layers = [one for one in given.layer if one < hidden_layers(G)]
    own = {"strength": strength, "layer": layer}
    wanted = alternatives({"strength": given.strength, "layer": layers}, default=own)
    found = []
    for one in dict.fromkeys(choices["layer"] for choices in wanted):
        new = NewSamples(G, z, layer=one, windows=windows)
        maps = hidden_maps(G, marked.z, layer=one).numpy()
        measured: dict[bytes, list[tuple[Measurement, Measurement]]] = {}  # by the maps dropped
        for choices in (choices for choices in wanted if choices["layer"] == one):
            regression = WindowRegression(
                maps=maps,
                boxes=marked.marks.boxes,
                negatives=negatives,
                strength=choices["strength"],
                seed=seed,
                purpose=f"forgetting windows, layer {one}",
            )
            if not regression.cells.usable:
                continue
            dropped = (regression.weights > 0).tobytes()
            if dropped not in measured:
                measured[dropped] = _left(new, regression)
            found += [
                Universe(choices=choices, measurement=left, control=control)
                for left, control in measured[dropped]
            ]
    return {CLAIM: Universes(default=own, others=found)} if found else {}


def _left(new: NewSamples, regression: WindowRegression) -> list[tuple[Measurement, Measurement]]:
    """Window area left by the maps of one regression, and by random ones; [] without windows."""
    seed, purpose = regression.seed, f"{regression.purpose}, random maps"
    dropped = Choices.of(regression.weights, sets=CONTROL_SETS, seed=seed, purpose=purpose)
    measured, control = (
        window_area_left(variant, [new.effect(one) for one in sets], new.unmodified, seed=seed)
        for variant, sets in (("positive", [dropped.positive]), ("random", dropped.random))
    )
    return list(zip(measured, control, strict=True))
