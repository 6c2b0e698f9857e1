"""Section 4 of the paper: the training of a DCGAN (python -m repro.train).

`train` (loop.py) from a dataset folder to a model folder, `Trainer` (trainer.py) for the step.
"""
