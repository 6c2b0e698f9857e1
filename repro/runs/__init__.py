"""Run files (config/*.yaml) resolved: datasets, models, experiments and the inputs of each step.

`load_run` (load.py) returns a `Run` (run.py).
"""
