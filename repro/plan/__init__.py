"""How long a run takes on this machine, and what of it fits into a number of hours.

A command (python -m repro plan FILE). `image_counts` (counts.py), `measure_training`
(rates.py) and `Known` (costs.py), which the cost.py of an experiment asks.
"""
