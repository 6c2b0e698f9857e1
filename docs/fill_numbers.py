"""Fills the README's and results/README.md's numbers from results/published, after `make publish`.

    python docs/fill_numbers.py

The text between <!-- filled: NAME --> and <!-- end --> is rewritten: the README's blocks
(docs/readme_numbers.py, docs/five_claims.py), the table of all numbers, the effects of the
ablations. A test fails when anything there is out of date.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from five_claims import five_claims
from published_runs import PERCENT, ROOT, RUNS, measurements_of, scaled
from readme_numbers import findings, runs

from repro.claims.measurement import Measurement
from repro.report.quantities import rounded

ABLATED = "demo"  # the run with the ablations
EFFECTS = {  # prefix of an ablation's numbers -> what they are, and what stands for no effect
    "times_distance_": ("Distance to held-out rooms, as a multiple of the recipe's", 1.0),
    "change_in_diversity_": ("Diversity of the samples, minus the recipe's", 0.0),
}


@dataclass(frozen=True)
class Line:
    """A line of the table of all numbers: measurements of one experiment, the same of every run.

    by_run: the names of those runs that have others, or none.
    """

    words: str
    paper: str
    experiment: str
    names: tuple[str, ...] = ()
    by_run: dict[str, tuple[str, ...]] = field(default_factory=dict)
    times: float = 1.0


def sums(variant: str) -> tuple[str, ...]:
    """The two measurements of a variant of the sums of faces."""
    return f"success_{variant}", f"success_and_realistic_wider_{variant}"


LINES = [
    Line("§4.1.1 duplicates removed; of planted ones found, %", "9.1; –", "dedup",
         ("removed_share_autoencoder", "recall_autoencoder"), times=PERCENT),
    Line("– removed wrongly, %", "below 1, by eye", "dedup", ("false_positive_rate",),
         times=PERCENT),
    Line("§4.1 samples suspiciously near a training image, % (1 by chance)", "none, argued",
         "memorisation", ("suspicious_share_pixels_blur_matched",), times=PERCENT),
    Line("§5.1 DCGAN features + L2-SVM, %", "82.8", "cifar10_svm", ("accuracy_dcgan",)),
    Line("– one layer of K-means, %", "80.6", "cifar10_svm", ("accuracy_kmeans",)),
    Line("– random filters of the same network, %", "–", "cifar10_svm", ("accuracy_random",)),
    Line("– the authors' own D, 4 of its 6 layers, %", "82.8 (all layers)", "cifar10_svm",
         ("accuracy_released",)),
    Line("§5.2 error, 1,000 labels: DCGAN features; random filters, %", "22.48; –", "svhn_svm",
         ("error_dcgan", "error_random")),
    Line("– the same network supervised, %", "28.87 (validation)", "svhn_svm", ("error_cnn",)),
    Line("§6.1 largest step of a walk (even steps: 0.1; limit: 0.3)", "smooth, by eye",
         "latent_walk", ("largest_step_share",)),
    Line("§6.2 selectivity, trained − random filters, sd", "pictures only", "filters",
         ("selectivity_trained_minus_random",)),
    Line("§6.3.1 window area left without “window” maps; without random maps, %",
         "mostly gone, by eye", "forgetting_windows", times=PERCENT,
         by_run={"demo": ("window_area_left_positive", "window_area_left_random")}),
    Line("§6.3.2 sums that succeed; that are realistic too, by the wider judge: three exemplars, %",
         "stable, by eye", "face_arithmetic", sums("three_exemplars"), times=PERCENT),
    Line("– one exemplar, %", "unstable", "face_arithmetic", sums("one_exemplar"), times=PERCENT),
    Line("– three in pixel space, %", "ghosts", "face_arithmetic", sums("pixel_space"),
         times=PERCENT),
    Line("– turning: rank correlation of pose (two_cores: age) and step", "pictures only",
         "turn_vector",
         by_run={"demo": ("turn_rank_correlation",), "two_cores": ("rank_correlation: age",)}),
    Line("§8.1 1-NN error, real digits, %", "3.1", "mnist_neighbours", ("error_real",)),
    Line("– as many samples; many more (paper: ten million, two_cores: 100,000), %", "2.98; 1.48",
         "mnist_neighbours",
         by_run={"demo": ("error_dcgan_900", "error_dcgan_30k"),
                 "two_cores": ("error_dcgan_50k", "error_dcgan_100k")}),
    Line("– of the GAN without convolutions, %", "6.28; 5.65", "mnist_neighbours",
         by_run={"demo": ("error_gan_900", "error_gan_30k"),
                 "two_cores": ("error_gan_50k", "error_gan_100k")}),
]  # fmt: skip


def all_numbers() -> str:
    """The table of results/README.md: what was measured, the paper's number, those of the runs."""
    heads = [f"{run.name}: {run.words}" for run in RUNS]
    lines = [f"| | paper | {' | '.join(heads)} |", "|---" * (2 + len(RUNS)) + "|"]
    for line in LINES:
        cells = [cell(run.name, line) for run in RUNS]
        lines.append(f"| {' | '.join([line.words, line.paper, *cells])} |")
    return "\n".join(lines)


def cell(run: str, line: Line) -> str:
    """The measurements of a line in one run; "–" where there are none."""
    found = measurements_of(run, line.experiment)
    names = line.by_run.get(run, line.names) if found else ()
    cells = [rounded(scaled(found[name], line.times)) if name in found else "–" for name in names]
    return "; ".join(cells) if set(cells) - {"–"} else "–"


def ablations() -> str:
    """Which changes of the recipe moved the distance to real images, or the samples' diversity."""
    found = measurements_of(ABLATED, "ablations").values()
    sentences = []
    for prefix, (words, no_effect) in EFFECTS.items():
        effects = [one for one in found if one.name.startswith(prefix) and one.setting]
        moved = [one for one in effects if outside(one, no_effect)]
        still = [changed(one) for one in effects if one not in moved]
        if effects:
            named = [f"{changed(one)}: {rounded(one)}" for one in moved] or ["no change"]
            sentences.append(
                f"- {words}: {'; '.join(named)}. Intervals include {no_effect:g} for "
                f"{', '.join(still) or 'none'}."
            )
    return "\n".join(sentences)


def outside(effect: Measurement, no_effect: float) -> bool:
    """Whether the whole interval lies on one side of no effect."""
    low, high = effect.hull or (no_effect, no_effect)
    return not low <= no_effect <= high


def changed(effect: Measurement) -> str:
    """E.g. "`beta1` 0.9": the setting without its group, and to what it was changed."""
    return f"`{effect.setting.rpartition('.')[2]}` {effect.changed_to}"


BLOCKS: dict[str, Callable[[], str]] = {
    "runs": runs,
    "findings": findings,
    "five claims": five_claims,
    "all findings": partial(findings, everything=True),
    "all numbers": all_numbers,
    "ablations": ablations,
}
PAGES = [ROOT / "README.md", ROOT / "results" / "README.md"]


def filled(text: str) -> str:
    """The page with its blocks rewritten."""

    def block(found: re.Match[str]) -> str:
        return f"{found[1]}\n{BLOCKS[found[2]]()}\n{found[3]}"

    return re.sub(r"(<!-- filled: ([a-z ]+) -->)\n.*?\n(<!-- end -->)", block, text, flags=re.S)


def main() -> None:
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
