"""Everything a run has made -> its report."""


rule report:
    """Datasets, models, measurements and figures -> index.html, report.md and claims.csv."""
    input:
        spec=f"{OUT}/specs/report.json",
        folders=INPUTS.reported,
        models=expand(f"{OUT}/models/{{name}}", name=SPEC.models),
        texts=[
            from_here(BASE / "experiments" / experiment.name / file)
            for experiment in RUN.experiments
            for file in ("experiment.yaml", "README.md")
        ],
        code=code("repro.report") + templates(),
    output:
        directory(f"{OUT}/report"),
    log:
        f"{OUT}/logs/report.log",
    benchmark:
        f"{OUT}/benchmarks/report.tsv"
    localrule: True  # seconds: less than a cluster takes to start a job
    conda:
        "../environment.yml"
    params:
        run=lambda w, output: str(Path(output[0]).parent),
        experiments=lambda w, input: str(Path(input.texts[0]).parents[1]),
    shell:
        "python -m repro.report --run {params.run:q} --spec {input.spec:q} "
        "--experiments {params.experiments:q} --out {output:q} >> {log:q} 2>&1"
