"""Prepared datasets -> trained models (section 4)."""


rule train_model:
    """A dataset, without its near-duplicates where the model says so -> G, D, log and samples."""
    input:
        spec=f"{OUT}/specs/models/{{name}}.json",
        data=INPUTS.dataset,
        dedup=INPUTS.dedup,
        code=code("repro.train"),
    output:
        directory(f"{OUT}/models/{{name}}"),
    log:
        f"{OUT}/logs/train_model/{{name}}.log",
    benchmark:
        f"{OUT}/benchmarks/train_model/{{name}}.tsv"
    priority: INPUTS.training_priority
    retries: 1
    conda:
        "../environment.yml"
    threads: SPEC.processes_per_training
    resources:
        gpu=SPEC.processes_per_training,
    params:
        launcher=launcher(SPEC.processes_per_training),
        threads=lambda w, threads: threads_each(threads, SPEC.processes_per_training),
        graphs="--cuda-graphs" if SPEC.cuda_graphs else "",
        dedup=lambda w, input: "--dedup" if input.dedup else [],
        # not an output: a training that was stopped goes on from here
        state=f"{OUT}/state/{{name}}",
    shell:
        "{params.launcher} -m repro.train --spec {input.spec:q} --data {input.data:q} "
        "{params.dedup} {input.dedup:q} --state {params.state:q} "
        "--threads {params.threads} {params.graphs} --out {output:q} >> {log:q} 2>&1"
