"""Options of a run's experiments: its cards' options at the run's scale, overridden by its own.

A card's free choices (`multiverse:`) are given to its experiment as the option of that name, except
for the reader's own pictures, of which no claim is decided.

Where in the flow: repro.runs.load.load_run calls this before any step starts.

Alone: `options_at_scale(spec, experiment_cards())` with a run file's spec.
"""

from collections.abc import Mapping
from typing import Any

from repro.claims.card import ExperimentCard
from repro.specs.run_file import RunSpec


def options_at_scale(
    spec: RunSpec, cards: Mapping[str, ExperimentCard]
) -> dict[str, dict[str, Any]]:
    """Options that differ from the paper's, by experiment; the run file overrides the card.

    Experiments without any are left out.
    """
    options = {
        name: {
            **({"multiverse": card.free_choices} if card.multiverse and not spec.photos else {}),
            **card.scales.options(spec.scale),
            **spec.experiments.get(name, {}),
        }
        for name, card in cards.items()
    }
    return {name: own for name, own in options.items() if own}
