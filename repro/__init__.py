"""The library of the reproduction, one package for each subject; README.md lists them.

It imports nothing from data_prep/ or experiments/, which only repro/runs/extensions.py finds by
name, and a package imports only from packages below it (pyproject.toml, tool.importlinter). Begin
with `ImageStore` (repro.data.store), `train` (repro.train.loop) and `ModelFolder`
(repro.networks.model_folder).
"""
