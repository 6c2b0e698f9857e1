"""The library of the reproduction, one package for each subject; README.md lists them.

It knows no folder of the pipeline and imports nothing from data_prep/ or experiments/. Begin with
`ImageStore` (repro.data.store), `train` (repro.train.loop) and `ModelFolder`
(repro.networks.model_folder).
"""
