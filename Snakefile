"""Table of contents of a run: worlds -> prepare -> dedup -> train -> experiments -> report.

Which datasets, models and experiments there are is said by the run file (--configfile, default
config/demo.yaml) and by the folders in experiments/; no name of either stands here.
"""

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

BASE = Path(workflow.basedir)
sys.path.insert(0, str(BASE))

from repro.runs.import_closure import import_closure
from repro.artefacts.disk_full import DiskFullError
from repro.runs.launch import launcher, threads_each
from repro.runs.checks import missing_raw_data
from repro.runs.load import load_run, run_steps_with, write_specs
from repro.specs.validation import SpecError

CONFIG_FILE = workflow.configfiles[0] if workflow.configfiles else BASE / "config/demo.yaml"
try:
    RUN = load_run(str(CONFIG_FILE), overrides=config)
    missing = missing_raw_data(RUN)
    if not missing:
        write_specs(RUN)
except (SpecError, DiskFullError) as error:
    raise WorkflowError(str(error)) from None
if missing:
    raise WorkflowError("\n".join(["raw data are missing:", *missing]))
run_steps_with(sys.executable, BASE)

OUT = str(RUN.folder)
SPEC = RUN.spec


def code(*modules):
    """Source files a step depends on, as its inputs."""
    return [os.path.relpath(BASE / path) for path in import_closure(*modules)]


def pages(name):
    """Templates of an experiment's offline pages, and what all such pages share."""
    own = sorted(BASE.glob(f"experiments/{name}/*.html"))
    shared = sorted(BASE.glob("repro/figures/templates/page*")) if own else []
    return [os.path.relpath(path) for path in own + shared]


wildcard_constraints:
    name="[^/]+",


# Parts in which datasets are read and hashed, on several machines if need be: --set-scatter shard=8
scattergather:
    shard=1,


SHARDED = len(gather.shard("{scatteritem}")) > 1
if SHARDED:

    include: "data_prep/parts.smk"


def parts(kind):
    """All parts of a dataset where it is made in parts, else none."""
    paths = gather.shard(f"{OUT}/parts/{kind}/{{{{name}}}}/{{scatteritem}}")
    return paths if SHARDED else []


rule all:
    default_target: True
    input:
        f"{OUT}/report",


onsuccess:
    if Path(f"{OUT}/report/index.html").is_file():
        print(f"\nThe report: {OUT}/report/index.html\n")


rule prepare:
    input:
        expand(f"{OUT}/data/{{name}}", name=SPEC.datasets),


rule train:
    input:
        expand(f"{OUT}/models/{{name}}", name=SPEC.models),


rule draw_world:
    input:
        spec=f"{OUT}/specs/worlds/{{name}}.json",
        code=lambda w: code(
            "data_prep.generate", f"data_prep.generated.{SPEC.worlds[w.name].generator}"
        ),
    output:
        directory(f"{OUT}/raw/{{name}}"),
    log:
        f"{OUT}/logs/draw_world/{{name}}.log",
    benchmark:
        f"{OUT}/benchmarks/draw_world/{{name}}.tsv"
    conda:
        "environment.yml"
    shell:
        "python -m data_prep.generate --spec {input.spec:q} --out {output:q} >> {log:q} 2>&1"


rule prepare_dataset:
    input:
        spec=f"{OUT}/specs/datasets/{{name}}.json",
        raw=lambda w: str(RUN.raw_folder(w.name)),
        parts=parts("data"),
        code=lambda w: code("data_prep.prepare", *RUN.source_modules(w.name)),
    output:
        directory(f"{OUT}/data/{{name}}"),
    log:
        f"{OUT}/logs/prepare_dataset/{{name}}.log",
    benchmark:
        f"{OUT}/benchmarks/prepare_dataset/{{name}}.tsv"
    conda:
        "environment.yml"
    threads: 1
    params:
        parts="--parts" if SHARDED else [],
        # not an output: a job that was killed goes on from here
        state=f"{OUT}/state/data/{{name}}",
    shell:
        "python -m data_prep.prepare --spec {input.spec:q} --raw {input.raw:q} "
        "{params.parts} {input.parts:q} --state {params.state:q} "
        "--workers {threads} --out {output:q} >> {log:q} 2>&1"


rule dedup_dataset:
    input:
        spec=f"{OUT}/specs/dedup/{{name}}.json",
        data=f"{OUT}/data/{{name}}",
        trained=f"{OUT}/parts/hash/{{name}}" if SHARDED else [],
        parts=parts("codes"),
        code=code("data_prep.dedup"),
    output:
        directory(f"{OUT}/dedup/{{name}}"),
    log:
        f"{OUT}/logs/dedup_dataset/{{name}}.log",
    benchmark:
        f"{OUT}/benchmarks/dedup_dataset/{{name}}.tsv"
    conda:
        "environment.yml"
    threads: 1
    params:
        trained="--trained" if SHARDED else [],
        parts="--parts" if SHARDED else [],
    shell:
        "python -m data_prep.dedup --spec {input.spec:q} --data {input.data:q} "
        "{params.trained} {input.trained:q} {params.parts} {input.parts:q} "
        "--threads {threads} --out {output:q} >> {log:q} 2>&1"


def dedup_of(wildcards):
    """The de-duplication of a model's dataset, where the model asks for it."""
    model = RUN.model(wildcards.name)
    return [f"{OUT}/dedup/{model.data}"] if model.deduplicated else []


