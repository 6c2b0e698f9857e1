"""Show a run in progress: in the terminal, and in results/<run>/progress.html.

The Snakefile calls `snakemake_log.show`; `closing_text` has the final messages of a run.
"""
