"""Table of contents of a run: worlds -> prepare -> dedup -> train -> experiments -> report.

The run file (--configfile, default config/demo.yaml) and the folders in experiments/ say which
datasets, models and experiments there are; this file names none of them. rules/*.smk contain the
rules, one file for each stage.
"""

import os
import sys
from pathlib import Path

from snakemake.cli import get_argument_parser
from snakemake.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import ExecMode

BASE = Path(workflow.basedir)
sys.path.insert(0, str(BASE))

from repro.environment import fix_this_process

fix_this_process(str(BASE), started_in=workflow.rundir)

from repro.errors import ExpectedError
from repro.runs.in_progress import begin
from repro.runs.launch import launcher, threads_each
from repro.runs.load import load_run
from repro.runs.step_environment import refuse_braces, run_steps_with
from repro.runs.step_inputs import StepInputs, parts
from repro.runs.targets import check_targets, require_raw_data
from repro.watch.snakemake_log import final_messages, show

CONFIG_FILE = workflow.configfiles[0] if workflow.configfiles else BASE / "config/demo.yaml"
MAIN = workflow.exec_mode == ExecMode.DEFAULT  # not in a job of a cluster
try:
    refuse_braces(BASE)
    RUN = load_run(str(CONFIG_FILE), overrides=config)
    own_python = bool(workflow.deployment_settings.deployment_method)
    run_steps_with(sys.executable, BASE, strict=RUN.strict, own_python=own_python)
except ExpectedError as error:
    raise WorkflowError(str(error)) from None

OUT = str(RUN.folder)
SPEC = RUN.spec
INPUTS = StepInputs(RUN, requested=lambda: workflow.dag_settings.targets)
SHOWN = show(workflow, RUN)


wildcard_constraints:
    name="[^/]+",


# The number of parts in which datasets are read and hashed, one job each: --set-scatter shard=8
scattergather:
    shard=1,


PARTS = {kind: parts(gather.shard, f"{OUT}/parts/{kind}") for kind in ("data", "codes")}


include: "rules/data.smk"


if PARTS["data"]:

    include: "rules/parts.smk"


include: "rules/training.smk"
include: "rules/experiments.smk"
include: "rules/report.smk"


rule prepare:
    """All prepared datasets of the run."""
    input:
        expand(INPUTS.stamp("data/{name}"), name=SPEC.datasets),


rule train:
    """All trained models of the run."""
    input:
        expand(INPUTS.stamp("models/{name}"), name=SPEC.models),


rule all:
    """The report, and with it everything except what is run only on request."""
    default_target: True
    input:
        INPUTS.stamp("report"),


if MAIN:
    # Snakemake gives the targets only when it plans the jobs, too late for messages of our own
    words = sys.argv[1:] if "snakemake" in sys.argv[0] else []
    given = vars(get_argument_parser().parse_known_args(words)[0])
    targets = given["targets"]
    plans = ("dryrun", "summary", "detailed_summary", "dag", "rulegraph", "filegraph", "d3dag")
    try:
        check_targets(RUN, targets, workflow.rules)
        told = [require_raw_data(RUN, targets)]
        if not any(map(given.get, ("lint", "list_rules", "list_target_rules"))):
            told += begin(RUN, dry=any(map(given.get, plans)))
    except ExpectedError as error:
        raise WorkflowError(str(error)) from None
    print(*filter(None, told), sep="\n", end="\n" if any(told) else "", file=sys.stderr)


onsuccess:
    if SHOWN:
        SHOWN.ended(log, succeeded=True)
    else:
        print(final_messages(workflow, RUN))


onerror:
    if SHOWN:
        SHOWN.ended(log, succeeded=False)
