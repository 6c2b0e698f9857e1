"""Names of verify_authors' numbers, for measure.py, which computes them, and figure.py.

Alone: `number_name("cifar10", "accuracy", "released", 4)`.
"""

OF_RELEASED = ("released", "released_standardised")  # rows of the released weights


def number_name(data: str, quantity: str, row: str, layers: int) -> str:
    """E.g. cifar10_accuracy_4_layers, cifar10_accuracy_random: the layers are in the name.

    Prevents mistaking a number of fewer layers for the paper's, which uses all of them.
    """
    suffix = row.replace("released", f"{layers}_layers") if row in OF_RELEASED else row
    return f"{data}_{quantity}_{suffix}"
