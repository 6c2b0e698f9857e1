"""Section 4.1.1 of the paper: near-duplicates by a hash, and a tool (python -m repro dedup FOLDER).

`deduplicate` (folder.py) works on a folder of images, `train_autoencoder` (training.py) trains
the hash, `find_removal` (removal.py) groups equal or near codes.
"""
