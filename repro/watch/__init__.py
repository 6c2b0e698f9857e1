"""Show a run while it is going on: in the terminal, and in results/<run>/progress.html.

The Snakefile calls `snakemake_log.show`; `closing_text` has the final messages of a run.
"""
