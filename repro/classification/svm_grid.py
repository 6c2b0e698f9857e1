"""The values of C that the authors try: their svhn_semisup_analysis.py, where it is not extended.

The paper gives none for CIFAR-10, so the experiments begin with these there too. The values are not
in repro.classification.few_labels, so that a run file is checked without loading PyTorch.
"""

AUTHORS_GRID = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2)
