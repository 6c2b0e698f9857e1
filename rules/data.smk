"""Raw data -> prepared datasets -> the hash of each that finds near-duplicates (section 4.1.1)."""


rule draw_world:
    """A world's spec -> raw data drawn by program, in the layout of an official dataset."""
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
    priority: INPUTS.world_priority
    conda:
        "../environment.yml"
    shell:
        "python -m data_prep.generate --spec {input.spec:q} --out {output:q} >> {log:q} 2>&1"


rule prepare_dataset:
    """Raw images -> a prepared dataset: images.npy, labels, keys, and what was skipped and why.

    With --set-scatter it joins parts (parts.smk) to the bytes that one job would have written.
    """
    input:
        spec=f"{OUT}/specs/datasets/{{name}}.json",
        raw=INPUTS.raw,
        parts=PARTS["data"],
        code=lambda w: code("data_prep.prepare", *RUN.source_modules(w.name)),
    output:
        directory(f"{OUT}/data/{{name}}"),
    log:
        f"{OUT}/logs/prepare_dataset/{{name}}.log",
    benchmark:
        f"{OUT}/benchmarks/prepare_dataset/{{name}}.tsv"
    priority: INPUTS.data_priority
    conda:
        "../environment.yml"
    threads: 1
    params:
        parts="--parts" if PARTS["data"] else [],
        # not an output: a job that was killed goes on from here
        state=f"{OUT}/state/data/{{name}}",
    shell:
        "python -m data_prep.prepare --spec {input.spec:q} --raw {input.raw:q} "
        "{params.parts} {input.parts:q} --state {params.state:q} "
        "--workers {threads} --out {output:q} >> {log:q} 2>&1"


rule dedup_dataset:
    """A prepared dataset -> its images' binary codes, groups of near-duplicates, rows to keep.

    With --set-scatter it joins the codes of parts (parts.smk), hashed by one trained hash.
    """
    input:
        spec=f"{OUT}/specs/dedup/{{name}}.json",
        data=f"{OUT}/data/{{name}}",
        trained=f"{OUT}/parts/hash/{{name}}" if PARTS["codes"] else [],
        parts=PARTS["codes"],
        code=code("data_prep.dedup"),
    output:
        directory(f"{OUT}/dedup/{{name}}"),
    log:
        f"{OUT}/logs/dedup_dataset/{{name}}.log",
    benchmark:
        f"{OUT}/benchmarks/dedup_dataset/{{name}}.tsv"
    priority: INPUTS.data_priority
    conda:
        "../environment.yml"
    threads: 1
    params:
        trained="--trained" if PARTS["codes"] else [],
        parts="--parts" if PARTS["codes"] else [],
    shell:
        "python -m data_prep.dedup --spec {input.spec:q} --data {input.data:q} "
        "{params.trained} {input.trained:q} {params.parts} {input.parts:q} "
        "--threads {threads} --out {output:q} >> {log:q} 2>&1"
