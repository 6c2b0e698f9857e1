"""What the report of a run on the reader's own pictures opens with, in place of verdicts.

Such a run says nothing of the paper: its report shows samples, a walk and the nearest pictures,
says how good the samples are, and names what went wrong. Which figures and numbers of experiments
come first, the run file says (`opens_with`). Where in the flow: repro.report.build calls
`opening`, repro.report.views `weaknesses` for each model.

Alone: `weaknesses(model)` with a model of `repro.report.results.read_run`.
"""

from dataclasses import dataclass
from pathlib import Path

from repro.claims.measurement import Measurement, number
from repro.report.pictures import Picture, embed_picture
from repro.report.results import ExperimentResult, ModelResult, RunResults

LEAST_DIVERSITY = 0.3  # of the real pictures'; trainings without trouble end well above it
LEAST_FAKE = 0.05  # mean of D(G(z)); below it D tells every sample from a picture
FEW_IMAGES = 1000
LEAST_MINIBATCHES = 1000  # 2,500 made blurred heads of 300 photos; 20 make noise


@dataclass(frozen=True)
class Opening:
    """Figures and numbers that the run file puts first, and how good the samples are, in words."""

    figures: list[Picture]
    numbers: list[Measurement]
    quality: list[str]


def opening(results: RunResults, run: Path) -> Opening:
    """The figures and numbers of `opens_with` that are there, and a sentence on each model."""
    by_name = {one.name: one for one in results.experiments}
    asked = [name.partition("/") for name in results.spec.opens_with]
    wanted = [(by_name[one], file) for one, _, file in asked if one in by_name]
    return Opening(
        figures=[picture for one, file in wanted for picture in _figure(one, file, run)],
        numbers=[found for one, name in wanted for found in one.measurements if found.name == name],
        quality=[_quality(one) for one in results.models if "diversity" in one.last],
    )


def weaknesses(model: ModelResult) -> list[str]:
    """Why the samples of a trained model can be no good, in words; [] where nothing was found."""
    found = []
    diversity, fake = model.last.get("diversity"), model.last.get("d_fake_before")
    minibatches = (model.spec or {}).get("minibatches")
    if diversity is not None and diversity < LEAST_DIVERSITY:
        found.append(
            f"the samples are much alike: {number(diversity)} of the diversity of your pictures, "
            f"less than {LEAST_DIVERSITY:g}"
        )
    if fake is not None and fake < LEAST_FAKE:
        found.append(
            f"D tells the samples from your pictures at a glance: D(G(z)) is {number(fake)} at the "
            f"end, less than {LEAST_FAKE:g}, so that G learns little"
        )
    if minibatches is not None and minibatches < LEAST_MINIBATCHES:
        found.append(
            f"too few minibatches: {minibatches:,}, less than {LEAST_MINIBATCHES:,} (more "
            "epochs or more pictures make more of them)"
        )
    return found


def _figure(one: ExperimentResult, file: str, run: Path) -> list[Picture]:
    caption = one.card.captions.get(file, "")
    return [
        embed_picture(path, caption=caption, run=run) for path in one.figures if path.name == file
    ]


def _quality(model: ModelResult) -> str:
    """How good the samples are, and what would help."""
    spec = model.spec or {}
    images, minibatches = int(spec.get("images", 0)), int(spec.get("minibatches", 0))
    return (
        f"After {minibatches:,} minibatches on {images:,} pictures, the samples of {model.name} "
        f"have {number(model.last['diversity'])} of their diversity (1: as unlike each other); "
        f"{_what_would_help(model, images=images, minibatches=minibatches)}."
    )


def _what_would_help(model: ModelResult, *, images: int, minibatches: int) -> str:
    if minibatches < LEAST_MINIBATCHES:
        return "more epochs would help most: such a short training gives little but noise"
    if model.last["diversity"] < LEAST_DIVERSITY:
        return (
            "fewer epochs, or pictures that vary less (one kind of thing, in the middle, from one "
            "side) would help most"
        )
    if images < FEW_IMAGES:
        return (
            f"more pictures would help most (from {FEW_IMAGES:,} on), then pictures that vary less"
        )
    return "more epochs would help, as long as the sample sheets still get better"
