"""Describe each rule in words, and list the pictures that a finished step leaves.

Where in the flow: repro.watch.snakemake_log gives each step of a run its words;
repro.watch.narrator and repro.watch.page show the pictures. A rule that is not listed is shown by
its name. Names come from run files, so control characters, which a terminal would obey, are
replaced.

Alone: `describe_step("train_model", "faces", titles={})` is ("training", "Training faces").
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

# rule -> stage, what it does; {} stands for the name of the dataset or the model
RULES = {
    "draw_world": ("data", "Rendering synthetic images of {}"),
    "prepare_dataset": ("data", "Preparing the images of {}"),
    "prepare_part": ("data", "Preparing a part of the images of {}"),
    "dedup_dataset": ("near-duplicates", "Finding near-duplicates among {}"),
    "train_hash": ("near-duplicates", "Training the hash of {}"),
    "hash_part": ("near-duplicates", "Hashing a part of {}"),
    "train_model": ("training", "Training {}"),
    "report": ("report", "Writing the report"),
}
MEASURE, DRAW = "measure_", "draw_"
SHOWN = (".png", ".webp", ".html")  # files that a user would open
OF_A_MODEL = ("samples.png", "curves.png", "samples.webp")


def describe_step(rule: str, name: str, *, titles: Mapping[str, str]) -> tuple[str, str]:
    """Stage and description of a step; titles: of the experiments, by name."""
    if rule in RULES:
        stage, words = RULES[rule]
        return stage, plain(words.format(name))
    if rule.startswith(MEASURE) and (title := titles.get(rule.removeprefix(MEASURE))):
        return "experiments", plain(f"Measuring: {title}")
    if title := titles.get(rule.removeprefix(DRAW)):
        return "experiments", plain(f"Drawing figures: {title}")
    return "", plain(f"{rule} {name}".strip())


def plain(text: str) -> str:
    """The text without characters that move a terminal's cursor or end a line."""
    return "".join(char if char.isprintable() else "?" for char in text)


def pictures_of(rule: str, outputs: Iterable[Path]) -> list[Path]:
    """Pictures and pages that a finished step has left, in order; none for datasets."""
    found: list[Path] = []
    for folder in outputs:
        if rule == "train_model":
            found += [folder / name for name in OF_A_MODEL if (folder / name).is_file()][:1]
        elif folder.name in ("figures", "report"):
            found += sorted(path for path in folder.glob("*") if path.suffix in SHOWN)
    return found
