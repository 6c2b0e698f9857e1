"""Measurements of speed: ours next to a reference, alternating in one run, on synthetic data.

Each module that defines `run` is a bench: its name is the bench's, the first line of its docstring
describes it, and it has `add_arguments(parser)` and `run(given)`, which returns the record that is
printed. A new bench is one new file here. `python -m repro bench` lists them.
"""
