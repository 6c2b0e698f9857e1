"""Fills the README's and results/README.md's numbers from results/published, after `make publish`.

    python docs/fill_numbers.py

The text between <!-- filled: NAME --> and <!-- end --> is rewritten: the README's blocks
(docs/readme_numbers.py, docs/five_claims.py), the table of all numbers, the effects of the
ablations. A test fails when anything there is out of date.
"""

import re
from dataclasses import dataclass
from functools import partial

from five_claims import PERCENT, five_claims, scaled
from readme_numbers import PUBLISHED, ROOT, findings, runs

from repro.claims.measurement import Measurement, read_measurements
from repro.report.quantities import rounded

RUNS = {"demo": "synthetic images, small digits", "laptop": "real images, small"}
EFFECTS = {  # prefix of an ablation's numbers -> what they are, and what stands for no effect
    "times_distance_": ("Distance to held-out rooms, as a multiple of the recipe's", 1.0),
    "change_in_diversity_": ("Diversity of the samples, minus the recipe's", 0.0),
}


@dataclass(frozen=True)
class Line:
    """A line of the table of all numbers: names of measurements of one experiment, by run."""

    words: str
    paper: str
    experiment: str
    names: dict[str, tuple[str, ...]]
    times: float = 1.0  # 100 where a share is shown in %


def both(*names: str) -> dict[str, tuple[str, ...]]:
    return {"demo": names, "laptop": names}


SUMS = ("success_{}", "success_and_realistic_wider_{}")
LINES = [
    Line("§4.1.1 duplicates removed; of planted ones found, %", "9.1; –", "dedup", times=PERCENT,
         names=both("removed_share_autoencoder", "recall_autoencoder")),
    Line("– removed wrongly, %", "below 1, by eye", "dedup", times=PERCENT,
         names=both("false_positive_rate")),
    Line("§4.1 samples suspiciously near a training image, % (1 by chance)", "none, argued",
         "memorisation", times=PERCENT,
         names=both("suspicious_share_pixels_blur_matched")),
    Line("§5.1 DCGAN features + L2-SVM, %", "82.8", "cifar10_svm", both("accuracy_dcgan")),
    Line("– one layer of K-means, %", "80.6", "cifar10_svm", both("accuracy_kmeans")),
    Line("– random filters of the same network, %", "–", "cifar10_svm", both("accuracy_random")),
    Line("– the authors' own D, 4 of its 6 layers, %", "82.8 (all layers)", "verify_authors",
         {"laptop": ("cifar10_accuracy_4_layers",)}),
    Line("§5.2 error, 1,000 labels: DCGAN features; random filters, %", "22.48; –", "svhn_svm",
         {"demo": ("error_dcgan", "error_random")}),
    Line("– the same network supervised, %", "28.87 (validation)", "svhn_svm",
         {"demo": ("error_cnn",)}),
    Line("§6.1 largest step of a walk (1: a jump)", "smooth, by eye", "latent_walk",
         both("largest_step_share")),
    Line("§6.2 selectivity, trained − random filters, sd", "pictures only", "filters",
         both("selectivity_trained_minus_random")),
    Line("§6.3.1 window area left without “window” maps; without random maps, %",
         "mostly gone, by eye", "forgetting_windows", times=PERCENT,
         names={"demo": ("window_area_left_positive", "window_area_left_random")}),
    Line("§6.3.2 sums that succeed; that are realistic too, by the wider judge: three exemplars, %",
         "stable, by eye", "face_arithmetic", times=PERCENT,
         names=both(*(s.format("three_exemplars") for s in SUMS))),
    Line("– one exemplar, %", "unstable", "face_arithmetic", times=PERCENT,
         names=both(*(s.format("one_exemplar") for s in SUMS))),
    Line("– three in pixel space, %", "ghosts", "face_arithmetic", times=PERCENT,
         names=both(*(s.format("pixel_space") for s in SUMS))),
    Line("– turning: rank correlation of pose (laptop: age) and step", "pictures only",
         "turn_vector", both("turn_rank_correlation")),
    Line("§8.1 1-NN error, real digits, %", "3.1", "mnist_neighbours", both("error_real")),
    Line("– as many samples; many more, %", "2.98; 1.48", "mnist_neighbours",
         {"demo": ("error_dcgan_900", "error_dcgan_30k"),
          "laptop": ("error_dcgan_50k", "error_dcgan_1m")}),
    Line("– of the GAN without convolutions, %", "6.28; 5.65", "mnist_neighbours",
         {"demo": ("error_gan_900", "error_gan_30k"),
          "laptop": ("error_gan_50k", "error_gan_1m")}),
]  # fmt: skip


def all_numbers() -> str:
    """The table of results/README.md: what was measured, the paper's number, those of the runs."""
    heads = [f"{run}: {words}" for run, words in RUNS.items()]
    lines = [f"| | paper | {' | '.join(heads)} |", "|---" * (2 + len(RUNS)) + "|"]
    for line in LINES:
        cells = [cell(run, line) for run in RUNS]
        lines.append(f"| {' | '.join([line.words, line.paper, *cells])} |")
    return "\n".join(lines)


def cell(run: str, line: Line) -> str:
    """The measurements of a line in one run; "–" where there are none."""
    names = line.names.get(run, ())
    if not names:
        return "–"
    found = read_measurements(PUBLISHED / run / line.experiment)
    return "; ".join(rounded(scaled(found[name], line.times)) for name in names)


def ablations() -> str:
    """Which changes of the recipe moved the distance to real images, or the samples' diversity."""
    found = read_measurements(PUBLISHED / "demo" / "ablations").values()
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


BLOCKS = {
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
