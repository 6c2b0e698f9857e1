"""Datasets read and hashed in parts, one job each: included with --set-scatter shard=8.

prepare_dataset and dedup_dataset join the parts to the bytes that one job would have written.
"""


rule prepare_part:
    """Raw images -> one part of a prepared dataset."""
    input:
        world=INPUTS.raw,
    output:
        temp(directory(f"{OUT}/parts/data/{{name}}/{{scatteritem}}")),
    log:
        f"{OUT}/logs/prepare_part/{{name}}-{{scatteritem}}.log",
    benchmark:
        f"{OUT}/benchmarks/prepare_part/{{name}}-{{scatteritem}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    params:
        spec=f"{OUT}/specs/datasets/{{name}}.json",
        raw=INPUTS.raw_folder,
        recipe=INPUTS.parts_recipe("data"),
        # not an output: a job that was killed continues from here
        state=f"{OUT}/state/data/{{name}}-{{scatteritem}}",
    shell:
        "python -m data_prep.prepare --spec {params.spec:q} --raw {params.raw:q} "
        "--shard {wildcards.scatteritem:q} --state {params.state:q} "
        "--workers {threads} --out {output:q} >> {log:q} 2>&1"


rule train_hash:
    """A prepared dataset -> the autoencoder that hashes all its parts."""
    input:
        data=INPUTS.stamp("data/{name}"),
    output:
        temp(directory(f"{OUT}/parts/hash/{{name}}")),
    log:
        f"{OUT}/logs/train_hash/{{name}}.log",
    benchmark:
        f"{OUT}/benchmarks/train_hash/{{name}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    params:
        spec=f"{OUT}/specs/dedup/{{name}}.json",
        data=f"{OUT}/data/{{name}}",
        recipe=INPUTS.parts_recipe("dedup"),
    shell:
        "python -m data_prep.dedup --spec {params.spec:q} --data {params.data:q} --train "
        "--threads {threads} --out {output:q} >> {log:q} 2>&1"


rule hash_part:
    """A prepared dataset and the trained hash -> the binary codes of one part."""
    input:
        data=INPUTS.stamp("data/{name}"),
        trained=f"{OUT}/parts/hash/{{name}}",
    output:
        temp(directory(f"{OUT}/parts/codes/{{name}}/{{scatteritem}}")),
    log:
        f"{OUT}/logs/hash_part/{{name}}-{{scatteritem}}.log",
    benchmark:
        f"{OUT}/benchmarks/hash_part/{{name}}-{{scatteritem}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    params:
        spec=f"{OUT}/specs/dedup/{{name}}.json",
        data=f"{OUT}/data/{{name}}",
        recipe=INPUTS.parts_recipe("dedup"),
    shell:
        "python -m data_prep.dedup --spec {params.spec:q} --data {params.data:q} "
        "--trained {input.trained:q} --shard {wildcards.scatteritem:q} "
        "--threads {threads} --out {output:q} >> {log:q} 2>&1"
