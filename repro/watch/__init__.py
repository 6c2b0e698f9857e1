"""What a person sees of a run while it goes on: the terminal, and results/<run>/progress.html.

The Snakefile calls `snakemake_log.show`; `closing` has the last words of a run.
"""
