"""Commands as a report prints them, to be pasted into a shell at the root of the checkout.

Where in the flow: `repro.report.results` gives each experiment, dataset and model the command that
makes it, and `repro.report.views` adds those of the single steps. Paths of the reader's machine
stand as $RAW, $PHOTOS and $FID_WEIGHTS, so that a report can be given away.

Alone: `pipeline_command("latent_walk", config="config/demo.yaml", given={})`.
"""

import math
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from repro.report.spec import ReportSpec

OWN_PATHS = ("raw", "photos", "fid_weights")  # keys of the run file


def command_for(spec: "ReportSpec", target: str, *, ask_for: str = "") -> str:
    """The call of Snakemake that makes `target` of the run with this report.json.

    ask_for: "key=..." that only the user can fill in, left out where `given` has the key.
    """
    return pipeline_command(target, config=spec.config, given=spec.given, ask_for=ask_for)


def pipeline_command(
    target: str, *, config: str, given: Mapping[str, object], ask_for: str = ""
) -> str:
    """The call of Snakemake that makes `target`; Snakemake wants it before its options.

    config: the run file. given: keys of the run file that were set by --config, and their values.
    """
    pairs = [_pair(key, _as_word(value)) for key, value in given.items()]
    asked = ask_for and ask_for.partition("=")[0] not in given
    pairs += [ask_for] if asked else []  # one --config: of two, Snakemake takes the last
    behind = f" --config {' '.join(pairs)}" if pairs else ""
    return f"snakemake {target} --configfile {shlex.quote(config)}{behind}"


def rerun_command(command: str, measured: str) -> str:
    """The same for an experiment that is to be measured again although nothing has changed.

    measured: the folder of its numbers, which a step keeps as long as nothing has changed.
    """
    return f"rm -r {shlex.quote(measured)} && {command}"


def _as_word(value: object) -> str:
    """A value as Snakemake reads it after KEY=: YAML on one line."""
    if isinstance(value, Mapping | list):
        return yaml.safe_dump(
            value, default_flow_style=True, sort_keys=False, width=math.inf
        ).strip()
    return str(value)


def _pair(key: str, value: str) -> str:
    if key in OWN_PATHS and value.startswith(("/", "~")):
        return f'{key}="${key.upper()}"'
    return shlex.quote(f"{key}={value}")
