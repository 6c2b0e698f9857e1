"""Typed values of networks, trainings and runs; the paper's values are the defaults.

`ModelSpec` (model.py), `DatasetSpec` (dataset.py) and `RunSpec` (run_file.py).
"""
