"""The networks that the paper's authors released, read without unpickling.

`released_networks` (networks.py) reads a folder of theirs; python -m repro released FOLDER lists
it.
"""
