"""Prepared datasets -> trained models (section 4)."""


rule train_model:
    """A dataset, without near-duplicates if the model requires it -> G, D, log and samples."""
    input:
        data=INPUTS.dataset,
        dedup=INPUTS.dedup,
    output:
        INPUTS.stamp("models/{name}"),
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
        spec=f"{OUT}/specs/models/{{name}}.json",
        data=INPUTS.dataset_folder,
        dedup=INPUTS.dedup_arguments,
        # a training that was stopped continues from here
        state=f"{OUT}/state/{{name}}",
        # only the step itself replaces it, by a complete new one; Snakemake never deletes it
        out=f"{OUT}/models/{{name}}",
    shell:
        "{params.launcher} -m repro.train --spec {params.spec:q} --data {params.data:q} "
        "{params.dedup:q} --state {params.state:q} "
        "--threads {params.threads} {params.graphs} --out {params.out:q} >> {log:q} 2>&1 "
        "&& touch {output:q}"
