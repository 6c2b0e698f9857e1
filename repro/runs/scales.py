"""Options of a run's experiments: those of their cards at the run's scale, its own over them.

Where in the flow: repro.runs.load.load_run asks for both checks and options before any step starts.
Options are checked by the experiments' options.py, none of which loads PyTorch.

Alone: `options_at_scale(spec, experiment_cards())` of a run file's spec.
"""

from collections.abc import Mapping
from typing import Any

from repro.claims.card import ExperimentCard
from repro.runs.extensions import card_options
from repro.specs.run_file import RunSpec
from repro.specs.scales import Scales


def check_scales(cards: Mapping[str, ExperimentCard]) -> None:
    """Options under `scales:` of each card are options of its experiment, at every scale.

    Raises SpecError naming the experiment.yaml, the key and the nearest option.
    """
    for name, card in cards.items():
        for scale in Scales.model_fields:
            if options := card.scales.options(scale):
                card_options(name, options, scale=scale)


def options_at_scale(
    spec: RunSpec, cards: Mapping[str, ExperimentCard]
) -> dict[str, dict[str, Any]]:
    """Options that differ from the paper's, by experiment; one in the run file replaces the card's.

    Experiments without any are left out.
    """
    options = {
        name: {**card.scales.options(spec.scale), **spec.experiments.get(name, {})}
        for name, card in cards.items()
    }
    return {name: own for name, own in options.items() if own}
