"""The matrix of an L2-SVM, including its column of ones for the bias, and the two products with it.

Where in the flow: repro.classification.svm_solver and svm_preconditioner read X through it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

# On a CPU, PyTorch's products of a wide X and few columns take twice as long as in blocks of rows;
# with narrow ones there is little to gain (experiments/LOG.md).
WIDE = 4_096  # features
ROWS_OF_SCORES, ROWS_COMBINED = 256, 16


@dataclass(frozen=True)
class Design:
    """The matrix of the products: X (n, d) and a column of ones, never joined (no copy)."""

    X: Tensor  # (n, d) float32 or float64, on the device of the computation

    def scores(self, W: Tensor) -> Tensor:
        """W (k, d + 1) float64 -> f (n, k) float64."""
        V = W[:, :-1].to(self.X.dtype)
        if self._in_blocks(len(W)):
            f = torch.cat(
                [V @ rows.T for rows in self.X.split(ROWS_OF_SCORES)], dim=1
            ).T.contiguous()
        else:
            f = self.X @ V.T
        return f.double() + W[:, -1]

    def combine(self, A: Tensor) -> Tensor:
        """A (n, k) float64 -> sum_i A_i (x_i, 1), (k, d + 1) float64."""
        # G @ X, not X.T @ G.T: the latter is 7 to 10 times slower on a CPU
        G = A.to(self.X.dtype).T.contiguous()
        if self._in_blocks(len(G)):
            W = G.new_zeros(len(G), self.X.shape[1])
            blocks = zip(G.split(ROWS_COMBINED, dim=1), self.X.split(ROWS_COMBINED), strict=True)
            for weights, rows in blocks:
                W.addmm_(weights, rows)
        else:
            W = G @ self.X
        return torch.cat([W.double(), A.sum(0)[:, None]], dim=1)

    def _in_blocks(self, columns: int) -> bool:
        return self.X.device.type == "cpu" and self.X.shape[1] >= WIDE and columns > 1
