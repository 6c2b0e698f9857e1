"""An experiment and a model as the report shows them: pictures and tables embedded, facts in words.

Where in the flow: repro.report.results reads the files of a run, this module turns each experiment
and each model into what a template needs, repro.report.page renders the templates.

Alone: `experiment_view(result, spec, run)` with an element of `read_run(...).experiments`.
"""

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from repro.report.commands import rerun_command
from repro.report.data_description import describe_data
from repro.report.own_pictures import weaknesses
from repro.report.pictures import Picture, embed_animation, embed_picture
from repro.report.provenance_summary import commands, cost
from repro.report.readmes import readme_html
from repro.report.results import MODEL_PICTURES, ExperimentResult, ModelResult
from repro.report.spec import ReportSpec
from repro.report.tables import ShownTable, read_table
from repro.report.training_summary import (
    describe_early_stop,
    describe_epoch,
    describe_model,
    describe_troubles,
)


@dataclass(frozen=True)
class ExperimentView:
    """An experiment with its pictures and tables embedded, its data and its cost in words."""

    result: ExperimentResult
    data: str
    readme: Markup
    pictures: list[Picture]
    tables: list[ShownTable]
    missing_files: list[str]
    cost: dict[str, str]
    again: str
    commands: list[str]


@dataclass(frozen=True)
class ModelView:
    """A model with its pictures embedded; `troubles` are those of its training, in words."""

    result: ModelResult
    data: str
    title: str
    epoch: str
    troubles: list[str]
    weaknesses: list[str]  # of samples of the reader's own pictures
    stop: str
    pictures: list[Picture]
    animation: Picture | None


def experiment_view(
    result: ExperimentResult, spec: ReportSpec, run: Path, *, light: bool = False
) -> ExperimentView:
    """The experiment with its figures and tables in the order of the card's captions.

    The picture of its card in the report comes first. light: pictures are coded with loss.
    """
    captions = result.card.captions | _multiverse_captions(result)
    first = [result.card.lead.picture] if result.card.lead else []
    order = {name: place for place, name in enumerate(dict.fromkeys([*first, *captions]))}

    def by_caption(path: Path) -> tuple[int, str]:
        return order.get(path.name, len(order)), path.name

    there = {path.name for path in (*result.figures, *result.tables)}
    return ExperimentView(
        result=result,
        data=describe_data({n: spec.roles[n] for n in result.card.roles if n in spec.roles}),
        readme=Markup(readme_html(result.readme)),  # raw HTML is escaped there
        pictures=[
            embed_picture(path, caption=captions.get(path.name, ""), run=run, light=light)
            for path in sorted(result.figures, key=by_caption)
        ],
        tables=[
            read_table(path, caption=captions.get(path.name, ""), run=run)
            for path in sorted(result.tables, key=by_caption)
        ],
        missing_files=[name for name in result.card.captions if name not in there],
        cost=cost(result.steps),
        again=rerun_command(
            result.command, f"results/{spec.run}/experiments/{result.name}/measured"
        ),
        commands=commands(result.steps),
    )


def _multiverse_captions(result: ExperimentResult) -> dict[str, str]:
    """Captions of what experiments/multiverse_figures.py draws, in the order of the claims."""
    made = {}
    for claim in result.card.claims:
        if claim.id in result.card.free_choices:
            stable = result.stabilities.get(claim.id)
            made[f"multiverse_{claim.id}.png"] = (
                f"The claim {claim.id} under other choices that the paper leaves open. Above: its "
                "number with its 95 % interval for every combination of them, sorted; grey dashes "
                "are its control's, arrows those far outside. Below: the choices made. The more "
                "columns have the mark of the ringed one, the less its verdict hangs on them. "
                f"{stable.words if stable else ''}"
            ).strip()
    if made:
        made["multiverse.csv"] = "The numbers of these claims under every combination of choices."
    return made


def model_view(
    result: ModelResult, spec: ReportSpec, run: Path, *, light: bool = False
) -> ModelView:
    """The model with its sample sheets, loss curves and animation, without that where `light`."""
    description = result.spec or {}
    data = description.get("spec", {}).get("data")
    animation = None if light else result.animation
    return ModelView(
        result=result,
        data=describe_data({n: role for n, role in spec.roles.items() if role.data == data}),
        title=describe_model(description),
        epoch=describe_epoch(description),
        troubles=describe_troubles(result.health),
        weaknesses=weaknesses(result) if spec.own_pictures else [],
        stop=describe_early_stop(result.health),
        pictures=[
            embed_picture(path, caption=f"{MODEL_PICTURES[path.name]}.", run=run, light=light)
            for path in result.pictures
        ],
        animation=embed_animation(animation, run=run) if animation else None,
    )
