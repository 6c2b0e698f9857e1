"""All results of a run -> its report."""


rule report:
    """Datasets, models, measurements and figures -> index.html, report.md and claims.csv."""
    input:
        INPUTS.reported,
    output:
        INPUTS.stamp("report"),
    log:
        f"{OUT}/logs/report.log",
    benchmark:
        f"{OUT}/benchmarks/report.tsv"
    localrule: True  # takes seconds, less than a cluster needs to start a job
    conda:
        "../environment.yml"
    params:
        run=lambda wildcards: OUT,
        spec=str(RUN.report_spec),
        experiments=os.path.relpath(BASE / "experiments"),
        out=f"{OUT}/report",
    shell:
        "python -m repro.report --run {params.run:q} --spec {params.spec:q} --experiments "
        "{params.experiments:q} --out {params.out:q} >> {log:q} 2>&1 && touch {output:q}"
