"""The authors' values of C, from their svhn_semisup_analysis.py, which does not extend the grid.

The paper gives none for CIFAR-10, so the experiments there begin with these too. They are not in
repro.classification.few_labels, so that a run file is checked without loading PyTorch.
"""

AUTHORS_GRID = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2)
