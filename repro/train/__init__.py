"""Section 4 of the paper: the training of a DCGAN (python -m repro.train).

`train` (loop.py) turns a dataset folder into a model folder; `Trainer` (trainer.py) has the step.
"""
