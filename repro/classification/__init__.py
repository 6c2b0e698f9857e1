"""Section 5 of the paper: D's features and the classifiers that are compared with them.

Begin with `discriminator_features` (discriminator_features.py), `L2SVC` (svm.py) and
`choose_and_test` (few_labels.py, the protocol of Table 2).
"""
