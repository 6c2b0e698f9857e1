"""Generators and discriminators, including trained ones on disk.

`Generator` and `Discriminator` (dcgan.py, Fig 1 of the paper), `ModelFolder` and `draw`
(model_folder.py), `build_generator` (build.py) for any spec.
"""
