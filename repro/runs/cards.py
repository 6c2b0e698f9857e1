"""Cards checked against the options of their experiments; a card in plain words.

Where in the flow: repro.runs.load.load_run checks the cards of all experiments before any step
starts. Options are checked by the experiments' options.py, none of which loads PyTorch.

`python -m repro card experiments/latent_walk/experiment.yaml` checks a card and prints its claims
with their rules in words.
"""

from collections.abc import Mapping
from pathlib import Path

from repro.claims.card import ExperimentCard, read_card
from repro.command_line import new_parser
from repro.runs.extensions import CARD, CARDS, card_options, experiment_cards
from repro.specs.scales import Scales
from repro.specs.validation import SpecError, nearest


def check_scales(cards: Mapping[str, ExperimentCard]) -> None:
    """Options under `scales:` of each card are options of its experiment, at every scale.

    So are the free choices under `multiverse:`. Raises SpecError naming the experiment.yaml, the
    key and the nearest option.
    """
    for name, card in cards.items():
        if card.multiverse:
            card_options(name, {"multiverse": card.free_choices}, key="")
        for scale in Scales.model_fields:
            if options := card.scales.options(scale):
                card_options(name, options, key=f"scales.{scale}")


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("card", "Check an experiment's card and print its claims and their rules.")
    parser.add_argument("card", type=Path, help="experiments/<name>, or its experiment.yaml")
    path = parser.parse_args(argv).card
    folder = path.parent if path.name == CARD else path
    if not path.exists():
        raise SpecError(f"{path}: no such card; {nearest(folder.name, experiment_cards())}")
    if path.is_dir():
        path /= CARD
    card = read_card(path)
    folder = path.resolve().parent
    if folder.parent == CARDS:  # options of other folders cannot be imported
        check_scales({folder.name: card})
    print(f"{card.title} (paper section {card.paper.section})")
    for claim in card.claims:
        print(f"  {claim.id}: {claim.statement}\n    {claim.kind}: {claim.rule_text}")
