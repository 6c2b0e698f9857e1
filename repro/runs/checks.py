"""Check a run file before any step starts, and report what is wrong with it.

Found are unknown names, networks that do not fit their images, options that do not fit their
modules, and missing raw data. Where in the flow: repro.runs.load.load_run calls the checks on the
resolved run, the Snakefile calls `missing_raw_data`. `python -m repro check CONFIG` prints the
results of both.
"""

from collections.abc import Collection, Mapping

from repro.claims.card import ExperimentCard
from repro.dedup.options import HASHED_SIZES
from repro.dedup.options import Options as DedupOptions
from repro.quality.inception_weights import require_weights
from repro.runs.extensions import (
    experiment_options,
    missing_files,
    source,
    source_options,
    world_options,
)
from repro.runs.image_counts import expected_records, minimum_images
from repro.runs.run import Run
from repro.specs.roles import ROLES, SLOTS
from repro.specs.run_file import RunSpec
from repro.specs.validation import SpecError, files_in_options, nearest, validated


def check_names(run: Run) -> None:
    """Every name in a run file must be defined in it, or be a module that exists."""
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
    """Experiments that a run file leaves out, or sets options of, must exist."""
    for key, names in (("leave_out", spec.leave_out), ("experiments", spec.experiments)):
        for name in names:
            if name not in known:
                raise SpecError(f"{file}: '{key}': no experiment '{name}'; {nearest(name, known)}")


def check_opening(spec: RunSpec, cards: Mapping[str, ExperimentCard], *, file: str) -> None:
    """The report must open with captioned figures of experiments that are not left out."""
    for one in spec.opens_with:
        name, _, what = one.partition("/")
        if name not in cards:
            raise SpecError(f"{file}: 'opens_with': no experiment '{name}'; {nearest(name, cards)}")
        captions = cards[name].captions
        if what.endswith(".png") and what not in captions:
            raise SpecError(f"{file}: 'opens_with': no figure '{one}'; {nearest(what, captions)}")


def check_fit(run: Run) -> None:
    """Networks must fit their images, options their modules, weights their names."""
    check_models(run)
    check_options(run)
    check_counts(run)
    check_weights(run)


def check_weights(run: Run) -> None:
    """Weights for FID and KID, where the run names any, must exist and match their name."""
    if run.spec.weights_file is not None:
        try:
            require_weights(run.spec.weights_file)
        except SpecError as error:
            raise SpecError(f"{run.file}: 'fid_weights': {error}") from None


def check_models(run: Run) -> None:
    """A model's network must fit its dataset's images, and its minibatch the processes."""
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


def check_counts(run: Run) -> None:
    """No step may need more images than its dataset's `limit`."""
    for name, dataset in run.spec.datasets.items():
        limit = dataset.limit
        if limit is not None and (short := _short(minimum_images(run, name), limit)):
            raise SpecError(
                f"{run.file}: 'datasets.{name}.limit' is {limit}, but {short}; raise the one or "
                "lower the other"
            )


def _short(asked: Mapping[str, int], images: int) -> str:
    """The steps that need more than `images` images, as text."""
    return ", ".join(who for who, fewest in asked.items() if images < fewest)


def check_options(run: Run) -> None:
    """Options of sources, worlds, hashes and experiments must fit their modules."""
    spec, file = run.spec, run.file
    for name, dataset in spec.datasets.items():
        key = f"datasets.{name}"
        source_options(dataset.source, dataset.options, file=file, key=key)
        if dataset.dedup is not None:
            validated(DedupOptions, dataset.dedup, where=file, key=f"{key}.dedup")
            if dataset.image_size not in HASHED_SIZES:
                raise SpecError(
                    f"{file}: '{key}.image_size' is {dataset.image_size}, but '{key}.dedup' hashes "
                    f"images of {', '.join(map(str, HASHED_SIZES))} pixels; take one of these, or "
                    "leave out dedup and `deduplicated`"
                )
    for name, world in spec.worlds.items():
        world_options(world.generator, world.options, file=file, key=f"worlds.{name}")
    experiments = {experiment.name: experiment for experiment in run.experiments}
    for name, options in spec.experiments.items():
        given = experiment_options(name, options, file=file)
        experiments[name].files = files_in_options(given)


def missing_raw_data(run: Run, *, of: Collection[str] | None = None) -> list[str]:
    """A paragraph for each missing file of a dataset, and where to specify its folder.

    of: the datasets that are checked; None: all of the run. A source may have `refusal(raw,
    options, least, results)`: why the existing files will not do.
    """
    spec, key = run.spec, run.spec.raw_key
    names = [name for name in spec.datasets if of is None or name in of]
    raw = [name for name in names if spec.datasets[name].world is None]
    if raw and key == "photos" and not spec.photos:
        return ["give the folder of your pictures: --config photos=FOLDER"]
    drawn = [line for name in names if (line := _too_few_drawn(run, name))]
    needs = dict.fromkeys(
        f"datasets.{name} needs {need}" for name in raw for need in _missing_of(run, name)
    )
    hint = f"`{key}:` in the run file, or --config {key}=FOLDER, gives their folder"
    return [*drawn, *needs, *([hint] if needs else [])]


def _missing_of(run: Run, name: str) -> list[str]:
    """Missing raw data of a dataset, as text."""
    dataset, folder = run.spec.datasets[name], run.raw_folder(name)
    module, key = source(dataset.source), f"datasets.{name}"
    options = source_options(dataset.source, dataset.options, file=run.file, key=key)
    absent = missing_files(folder, dataset.source, options)
    if absent or not hasattr(module, "refusal"):
        return [f"{n.what}\n  looked at: {n.path}: {n.problem}\n  {n.how_to_get}" for n in absent]
    why = module.refusal(folder, options, least=minimum_images(run, name), results=run.folder)
    return [why] if why else []


def _too_few_drawn(run: Run, name: str) -> str:
    """A message that fewer images of a dataset will be drawn than needed; "" otherwise."""
    world = run.spec.datasets[name].world
    drawn = expected_records(run, name) if world is not None else None
    short = _short(minimum_images(run, name), drawn) if drawn is not None else ""
    return short and (
        f"datasets.{name} needs more pictures: by 'worlds.{world}.options' it will have {drawn}, "
        f"but {short}; have more drawn, or lower the settings that need more"
    )
