"""Typed values of networks, trainings and runs; the paper's values are the defaults.

`NetworkSpec` (network.py), `TrainingSpec` (training.py) and `RunSpec` (run_file.py).
"""
