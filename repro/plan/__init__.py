"""How long a run takes on this machine, and what of it fits into a number of hours.

A command (python -m repro.plan --config FILE); `plan` does its work.
"""