rule train_model:
    input:
        spec=f"{OUT}/specs/models/{{name}}.json",
        data=lambda w: f"{OUT}/data/{RUN.model(w.name).data}",
        dedup=dedup_of,
        code=code("repro.train"),
    output:
        directory(f"{OUT}/models/{{name}}"),
    log:
        f"{OUT}/logs/train_model/{{name}}.log",
    benchmark:
        f"{OUT}/benchmarks/train_model/{{name}}.tsv"
    priority: 10
    retries: 1
    conda:
        "environment.yml"
    threads: SPEC.processes_per_training
    resources:
        gpu=SPEC.processes_per_training,
    params:
        launcher=launcher(SPEC.processes_per_training),
        threads=lambda w, threads: threads_each(threads, SPEC.processes_per_training),
        graphs="--cuda-graphs" if SPEC.cuda_graphs else "",
        dedup=lambda w, input: f"--dedup {input.dedup}" if input.dedup else "",
        # not an output: a training that was stopped goes on from here
        state=f"{OUT}/state/{{name}}",
    shell:
        "{params.launcher} -m repro.train --spec {input.spec:q} --data {input.data:q} "
        "{params.dedup} --state {params.state:q} --threads {params.threads} {params.graphs} "
        "--out {output:q} >> {log:q} 2>&1"


for experiment in RUN.runnable:

    rule:
        name:
            f"measure_{experiment.name}"
        input:
            spec=str(RUN.spec_file("experiments", experiment.name)),
            folders=[str(folder) for folder in experiment.inputs.values()],
            files=experiment.files,
            code=code(f"experiments.{experiment.name}.measure"),
        output:
            directory(f"{OUT}/experiments/{experiment.name}/measured"),
        log:
            f"{OUT}/logs/measure/{experiment.name}.log",
        benchmark:
            f"{OUT}/benchmarks/measure/{experiment.name}.tsv"
        conda:
            "environment.yml"
        threads: 1
        params:
            module=f"experiments.{experiment.name}.measure",
            inputs=experiment.input_words,
            # not an output: a measurement that was killed goes on from here
            state=f"{OUT}/state/measure/{experiment.name}",
        shell:
            "python -m {params.module} --spec {input.spec:q} {params.inputs:q} "
            "--state {params.state:q} --threads {threads} --out {output:q} >> {log:q} 2>&1"

    rule:
        name:
            f"draw_{experiment.name}" if experiment.card.on_request else experiment.name
        input:
            measured=f"{OUT}/experiments/{experiment.name}/measured",
            style=str(RUN.spec_file("styles", experiment.name)),
            code=code(f"experiments.{experiment.name}.figure"),
            pages=pages(experiment.name),
        output:
            report(
                directory(f"{OUT}/experiments/{experiment.name}/figures"),
                patterns=["{figure}.png"],
                caption=str(BASE / "experiments/caption.rst"),
                category="Experiments",
                subcategory=experiment.name,
            ),
        log:
            f"{OUT}/logs/figure/{experiment.name}.log",
        benchmark:
            f"{OUT}/benchmarks/figure/{experiment.name}.tsv"
        conda:
            "environment.yml"
        params:
            module=f"experiments.{experiment.name}.figure",
            title=experiment.card.title,
            captions=experiment.card.captions,
        shell:
            "python -m {params.module} --spec {input.style:q} --measured {input.measured:q} "
            "--out {output:q} >> {log:q} 2>&1"


def reported_folders(wildcards):
    """What the report waits for: all but what is run on request and was not asked for.

    Numbers as well as figures, so that deleted ones are made again before they are reported.
    """
    asked = workflow.dag_settings.targets
    names = RUN.reported_datasets(asked)
    hashed = [name for name in names if SPEC.datasets[name].dedup is not None]
    parts = [(e.name, part) for e in RUN.reported(asked) for part in ("measured", "figures")]
    return [
        *(f"{OUT}/data/{name}" for name in names),
        *(f"{OUT}/dedup/{name}" for name in hashed),
        *(f"{OUT}/experiments/{name}/{part}" for name, part in parts),
    ]


for experiment in [e for e in RUN.runnable if e.card.on_request]:

    rule:
        name:
            experiment.name
        input:
            f"{OUT}/report",


rule report:
    input:
        spec=f"{OUT}/specs/report.json",
        folders=reported_folders,
        models=expand(f"{OUT}/models/{{name}}", name=SPEC.models),
        texts=[
            os.path.relpath(BASE / "experiments" / e.name / file)
            for e in RUN.experiments
            for file in ("experiment.yaml", "README.md")
        ],
        code=code("repro.report")
        + sorted(map(os.path.relpath, BASE.glob("repro/*/templates/*"))),
    output:
        directory(f"{OUT}/report"),
    log:
        f"{OUT}/logs/report.log",
    benchmark:
        f"{OUT}/benchmarks/report.tsv"
    conda:
        "environment.yml"
    params:
        run=lambda w, output: str(Path(output[0]).parent),
        experiments=lambda w, input: str(Path(input.texts[0]).parents[1]),
    shell:
        "python -m repro.report --run {params.run:q} --spec {input.spec:q} "
        "--experiments {params.experiments:q} --out {output:q} >> {log:q} 2>&1"
