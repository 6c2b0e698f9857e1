"""De-duplication of the bedrooms (paper §4.1.1): how many removed, removed wrongly, and missed.

Reads the prepared bedrooms, their de-duplication, copies planted at known strengths
(data_prep/planted.py), and the raw folder, which may hold a truth file of near-duplicates among the
images (repro/dedup/truth.py). Compares the autoencoder's hash with equality of pixels, four
perceptual hashes and the same hash before training. Writes measurements.json, groups.npz (to look
at), study.npz (recall and precision by distance), settings.npz (threshold and radius), truth.npz
where there is a truth file, and collisions.npz (to label by eye).

Alone: python -m experiments.dedup.measure --spec S.json --input bedrooms.data=DIR
    --input bedrooms.dedup=DIR --input bedrooms.raw=DIR --input bedrooms.copies=DIR --out DIR
"""

from pathlib import Path

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.dedup.copies import (
    METHODS,
    UNTRAINED,
    CodesByMethod,
    Copies,
    codes_of,
    read_copies,
)
from experiments.dedup.labels import eye_measurements
from experiments.dedup.multiverse import hash_universes
from experiments.dedup.options import Options
from experiments.dedup.recall_study import recall_study, study_arrays
from experiments.dedup.removal import Removed, read_removed, sampled_collisions, shown_groups
from experiments.dedup.results import (
    compared_measurements,
    copies_measurements,
    equal_codes,
    precision_measurements,
    removed_measurements,
    removed_share_untrained,
    truth_measurements,
    truth_measurements_allowed,
)
from experiments.dedup.settings_study import radius_study, threshold_study
from experiments.dedup.truth_file import first_rows, read_truth_of, truth_arrays
from experiments.dedup.untrained import removed_by, settings_of, untrained_hash
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.claims.multiverse import write_multiverse
from repro.data.store import ImageStore
from repro.dedup.autoencoder import Autoencoder
from repro.dedup.binary_codes import first_with_same_code
from repro.dedup.truth import Truth


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Count removals, score all methods on copies and truth, write the arrays for the figures."""
    store = inputs.dataset("bedrooms.data")
    folder = inputs.folder("bedrooms.dedup")
    n = min(options.compared, len(store))
    truth = read_truth_of(
        inputs.folder("bedrooms.raw"),
        store,
        file=options.truth,
        required=options.truth != Options.model_fields["truth"].default,
        same=options.same,
    )
    known = None if truth is None else first_rows(truth, n)

    # removals, and a sample of them judged by eye: a wrong file of labels is reported early
    removed = read_removed(folder, images=len(store))
    measurements = _shown_removals(store, removed, truth, options=options, seed=seed, out=out)
    settings = settings_of(folder)
    equal = equal_codes(radius=settings.radius)
    measurements += removed_measurements(removed, equal=equal)

    # the control: the same hash before training
    trained = Autoencoder.load(folder / "autoencoder.safetensors")
    hashes = {"autoencoder": trained, UNTRAINED: untrained_hash(trained, seed=seed)}
    by_chance = removed_by(hashes[UNTRAINED], store.images, settings=settings)
    measurements.append(removed_share_untrained(by_chance, equal=equal))
    by_hash = {"autoencoder": removed, UNTRAINED: by_chance}

    # which planted copies each method finds, and which other images it takes as equal
    copies = read_copies(inputs.dataset("bedrooms.copies"), store)
    with_codes = {method: (hashes[method], one.codes) for method, one in by_hash.items()}
    codes = codes_of(store.images, copies, n=n, hashes=with_codes)
    found = _found_by_method(codes, by_hash, n=n)
    measurements += compared_measurements(found, seed=seed, equal=equal)
    study = recall_study(codes, copies, known, copy_share=options.copy_share)
    measurements += copies_measurements(study, copies, seed=seed)
    save_arrays(out / "study.npz", **study_arrays(study, copies, seed=seed))

    # the same according to the truth file, and with other settings than the paper's
    if truth is not None and known is not None:
        measurements += precision_measurements(removed, truth, equal=equal)
        measurements += precision_measurements(by_chance, truth, of=f"_{UNTRAINED}", equal=equal)
        measurements += truth_measurements(found, known, seed=seed, equal=equal)
        arrays = truth_arrays(codes, known)
        measurements += truth_measurements_allowed(study, arrays)
        save_arrays(out / "truth.npz", **arrays)
    _write_settings(store.images, copies, codes, known, hashes["autoencoder"], options, out=out)
    given = {claim: one for claim, one in options.multiverse if one is not None}
    if given and known is not None and len(known.copies):
        others = hash_universes(
            store.images[:n],
            known,
            hashes=hashes,
            pixels=found["pixels"],
            given=given,
            settings=settings,
            seed=seed,
        )
        write_multiverse(out, others)
    return measurements


def _shown_removals(
    store: ImageStore,
    removed: Removed,
    truth: Truth | None,
    *,
    options: Options,
    seed: int,
    out: Path,
) -> list[Measurement]:
    """Write groups to look at and collisions to label; what labels by eye say, if there are any."""
    sample = sampled_collisions(store, removed, n=options.collisions, seed=seed)
    measurements = eye_measurements(options.labels, sample)
    save_arrays(out / "collisions.npz", **sample)
    groups = shown_groups(
        store, removed, truth, groups=options.groups, members=options.members, seed=seed
    )
    save_arrays(out / "groups.npz", **groups)
    return measurements


def _write_settings(
    images: np.ndarray,
    copies: Copies,
    codes: CodesByMethod,
    truth: Truth | None,
    network: Autoencoder,
    options: Options,
    *,
    out: Path,
) -> None:
    """Write settings.npz: images (N, H, W, C) under other thresholds and radii than the paper's.

    truth: of the first of them, whose codes are compared.
    """
    thresholds = threshold_study(
        images,
        copies,
        truth,
        n=len(codes.images["autoencoder"]),
        encoder=network,
        thresholds=options.thresholds,
    )
    radii = radius_study(codes, truth, radii=options.radii)
    save_arrays(
        out / "settings.npz",
        **{f"threshold_{name}": values for name, values in thresholds.items()},
        **{f"radius_{name}": values for name, values in radii.items()},
    )


def _found_by_method(
    codes: CodesByMethod, removed: dict[str, Removed], *, n: int
) -> dict[str, np.ndarray]:
    """For each method, the first row equal to each of the first n images: (n,) int64.

    For a method among `removed` the result is its removals: images kept for other reasons equal
    only themselves.
    """
    return {
        name: removed[name].standing_for[:n]
        if name in removed
        else first_with_same_code(codes.images[name])
        for name in METHODS
    }


if __name__ == "__main__":
    measure_command(measure, Options)
