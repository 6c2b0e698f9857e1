"""Catch what stops Snakemake before it reads the Snakefile: a wrong command, or no writable home.

Where in the flow: the profiles run this file as a definition of their template, which Snakemake
executes first. Without it a wrong --configfile or an unwritable home ends in one of Snakemake's
tracebacks, and the first of two --config is ignored in silence. It uses only the standard library
and changes nothing but, where it must, XDG_CACHE_HOME. Alone:
`python profiles/begin.py --configfile config/demo.yaml`.
"""

import difflib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

OPTIONS = ("--configfile", "--configfiles")


def run_files(words: Sequence[str]) -> Iterator[str]:
    """The files that a Snakemake command line names as run files."""
    taken = False
    for word in words:
        name, given, value = word.partition("=")
        if word.startswith("-"):
            taken = name in OPTIONS and not given  # after = there is one value
            if name in OPTIONS and given:
                yield value
        elif taken:
            yield word


def given_twice(words: Sequence[str]) -> str | None:
    """Why two --config in a command line will not do; None where there is one at most."""
    if sum(word.partition("=")[0] in ("--config", "-C") for word in words) < 2:
        return None
    return (
        "--config is given twice, and Snakemake would use only the last one; put all KEY=VALUE "
        "words after one --config"
    )


def what_is_wrong(file: str, given: Sequence[str]) -> str | None:
    """Why `file`, among the run files `given`, cannot be one; None where it may."""
    if Path(file).is_file():
        return None
    if Path(file).is_dir():
        return f"'{file}' is a folder, expected a run file, e.g. config/demo.yaml"
    if file != given[0] and not file.endswith((".yaml", ".yml", ".json")):
        return (
            f"no run file '{file}'; Snakemake reads every word after --configfile as a run file: "
            f"put the target before it (snakemake {file} --configfile {given[0]})"
        )
    known = {path.stem: str(path) for path in sorted(Path("config").glob("*.yaml"))}
    near = difflib.get_close_matches(Path(file).stem, known, n=1)
    there = (
        f"did you mean '{known[near[0]]}'?" if near else f"there are {', '.join(known.values())}"
    )
    return f"no run file '{file}'; {there}"


def cache_of_its_own() -> None:
    """Give Snakemake another cache folder where it cannot write to the one in its home."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    try:
        cache.mkdir(parents=True, exist_ok=True)
        writable = os.access(cache, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        os.environ["XDG_CACHE_HOME"] = os.path.abspath(".snakemake/cache")


given = list(run_files(sys.argv[1:]))
for one in given:
    if wrong := what_is_wrong(one, given):
        sys.exit(f"error: {wrong}")
if twice := given_twice(sys.argv[1:]):
    sys.exit(f"error: {twice}")
cache_of_its_own()
