"""The front door: `python -m repro`, or `dcgan`, lists every command and runs it.

    python -m repro                     lists all commands, one per line
    python -m repro train --help        describes a command
    python -m repro --version

A command is a function `main(argv)` of a module, which is imported only when the command runs; to
add one, list it here; those of data_prep/ come from repro.runs.extensions. Neither the list nor the
commands need Snakemake. Slow imports happen within `run_main`, so that Ctrl-C during them ends in a
short message too.
"""

import importlib
import sys
from functools import cache

from repro.command_line import program, run_main
from repro.environment import fix_this_process

WRONG_ARGUMENTS = 2
DISTRIBUTION = "dcgan-reproduction"
OWN = {  # name: (module with a `main`, what the command does)
    "check": ("repro.runs.load", "what a run file would do, and which raw data it lacks"),
    "plan": ("repro.plan.__main__", "how long a run takes here, and which part fits"),
    "settings": ("repro.specs.run_file", "every key of a run file: default, unit, source"),
    "roles": ("repro.specs.roles", "roles and slots, which experiments request and runs bind"),
    "presets": ("repro.networks.presets_page", "built-in configurations, next to the paper's"),
    "diagram": ("repro.networks.diagram", "draw G and D of a preset (Fig 1)"),
    "dedup": ("repro.dedup.__main__", "near-duplicates in a folder of images (section 4.1.1)"),
    "tensorboard": ("repro.train.tensorboard_view", "trainings, running ones too, for TensorBoard"),
    "animation": ("repro.figures.animation", "the sample sheets of a training, animated"),
    "model": ("repro.networks.model_folder", "what is in the folder of a trained model"),
    "sample": ("repro.networks.sample", "sample images from a model: grids, walks, sums"),
    "export": ("repro.networks.onnx_export", "a generator as an ONNX file, for other programs"),
    "half": ("repro.networks.half_precision", "a model at half the size, weights in float16"),
    "fid": ("repro.quality.fid", "FID and KID of a model, with weights that you give"),
    "released": ("repro.released.__main__", "which of the authors' weights a folder holds"),
    "card": ("repro.runs.cards", "check an experiment's card and print its claims and rules"),
    "rules": ("repro.claims.rule_history", "when the rule of each claim was written"),
    "report": ("repro.report.__main__", "the report of a run from its folders"),
    "publish": ("repro.report.publish", "the report of a run as results/published keeps it"),
    "ledger": ("repro.report.departures", "a run file next to the paper and its authors' code"),
    "compare": ("repro.report.compare", "two runs: verdicts that changed, numbers that moved"),
    "adopt": ("repro.runs.adopt", "keep results of a run that other code made"),
    "provenance": ("repro.artefacts.provenance", "what made a file: command, inputs, versions"),
    "bench": ("repro.bench.__main__", "speed of ours and of a reference, in one run"),
}


@cache
def all_commands() -> dict[str, tuple[str, str]]:
    """All commands: name -> (module with a `main`, what the command does)."""
    from repro.runs import extensions

    return extensions.commands() | OWN


def main() -> None:
    """The console command: `run` in an environment of its own."""
    fix_this_process(sys.path[0], started_in=".")  # with python -m the working folder
    run()


def run() -> None:
    """Run the command that sys.argv names, in this process as it is."""
    run_main(_front_door)


def _front_door(argv: list[str] | None) -> None:
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(listing())
    elif argv[0] == "--version":
        print(f"dcgan {version()}")
    elif argv[0] in all_commands():
        module = importlib.import_module(all_commands()[argv[0]][0])
        module.main(argv[1:])
    else:
        _refuse(argv[0])


def listing() -> str:
    """All commands, one per line."""
    width = max(map(len, all_commands()))
    lines = [f"  {name:<{width}}  {about}" for name, (_, about) in all_commands().items()]
    return "\n".join(
        [
            f"usage: {program('COMMAND')} ...\n",
            "Every experiment of the DCGAN paper (arXiv 1511.06434v2), step by step. Commands:\n",
            *lines,
            f"\n{program('COMMAND')} --help describes a command. The whole run: make all",
        ]
    )


def version() -> str:
    """That of the installed package."""
    from importlib import metadata

    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "(not installed: run from its source)"


def _refuse(word: str) -> None:
    from repro.specs.validation import nearest

    print(f"error: no command '{word}'; {nearest(word, all_commands())}", file=sys.stderr)
    sys.exit(WRONG_ARGUMENTS)


if __name__ == "__main__":
    main()
