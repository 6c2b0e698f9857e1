"""Claims, measurements and verdicts: what the paper states, what a run found, how the two compare.

`read_card` (card.py), `Measurement` (measurement.py) and `judge` (verdict.py); intervals.py has
the intervals.
"""
