"""Fills the README's and results/README.md's numbers from results/published, after `make publish`.

    python docs/fill_numbers.py

The text between <!-- filled: NAME --> and <!-- end --> is rewritten: verdicts counted, the
table of five claims, the table of all numbers. A test holds that nothing there is out of date.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from repro.claims.measurement import Measurement, read_measurements
from repro.report.compare import read_claims
from repro.report.quantities import rounded
from repro.report.tally import in_one_line

ROOT = Path(__file__).parent.parent
PUBLISHED = ROOT / "results" / "published"
RUNS = {
    "demo": "on images drawn by program and small digits",
    "laptop": "on a few real images, MNIST whole",
}
PERCENT = 100.0


@dataclass(frozen=True)
class Shown:
    """A claim in the README's table: in words, and which picture shows it."""

    experiment: str
    claim: str
    words: str
    picture: str
    name: str


FIVE = [  # of the laptop's run: real data
    Shown("cifar10_svm", "beats_kmeans", "D's features beat one layer of K-means on CIFAR-10",
          "fig_table1.png", "Table 1"),
    Shown("latent_walk", "smooth_transitions", "Walks change smoothly (1: a jump)",
          "fig04_steps.png", "steps"),
    Shown("face_arithmetic", "three_beat_one",
          "Sums of three exemplars succeed more often than of one",
          "fig07_success.png", "Fig 7"),
    Shown("mnist_neighbours", "beats_gan_few", "50,000 digits of DCGAN beat a plain GAN's",
          "fig_mnist_errors.png", "Table 3"),
    Shown("mnist_neighbours", "as_good_as_real", "They are as good references as real digits",
          "fig_mnist_classes.png", "classes"),
]  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line of the table of all numbers: per run, measurements of one experiment."""

    words: str
    paper: str
    experiment: str
    demo: tuple[str, ...]
    laptop: tuple[str, ...]
    times: float = 1.0  # 100 where a share is shown in %


def both(*names: str) -> dict[str, tuple[str, ...]]:
    return {"demo": names, "laptop": names}


SUMS = ("success_{}", "success_and_realistic_wider_{}")
LINES = [
    Line("§4.1.1 duplicates removed; of planted ones found, %", "9.1; –", "dedup", times=PERCENT,
         **both("removed_share_autoencoder", "recall_autoencoder")),
    Line("– removed wrongly, %", "below 1, by eye", "dedup", times=PERCENT,
         **both("false_positive_rate")),
    Line("§4.1 samples suspiciously near a training image, % (1 by chance)", "none, argued",
         "memorisation", times=PERCENT, **both("suspicious_share_pixels_blur_matched")),
    Line("§5.1 DCGAN features + L2-SVM, %", "82.8", "cifar10_svm", **both("accuracy_dcgan")),
    Line("– one layer of K-means, %", "80.6", "cifar10_svm", **both("accuracy_kmeans")),
    Line("– random filters of the same network, %", "–", "cifar10_svm", **both("accuracy_random")),
    Line("– the authors' own D, 4 of its 6 layers, %", "82.8 (all layers)", "verify_authors",
         demo=(), laptop=("cifar10_accuracy_4_layers",)),
    Line("§5.2 error, 1,000 labels: DCGAN features; random filters, %", "22.48; –", "svhn_svm",
         demo=("error_dcgan", "error_random"), laptop=()),
    Line("– the same network supervised, %", "28.87 (validation)", "svhn_svm",
         demo=("error_cnn",), laptop=()),
    Line("§6.1 largest step of a walk (1: a jump)", "smooth, by eye", "latent_walk",
         **both("largest_step_share")),
    Line("§6.2 selectivity, trained − random filters, sd", "pictures only", "filters",
         **both("selectivity_trained_minus_random")),
    Line("§6.3.1 window area left without “window” maps; without random maps, %",
         "mostly gone, by eye", "forgetting_windows", times=PERCENT,
         demo=("window_area_left_positive", "window_area_left_random"), laptop=()),
    Line("§6.3.2 sums that succeed; that are realistic too: three exemplars, %", "stable, by eye",
         "face_arithmetic", times=PERCENT, **both(*(s.format("three_exemplars") for s in SUMS))),
    Line("– one exemplar, %", "unstable", "face_arithmetic", times=PERCENT,
         **both(*(s.format("one_exemplar") for s in SUMS))),
    Line("– three in pixel space, %", "ghosts", "face_arithmetic", times=PERCENT,
         **both(*(s.format("pixel_space") for s in SUMS))),
    Line("– turning: rank correlation of pose (laptop: age) and step", "pictures only",
         "turn_vector", **both("turn_rank_correlation")),
    Line("§8.1 1-NN error, real digits, %", "3.1", "mnist_neighbours", **both("error_real")),
    Line("– as many samples; many more, %", "2.98; 1.48", "mnist_neighbours",
         demo=("error_dcgan_900", "error_dcgan_30k"), laptop=("error_dcgan_50k", "error_dcgan_1m")),
    Line("– of the GAN without convolutions, %", "6.28; 5.65", "mnist_neighbours",
         demo=("error_gan_900", "error_gan_30k"), laptop=("error_gan_50k", "error_gan_1m")),
]  # fmt: skip


def decided() -> str:
    """The verdicts of the published runs, an item each."""
    lines = []
    for run, on in RUNS.items():
        line = in_one_line(read_claims(PUBLISHED / run).to_dict("records"))
        lines.append(f"- [{run.capitalize()}](results/published/{run}/report.md), {on}: {line}.")
    return "\n".join(lines)


def five_claims() -> str:
    """The README's table: claim, paper, ours on real data, verdict, picture."""
    claims = read_claims(PUBLISHED / "laptop").set_index(["experiment", "id"])
    lines = ["| claim | paper | ours on real data | verdict | picture |", "|---|---|---|---|---|"]
    for one in FIVE:
        row = claims.loc[(one.experiment, one.claim)]
        low, high = (None if pd.isna(row[end]) else row[end] for end in ("low", "high"))
        ours = Measurement(
            name=one.claim,
            value=row["value"],
            low=low,
            high=high,
            n=int(row["n"]),
            unit=row["unit"],
        )
        picture = f"results/published/laptop/{one.experiment}/{one.picture}"
        cells = [one.words, row["paper"], rounded(ours), row["verdict"], f"[{one.name}]({picture})"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def all_numbers() -> str:
    """The table of results/README.md: what was measured, the paper's number, both runs'."""
    lines = ["| | paper | demo: drawn images, small digits | laptop: real images, small |"]
    lines.append("|---|---|---|---|")
    for line in LINES:
        cells = [
            cell(run, line, names)
            for run, names in zip(RUNS, (line.demo, line.laptop), strict=True)
        ]
        lines.append(f"| {' | '.join([line.words, line.paper, *cells])} |")
    return "\n".join(lines)


def cell(run: str, line: Line, names: tuple[str, ...]) -> str:
    """The measurements of a line in one run; "–" where there are none."""
    if not names:
        return "–"
    found = read_measurements(PUBLISHED / run / line.experiment)
    return "; ".join(rounded(scaled(found[name], line.times)) for name in names)


def scaled(one: Measurement, times: float) -> Measurement:
    """The same number without its unit, which the line states, times 100 for a share in %."""
    ends = {
        end: None if (x := getattr(one, end)) is None else x * times
        for end in ("value", "low", "high")
    }
    return one.model_copy(update=ends | {"unit": ""})


BLOCKS = {"decided": decided, "five claims": five_claims, "all numbers": all_numbers}
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
