"""The report of a run: one page, the same as Markdown, claims and ledger as CSV.

`build_report` (build.py), `read_run` (results.py), `compared` (compare.py) for two runs.
"""
