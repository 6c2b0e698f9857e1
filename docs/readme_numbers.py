"""What the published runs found, as blocks of README.md and results/README.md: runs and findings.

Where in the flow: docs/fill_numbers.py writes them into the pages after `make publish`. Nothing
here states an outcome: the verdicts in claims.csv decide under which heading a finding stands, and
all numbers come from measurements.json.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd
import yaml
from published_runs import (
    FAILING,
    PAPER,
    ROOT,
    RUNS,
    SUBJECTS,
    claims_of,
    measurements_of,
    row_of,
    stated_in_paper,
)

from repro.claims.verdict import DECIDED, HOLDING, NEEDLESS, Verdict

WHOSE = {"ours": "the claim is ours", "authors_code": "a claim of the authors' repository"}
FROM_MEMORY = {  # what the verdict on a number of this experiment rests on
    "mnist_neighbours": " (the paper's Table 3 is cited from memory; the search is deterministic, "
    "so our number is judged without its interval)"
}
LAYERS = "architecture"  # the experiment that counts the networks' layers
UNTESTED = {Verdict.NOT_RUN, Verdict.NOT_COMPARABLE}
WITHOUT_VERDICT = UNTESTED | {Verdict.CONTROL_PASSES, Verdict.NO_CONTROL}
OPEN = set(Verdict) - DECIDED - WITHOUT_VERDICT | {Verdict.PARTLY}


@dataclass(frozen=True)
class Finding:
    """A claim in words that hold whatever its verdict.

    {name} stands for a measurement's value, {name_low} and {name_high} for its interval's ends.
    """

    run: str
    experiment: str
    claim: str
    figure: str
    words: str
    readme: bool = True  # whether README.md shows it; results/README.md shows all


FINDINGS = [  # the most surprising first
    Finding("two_cores", "cifar10_svm", "beats_kmeans", "Table 1",
            "D's features beat one layer of K-means on CIFAR-10, with 40,000 labels: "
            "{accuracy_dcgan:.1f} % of the test images right, K-means {accuracy_kmeans:.1f} % (the "
            "D that the authors released, cut to four layers: {accuracy_released:.1f} %)"),
    Finding("two_cores", "cifar10_svm", "near_the_released", "Table 1",
            "Our D, cut to the four layers that are complete in the authors' D, has features at "
            "most three points worse than theirs: CIFAR-10 {accuracy_dcgan_cut:.1f} %, theirs "
            "{accuracy_released:.1f} %, untrained {accuracy_random_cut:.1f} %", readme=False),
    Finding("registered_forecast", "cifar10_forecast", "forecast_reaches_the_paper", "Table 1",
            "Extrapolated from smaller trainings to the paper's width, images and passes, accuracy "
            "on CIFAR-10 comes within three points of its 82.8 %: {forecast:.1f} % "
            "[{forecast_low:.1f}, {forecast_high:.1f}]; the largest of these trainings came out "
            "{largest_rung_minus_forecast:.1f} points above its forecast from the others"),
    Finding("demo", "svhn_svm", "beats_supervised", "Table 2",
            "With 1,000 labels D's features beat the same network trained on the labels alone: "
            "{error_dcgan:.0f} % errors, trained on labels {error_cnn:.0f} %"),
    Finding("demo", "filters", "features_respond_to_windows", "Fig 5",
            "More channels of D's last layer respond to windows than when that layer alone has "
            "random weights: {window_channels_trained:.0%}, random "
            "{window_channels_random_filters:.0%}"),
    Finding("demo", "turn_vector", "turn_is_monotone", "Fig 8",
            "One direction of z turns faces steadily: rank correlation of pose and step "
            "{turn_rank_correlation:.2f} (limit 0.8), along random directions "
            "{turn_rank_correlation_random_direction:.2f} "
            "[{turn_rank_correlation_random_direction_low:.2f}, "
            "{turn_rank_correlation_random_direction_high:.2f}]"),
    Finding("demo", "dedup", "semantic", "§4.1.1",
            "The hash finds more near-duplicates than equality of pixels, which finds none: "
            "{recall_autoencoder:.0%} of those planted in the training images, an untrained hash "
            "{recall_untrained:.0%}; of extra copies of other kinds the trained hash finds "
            "{copies_recall_autoencoder:.0%}, the untrained one {copies_recall_untrained:.0%}"),
    Finding("demo", "face_arithmetic", "three_beat_one_and_stay_realistic", "Fig 7",
            "Sums of three averaged exemplars beat sums of single ones: "
            "{success_and_realistic_three_exemplars:.0%} of the results have the wanted attributes "
            "and look realistic, of single ones {success_and_realistic_one_exemplar:.0%}"),
    Finding("demo", "forgetting_windows", "windows_forgotten", "Fig 6",
            "Without its “window” maps G keeps less than half of the window area: "
            "{window_area_left_positive:.0%}, without an equal number of random maps "
            "{window_area_left_random:.0%}"),
    Finding("two_cores", "latent_walk", "no_ghosting", "Fig 4",
            "Half-way along a walk samples are sharper than a pixel blend of its ends: sharpness "
            "relative to the ends', minus the blend's, {sharpness_kept:.2f}",
            readme=False),
    Finding("two_cores", "filters", "responses_are_to_one_place", "Fig 5",
            "Responses of trained filters are confined to one place more than those of random "
            "filters: concentration, trained minus random, "
            "{concentration_trained_minus_random:.3f}", readme=False),
    Finding("demo", "svhn_svm", "beats_neighbours", "Table 2",
            "With 1,000 labels D's features beat nearest neighbours on pixels: {error_dcgan:.0f} % "
            "errors, neighbours {error_knn:.0f} %, an untrained D {error_random:.0f} %",
            readme=False),
    Finding("demo", "memorisation", "no_copies_in_pixels", "§4.1",
            "Samples do not copy training images: {suspicious_share_pixels_blur_matched:.1%} are "
            "nearer to one than 99 % of real images are to each other", readme=False),
    Finding("two_cores", "mnist_neighbours", "as_good_as_real", "Table 3",
            "As references of a 1-nearest-neighbour classifier 50,000 DCGAN samples are as good as "
            "real digits: {error_dcgan_50k:.1f} % errors, real digits {error_real:.1f} %",
            readme=False),
    Finding("demo", "ablations", "momentum", "§4",
            "Adam's usual beta1 of 0.9 makes training unstable: samples end "
            "{times_distance_beta1_0_9:.0f} times as far from held-out rooms as with 0.5 "
            "[{times_distance_beta1_0_9_low:.0f}, {times_distance_beta1_0_9_high:,.0f}]",
            readme=False),
]  # fmt: skip
GROUPS: dict[str, Collection[Verdict]] = {
    "Claims that fail here (first the claim, then what was measured)": FAILING,
    "Claims that pass their test, as does their control (an untrained network, random maps)": {
        Verdict.CONTROL_PASSES
    },
    "Claims that hold": HOLDING,
    "Claims that pass their test, but no untrained network has been measured yet": {
        Verdict.NO_CONTROL
    },
    "Open claims": OPEN,
}


def runs() -> str:
    """The images, time and trainings of every run and what it decides; then two caveats."""
    columns = (PAPER, *RUNS)
    heads = [f"[{run.name}](results/published/{run.name}/report.md)" for run in RUNS]
    found = {run.name: claims_of(run.name) for run in RUNS}
    rows = {
        "": [f"{PAPER.name}, {PAPER.words}", *heads],
        "---": ["---"] * len(columns),
        **{
            figures: [run.images.get(subject, "–") for run in columns]
            for subject, figures in SUBJECTS.items()
        },
        "time on 2 cores": [run.time for run in columns],
        "trainings per model": [trainings(run.name) for run in columns],
        "the paper's numbers decided": ["–", *map(numbers_decided, found.values())],
        "its directions tested": ["–", *map(directions_tested, found.values())],
    }
    notes: list[str] = []
    for run, claims in found.items():
        notes += [*decided_numbers(run, claims), describe_controls(run, claims)]
    lines = [f"| {head} | {' | '.join(cells)} |" for head, cells in rows.items()]
    return "\n".join([*lines, "", " ".join(notes)])


def numbers_decided(claims: pd.DataFrame) -> str:
    numbers = stated_in_paper(claims, "value")["verdict"]
    return f"{sum(one in DECIDED for one in numbers)} of {len(numbers)}"


def directions_tested(claims: pd.DataFrame) -> str:
    """E.g. "18: 9 hold (3 by construction), 4 fail", without those that were not tested.

    By construction: counts of layers, which no training can change.
    """
    stated = stated_in_paper(claims, "direction")
    tested = [one for one in stated["verdict"] if one not in UNTESTED]
    built = int((stated["verdict"].isin(list(HOLDING)) & stated["experiment"].eq(LAYERS)).sum())
    groups = {
        "hold": HOLDING,
        "fail": FAILING,
        "hold, but so do their controls": {Verdict.CONTROL_PASSES},
        "hold, but no control was measured": {Verdict.NO_CONTROL},
        "undecided": OPEN,
    }
    counts = {words: sum(one in group for one in tested) for words, group in groups.items()}
    named = {words: f"{n} {words}" for words, n in counts.items() if n}
    if built:
        named["hold"] += f" ({built} by construction)"
    return f"{len(tested)}: {', '.join(named.values())}"


def trainings(run: str) -> str:
    """E.g. "1" or "1 (some: 3)", from the run file: how often each of its models is trained."""
    text = (ROOT / "config" / f"{run}.yaml").read_text(encoding="utf-8")
    models = yaml.safe_load(text)["models"].values()
    least, *more = sorted({model.get("trainings", 1) for model in models})
    return f"{least} (some: {more[-1]})" if more else f"{least}"


def decided_numbers(run: str, claims: pd.DataFrame) -> list[str]:
    """A sentence for each of the paper's numbers that the run decides."""
    stated = stated_in_paper(claims, "value")
    decided = stated[stated["verdict"].isin(list(DECIDED))]
    return [
        f"The {run} run decides a number: “{row['statement']}” Ours is "
        f"{row['ours'].partition(', n = ')[0]}: {row['verdict']}"
        f"{FROM_MEMORY.get(row['experiment'], '')}."
        for row in decided.to_dict("records")
    ]


