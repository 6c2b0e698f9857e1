"""Datasets and models -> numbers -> figures and tables: two rules for each experiment folder.

`snakemake NAME` runs the experiment NAME with everything it needs. `all` does not run an experiment
with `on_request: true` in its card; requested by name, it brings the report up to date as well.
"""

for experiment in RUN.runnable:

    rule:
        """The inputs named in the card -> measurements.json and arrays for the figures."""
        name:
            f"measure_{experiment.name}"
        input:
            INPUTS.stamps(*experiment.inputs.values()),
        output:
            INPUTS.stamp(f"experiments/{experiment.name}/measured"),
        log:
            f"{OUT}/logs/measure/{experiment.name}.log",
        benchmark:
            f"{OUT}/benchmarks/measure/{experiment.name}.tsv"
        priority: INPUTS.measuring_priority(experiment)
        conda:
            "../environment.yml"
        threads: 1
        params:
            module=f"experiments.{experiment.name}.measure",
            spec=str(RUN.spec_file("experiments", experiment.name)),
            inputs=experiment.input_arguments,
            # a measurement that was killed continues from here
            state=f"{OUT}/state/measure/{experiment.name}",
            out=f"{OUT}/experiments/{experiment.name}/measured",
        shell:
            "python -m {params.module:q} --spec {params.spec:q} {params.inputs:q} --state "
            "{params.state:q} --threads {threads} --out {params.out:q} >> {log:q} 2>&1 "
            "&& touch {output:q}"

    rule:
        """Measured numbers and arrays -> the figures and tables under the paper's numbers."""
        name:
            f"draw_{experiment.name}" if experiment.card.on_request else experiment.name
        input:
            INPUTS.stamp(f"experiments/{experiment.name}/measured"),
        output:
            made=INPUTS.stamp(f"experiments/{experiment.name}/figures"),
            out=report(
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
        localrule: True  # takes seconds, less than a cluster needs to start a job
        conda:
            "../environment.yml"
        params:
            module=f"experiments.{experiment.name}.figure",
            style=str(RUN.spec_file("styles", experiment.name)),
            measured=f"{OUT}/experiments/{experiment.name}/measured",
            title=experiment.card.title,
            captions=experiment.card.captions,
        shell:
            "python -m {params.module:q} --spec {params.style:q} --measured {params.measured:q} "
            "--out {output.out:q} >> {log:q} 2>&1 && touch {output.made:q}"


for experiment in [e for e in RUN.runnable if e.card.on_request]:

    rule:
        """The experiment and the report that shows it.

        The report alone would not do: Snakemake makes no missing input of a file that is there.
        """
        name:
            experiment.name
        input:
            INPUTS.stamp("report"),
            INPUTS.stamp(f"experiments/{experiment.name}/figures"),
