"""The library of the reproduction: networks, training, hashing, features, figures, report.

Nothing here knows the folders of the pipeline, and nothing here imports from data_prep/ or
experiments/: every module can be lifted out and used on its own.
"""
