"""Generators and discriminators, trained ones on disk included.

`Generator` and `Discriminator` (dcgan.py, Fig 1 of the paper), `ModelFolder` and `draw`
(model_folder.py), `build_generator` (build.py) for any spec.
"""