def describe_controls(run: str, claims: pd.DataFrame) -> str:
    """How many claims hold; in bold, how many are open because their control was not measured."""
    holding = claims[claims["verdict"].isin(list(HOLDING))]
    needless = int(holding["control"].str.startswith(NEEDLESS, na=False).sum())
    bare = int((claims["verdict"] == Verdict.NO_CONTROL).sum())
    found = (
        f"Of the {len(holding)} claims that hold in the {run} run (the paper's and ours) "
        f"{len(holding) - needless or 'none'} have a control that does not pass; {needless} need "
        "none (claims.csv gives each reason: some count layers, some are themselves comparisons "
        "with an untrained network or with another training)."
    )
    if bare:
        found += (
            f" **{bare} more pass their test, but no untrained network (or other control) has been "
            "measured, which might pass it too: they are not decided.**"
        )
    return found


def findings(*, everything: bool = False) -> str:
    """Claims under the heading of their verdict, each with its numbers, figure and run."""
    shown = [one for one in FINDINGS if one.readme or everything]
    lines = []
    for heading, verdicts in GROUPS.items():
        items = [
            f"  - {_filled(one)} ({one.figure}, {one.run}{_notes(row)})."
            for one in shown
            if (row := row_of(one.run, one.experiment, one.claim))["verdict"] in verdicts
        ]
        lines += [f"- **{heading}:**", *items] if items else []
    return "\n".join(lines)


def values_of(run: str, experiment: str) -> dict[str, float | None]:
    """Values and ends of intervals by name, in which "_" stands for what no identifier has."""
    values: dict[str, float | None] = {}
    for name, number in measurements_of(run, experiment).items():
        key = re.sub(r"\W", "_", name)
        values |= {key: number.value, f"{key}_low": number.low, f"{key}_high": number.high}
    return values


def _notes(row: dict[str, Any]) -> str:
    return f"; {WHOSE[row['source']]}" if row["source"] in WHOSE else ""


def _filled(one: Finding) -> str:
    text = one.words.format(**values_of(one.run, one.experiment))
    return re.sub(r"(?<=\d)%", " %", re.sub(r"-(?=\d+\.\d)", "−", text))
