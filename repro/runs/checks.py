"""What is wrong with a run file, said before any step starts.

Unknown names, networks that do not fit their images, options that do not fit the modules they are
for, raw data that are not there. Where in the flow: repro.runs.load.load_run calls the checks on
the resolved run, the Snakefile asks for `missing_raw_data`. `python -m repro check CONFIG`
prints both.
"""

from collections.abc import Collection, Mapping

from repro.claims.card import ExperimentCard
from repro.dedup.options import Options as DedupOptions
from repro.quality.inception_weights import require_weights
from repro.runs.extensions import (
    experiment_options,
    missing_files,
    source,
    source_options,
    world_options,
)
from repro.runs.run import Run
from repro.specs.roles import ROLES, SLOTS
from repro.specs.run_file import RunSpec
from repro.specs.validation import SpecError, files_named, nearest, validated


def check_names(run: Run) -> None:
    """Every name a run file mentions must be defined in it, or be a module that exists."""
    spec = run.spec
    defined: dict[str, Collection[str]] = {"dataset": spec.datasets, "model": run.trainings}
    mentions: list[tuple[str, str | None, Collection[str]]] = [
        *((f"datasets.{n}.world", d.world, spec.worlds) for n, d in spec.datasets.items()),
        *((f"models.{n}.data", m.data, spec.datasets) for n, m in run.trained.items()),
        *((f"roles.{n}", n, ROLES) for n in spec.roles),
        *(
            (f"roles.{n}.{slot.key}", getattr(r, slot.key), defined[slot.kind])
            for n, r in spec.roles.items()
            for slot in SLOTS.values()
            if slot.kind in defined
        ),
        *((f"roles.{n}.rungs", m, run.trained) for n, r in spec.roles.items() for m in r.rungs),
    ]
    for key, name, names in mentions:
        if name is not None and name not in names:
            raise SpecError(f"{run.file}: '{key}': no such name '{name}'; {nearest(name, names)}")


def check_experiments(spec: RunSpec, known: Collection[str], *, file: str) -> None:
    """Experiments that a run file leaves out are among those there are, and it sets no others."""
    left = {name for name in known if name not in spec.leave_out}
    for key, names, allowed in (
        ("leave_out", spec.leave_out, known),
        ("experiments", spec.experiments, left),
    ):
        for name in names:
            if name not in allowed:
                raise SpecError(
                    f"{file}: '{key}': no experiment '{name}'; {nearest(name, allowed)}"
                )


def check_opening(spec: RunSpec, cards: Mapping[str, ExperimentCard], *, file: str) -> None:
    """What the report opens with is of experiments that are not left out; figures have captions."""
    for one in spec.opens_with:
        name, _, what = one.partition("/")
        if name not in cards:
            raise SpecError(f"{file}: 'opens_with': no experiment '{name}'; {nearest(name, cards)}")
        captions = cards[name].captions
        if what.endswith(".png") and what not in captions:
            raise SpecError(f"{file}: 'opens_with': no figure '{one}'; {nearest(what, captions)}")


def check_fit(run: Run) -> None:
    """Networks fit their images, options the modules they are for, weights what they are named."""
    check_models(run)
    check_options(run)
    check_weights(run)


def check_weights(run: Run) -> None:
    """Weights for FID and KID, where the run names any, are there and what their name promises."""
    if run.spec.weights_file is not None:
        try:
            require_weights(run.spec.weights_file)
        except SpecError as error:
            raise SpecError(f"{run.file}: 'fid_weights': {error}") from None


def check_models(run: Run) -> None:
    """A model's network fits its dataset's images, of which there may be a minibatch."""
    processes = run.spec.processes_per_training
    for name, model in run.trained.items():
        data, batch = run.spec.datasets[model.data], model.training.batch
        for key in ("image_size", "channels"):
            wanted, found = getattr(model.network, key), getattr(data, key)
            if wanted != found:
                raise SpecError(
                    f"{run.file}: 'models.{name}.network.{key}' is {wanted}, but "
                    f"'datasets.{model.data}.{key}' is {found}; set both alike, or '{key}' once "
                    f"for the whole run (--config {key}=...)"
                )
        if data.limit is not None and data.limit < batch:
            raise SpecError(
                f"{run.file}: 'datasets.{model.data}.limit' is {data.limit}, fewer images than "
                f"one minibatch, 'models.{name}.training.batch' {batch}; raise the one or lower "
                "the other"
            )
        if batch < 2 * processes:
            raise SpecError(
                f"{run.file}: 'models.{name}.training.batch' is {batch}, but each of "
                f"'processes_per_training' {processes} needs at least 2 images of it; raise the "
                f"one to {2 * processes} or lower the other"
            )
        if model.deduplicated and data.dedup is None:
            raise SpecError(
                f"{run.file}: 'models.{name}.deduplicated' is true, but 'datasets.{model.data}' "
                "has no 'dedup:'; give it one (dedup: {} for the defaults)"
            )


def check_options(run: Run) -> None:
    """Options of sources, worlds, hashes and experiments fit the modules they are for."""
    spec, file = run.spec, run.file
    for name, dataset in spec.datasets.items():
        key = f"datasets.{name}"
        source_options(dataset.source, dataset.options, file=file, key=key)
        if dataset.dedup is not None:
            validated(DedupOptions, dataset.dedup, where=file, key=f"{key}.dedup")
    for name, world in spec.worlds.items():
        world_options(world.generator, world.options, file=file, key=f"worlds.{name}")
    experiments = {experiment.name: experiment for experiment in run.experiments}
    for name, options in spec.experiments.items():
        given = experiment_options(name, options, file=file)
        experiments[name].files = files_named(given)


def missing_raw_data(run: Run) -> list[str]:
    """A paragraph for each file that a dataset needs and that is not there, and where to say it.

    A source may have `refusal(raw, options, least, results)`: why what is there will not do.
    """
    spec, key = run.spec, run.spec.raw_key
    lines: dict[str, None] = {}
    raw = {name: dataset for name, dataset in spec.datasets.items() if dataset.world is None}
    if raw and key == "photos" and not spec.photos:
        return ["say where your pictures are: --config photos=FOLDER"]
    for name, dataset in raw.items():
        folder = run.raw_folder(name)
        module, place = source(dataset.source), f"datasets.{name}"
        options = source_options(dataset.source, dataset.options, file=run.file, key=place)
        absent = missing_files(folder, dataset.source, options)
        needs = [f"{n.what}\n  looked at: {n.path}: {n.found}\n  {n.how_to_get}" for n in absent]
        if not absent and hasattr(module, "refusal"):
            models = {n: model for n, model in spec.models.items() if model.data == name}
            least = {f"models.{n}.training.batch": m.training.batch for n, m in models.items()}
            why = module.refusal(folder, options, least=least, results=run.folder)
            needs += [why] if why else []
        lines |= {f"{place} needs {need}": None for need in needs}
    hint = f"`{key}:` in the run file, or --config {key}=FOLDER, says where they lie"
    return [*lines, hint] if lines else []
