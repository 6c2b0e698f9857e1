"""Predict how long a run takes on this machine, and what fits into a number of hours.

It is a command (python -m repro plan FILE). Begin with `image_counts` (counts.py),
`measure_training` (rates.py) and `CostInputs` (costs.py), which the cost.py of an experiment uses.
"""
