"""Raw data -> prepared datasets -> their hash codes, which find near-duplicates (section 4.1.1)."""


rule draw_world:
    """A world's spec -> synthetic raw data, in the layout of an official dataset."""
    output:
        INPUTS.stamp("raw/{name}"),
    log:
        f"{OUT}/logs/draw_world/{{name}}.log",
    benchmark:
        f"{OUT}/benchmarks/draw_world/{{name}}.tsv"
    priority: INPUTS.world_priority
    conda:
        "../environment.yml"
    params:
        spec=f"{OUT}/specs/worlds/{{name}}.json",
        out=f"{OUT}/raw/{{name}}",
    shell:
        "python -m data_prep.generate --spec {params.spec:q} --out {params.out:q} >> {log:q} 2>&1 "
        "&& touch {output:q}"


rule prepare_dataset:
    """Raw images -> a prepared dataset: images.npy, labels, keys, and the skipped records with reasons.

    With --set-scatter it joins parts (parts.smk) to the bytes that one job would have written.
    """
    input:
        world=INPUTS.raw,
        parts=PARTS["data"],
    output:
        INPUTS.stamp("data/{name}"),
    log:
        f"{OUT}/logs/prepare_dataset/{{name}}.log",
    benchmark:
        f"{OUT}/benchmarks/prepare_dataset/{{name}}.tsv"
    priority: INPUTS.data_priority
    conda:
        "../environment.yml"
    threads: 1
    params:
        spec=f"{OUT}/specs/datasets/{{name}}.json",
        raw=INPUTS.raw_folder,
        parts="--parts" if PARTS["data"] else [],
        # a job that was killed continues from here
        state=f"{OUT}/state/data/{{name}}",
        out=f"{OUT}/data/{{name}}",
    shell:
        "python -m data_prep.prepare --spec {params.spec:q} --raw {params.raw:q} "
        "{params.parts} {input.parts:q} --state {params.state:q} "
        "--workers {threads} --out {params.out:q} >> {log:q} 2>&1 && touch {output:q}"


rule dedup_dataset:
    """A prepared dataset -> its images' binary codes, groups of near-duplicates, rows to keep.

    With --set-scatter it joins the codes of parts (parts.smk), hashed by one trained hash.
    """
    input:
        data=INPUTS.stamp("data/{name}"),
        trained=f"{OUT}/parts/hash/{{name}}" if PARTS["codes"] else [],
        parts=PARTS["codes"],
    output:
        INPUTS.stamp("dedup/{name}"),
    log:
        f"{OUT}/logs/dedup_dataset/{{name}}.log",
    benchmark:
        f"{OUT}/benchmarks/dedup_dataset/{{name}}.tsv"
    priority: INPUTS.data_priority
    conda:
        "../environment.yml"
    threads: 1
    params:
        spec=f"{OUT}/specs/dedup/{{name}}.json",
        data=f"{OUT}/data/{{name}}",
        trained="--trained" if PARTS["codes"] else [],
        parts="--parts" if PARTS["codes"] else [],
        out=f"{OUT}/dedup/{{name}}",
    shell:
        "python -m data_prep.dedup --spec {params.spec:q} --data {params.data:q} "
        "{params.trained} {input.trained:q} {params.parts} {input.parts:q} "
        "--threads {threads} --out {params.out:q} >> {log:q} 2>&1 && touch {output:q}"
