"""Labels made by eye on the label page: read, checked, decided by majority, counted (paper §4.1.1).

Part of measure.py. The paper looked at hash collisions and estimated that fewer than one in a
hundred removals is wrong. Here people label a random sample of the removed images, each next to the
one kept for it, in a browser (label_page.py). Every labeller returns one CSV file with the columns
pair, kept_key, removed_key and label, and possibly others; label is same, different or unsure.
Alone: `read_labels(Path("labels.csv"), kept_keys=..., removed_keys=...)`.
"""

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from repro.claims.constructors import counted_share_over
from repro.claims.measurement import Measurement
from repro.data.cells import name_in
from repro.specs.validation import SpecError

LABELS = ("same", "different", "unsure")
COLUMNS = ("pair", "kept_key", "removed_key", "label")
AGAIN = "label the page of this run (sec411_label.html), or take the file out of `labels`"


def read_labels(path: Path, *, kept_keys: list[str], removed_keys: list[str]) -> dict[int, str]:
    """Number of a pair -> label, from one labeller's file; pairs without a label are left out.

    kept_keys, removed_keys: of the sample's P pairs. Raises SpecError naming file and line for a
    pair that is not in the sample, one labelled twice, or another label.
    """
    labels: dict[int, str] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.DictReader(stream)
            header = list(rows.fieldnames or [])
            missing = [name for name in COLUMNS if name not in header]
            if missing:
                raise SpecError(f"{path}: no column {', '.join(missing)}; found {header}; {AGAIN}")
            for line, row in enumerate(rows, start=2):
                pair = _pair(row, f"{path}, line {line}", kept_keys, removed_keys)
                label = row["label"].strip()
                if label not in (*LABELS, ""):
                    raise SpecError(
                        f"{path}, line {line}: label '{label}', expected one of {', '.join(LABELS)}"
                    )
                if pair in labels:
                    raise SpecError(f"{path}, line {line}: pair {pair + 1} is labelled twice")
                if label:
                    labels[pair] = label
    except FileNotFoundError:
        raise SpecError(
            f"experiments.dedup.labels: no such file {path}; paths are taken from the folder in "
            "which the run is started"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SpecError(f"{path}: not a CSV file in UTF-8 ({error}); {AGAIN}") from None
    return labels


def _pair(row: Mapping[str, str], where: str, kept: list[str], removed: list[str]) -> int:
    """Number of the row's pair, counted from 0; the file counts from 1."""
    given = name_in(row["kept_key"] or ""), name_in(row["removed_key"] or "")
    number = row["pair"] or ""
    pair = int(number) - 1 if number.isdecimal() else -1
    if not 0 <= pair < len(kept) or given != (kept[pair], removed[pair]):
        raise SpecError(
            f"{where}: pair {number} with keys {given[0]} and {given[1]} is not in the sample of "
            f"{len(kept)} collisions of this run; {AGAIN}"
        )
    return pair


def decisions(by_labeller: list[dict[int, str]]) -> dict[int, str]:
    """Pair -> the label, same or different, that most labellers gave it; "unsure" on a tie.

    A pair that nobody calls same or different is "unsure"; pairs without labels are absent.
    """
    decided = {}
    for pair in sorted({pair for labels in by_labeller for pair in labels}):
        votes = Counter(labels[pair] for labels in by_labeller if pair in labels)
        same, different = votes["same"], votes["different"]
        decided[pair] = "same" if same > different else "different"
        if same == different:
            decided[pair] = "unsure"
    return decided


def eye_measurements(files: list[str], sample: Mapping[str, np.ndarray]) -> list[Measurement]:
    """The false-positive rate by eye and how far labellers agree; nothing without labels.

    files: one per labeller; sample: the result of `sampled_collisions`. Raises SpecError for a file
    that does not belong to this sample.
    """
    kept, removed = (sample[f"{name}_keys"].tolist() for name in ("kept", "removed"))
    by_labeller = [read_labels(Path(f), kept_keys=kept, removed_keys=removed) for f in files]
    votes = Counter(decisions(by_labeller).values())
    decided, unsure = votes["same"] + votes["different"], votes["unsure"]
    if not decided + unsure:
        return []
    about = (
        f"{decided + unsure} of {len(kept)} collisions drawn at random from "
        f"{sample['collisions']}, labellers: {len(files)}"
    )
    measured = []
    if decided:
        text = f"{about}: different among same and different; {unsure} unsure or tied left out"
        name = "false_positive_rate_by_eye"
        wrong = votes["different"]
        measured.append(counted_share_over(name, wrong, decided, over="pairs", protocol=text))
    name, text = "false_positive_rate_by_eye_at_worst", f"{about}: unsure ones counted as different"
    wrong, n = votes["different"] + unsure, decided + unsure
    measured.append(counted_share_over(name, wrong, n, over="pairs", protocol=text))
    by_several = [
        {labels[pair] for labels in by_labeller if pair in labels}
        for pair in range(len(kept))
        if sum(pair in labels for labels in by_labeller) > 1
    ]
    if by_several:
        agreed, n = sum(len(given) == 1 for given in by_several), len(by_several)
        text = "pairs to which all who labelled it gave one label, of those labelled by several"
        name = "labellers_agree"
        measured.append(counted_share_over(name, agreed, n, over="pairs", protocol=text))
    return measured
