"""Claims, measurements and verdicts: what the paper states, what a run found, how the two compare.

`read_card` (card.py), `Measurement` (measurement.py), `ground_of` (ground.py) and `judge`
(verdict.py). constructors.py makes measurements, with the intervals of intervals.py.
"""
