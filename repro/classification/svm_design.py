"""The matrix of an L2-SVM, including its constant column, and the two products with it.

Where in the flow: repro.classification.svm_solver and svm_preconditioner read X through it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Design:
    """The matrix of the products: X (n, d) and a constant column, never joined (no copy)."""

    X: Tensor  # (n, d) float32 or float64, on the device of the computation
    constant: float  # value of the constant feature whose weight is the bias; 0 = none

    def scores(self, W: Tensor) -> Tensor:
        """W (k, d + 1) float64 -> f (n, k) float64."""
        f = (self.X @ W[:, :-1].to(self.X.dtype).T).double()
        return f + self.constant * W[:, -1]

    def combine(self, A: Tensor) -> Tensor:
        """A (n, k) float64 -> sum_i A_i (x_i, constant), (k, d + 1) float64."""
        # G.T @ X, not X.T @ G: the latter is 7 to 10 times slower on a CPU
        W = (A.to(self.X.dtype).T.contiguous() @ self.X).double()
        return torch.cat([W, self.constant * A.sum(0)[:, None]], dim=1)
