"""Section 6 of the paper: what G and D have learnt, and the classifiers that judge it.

Begin with `walk` (latent.py), `guided_gradient` (guided_backprop.py), `hidden_maps` and
`drawn_from` (drop_maps.py).
"""
