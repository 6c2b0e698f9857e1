"""Section 4.1.1 of the paper: near-duplicates by a hash, and a tool (python -m repro dedup FOLDER).

`deduplicate` (folder.py) for a folder of images, `train_autoencoder` (autoencoder.py) for the
hash alone, `find_removal` (removal.py) for groups of equal or near codes.
"""
