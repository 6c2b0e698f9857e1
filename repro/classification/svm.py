"""L2-SVM for many samples of many features: scikit-learn's LinearSVC without its copies.

The paper's classifier (§5.1, §5.2) is a linear SVM with squared hinge and L2 penalty, one against
the rest: LinearSVC's defaults in the authors' SVHN script. At 50,000 x 28,672 LinearSVC needs
float64 copies of X (40 GB); `L2SVC` minimises the same objective directly from X in memory or on
disk, float32 or float64. A test compares the two.

    svm = L2SVC(C=1e-3).fit(X, y);  svm.predict(X_test)
    for fitted in L2SVC().path(X, y, [1e-4, 1e-3, 1e-2]): ...    # a grid, each from the one before

It reads arrays and knows nothing of images; `python -m repro bench svm` times it against LinearSVC.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from repro.classification.svm_design import Design
from repro.classification.svm_preconditioner import Sample, sample_of
from repro.classification.svm_solver import Solution, minimise

# Rows of the preconditioner, measured on features of discriminators (experiments/LOG.md). A factor
# of m rows costs m^3 / 3 operations per class, an iteration on n rows of d features about 4 n d. Up
# to FEW sqrt(d) rows all are used: Newton steps, few of them. With more rows, the number is chosen
# so that a factor costs as much as an iteration, and is at most MOST.
FEW, MOST = 12, 1_000


class L2SVC(ClassifierMixin, BaseEstimator):
    """Linear SVM, squared hinge, L2 penalty, one against the rest (paper §5; LinearSVC).

    Minimises 0.5 |w|^2 + 0.5 b^2 + C sum max(0, 1 - y (w x + b))^2 per class: the bias b is
    regularised, as LinearSVC's.

    Parameters
    ----------
    C : weight of the loss, > 0.
    tol : fit until the duality gap is at most tol times the objective, for every class; then the
        objective is within tol (relative) of its minimum.
    max_iter : L-BFGS iterations (two passes over X each); when they do not suffice, a
        ConvergenceWarning states the remaining gap.
    sample : rows of the preconditioner (repro.classification.svm_preconditioner): more rows need
        more memory and time per iteration, fewer need more iterations; 0 for none, None: chosen
        by the size of X.
    device : "cpu" or "cuda"; all of X is moved there.

    Attributes: classes_, coef_ (classes, features), intercept_ (classes,), n_iter_ (on X),
    objective_ and gap_ (classes,). For two classes there is one row instead of two.
    """

    def __init__(
        self,
        *,
        C: float = 1.0,
        tol: float = 1e-5,
        max_iter: int = 2_000,
        sample: int | None = None,
        device: str = "cpu",
    ) -> None:
        self.C = C
        self.tol = tol
        self.max_iter = max_iter
        self.sample = sample
        self.device = device

    def fit(self, X: Any, y: Any) -> "L2SVC":
        """Fit to X (n, d) float32 or float64 (other types become float64) and labels y (n,)."""
        problem = self._problem(X, y)
        return self._keep(problem.solve(self, C=self.C))

    def path(self, X: Any, y: Any, Cs: Sequence[float]) -> Iterator["L2SVC"]:
        """Yield one fitted copy for each C in the order given, preferably ascending.

        X is checked and its preconditioner computed once; each fit starts from the previous one.
        """
        problem = self._problem(X, y)
        start: Tensor | None = None
        for C in Cs:
            fitted = clone(self).set_params(C=C)
            fitted.n_features_in_, fitted.classes_ = self.n_features_in_, self.classes_
            solution = problem.solve(fitted, C=C, start=start)
            start = solution.W
            yield fitted._keep(solution)

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores (n, classes); (n,) for two classes."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float32, np.float64], reset=False)
        coef = torch.from_numpy(self.coef_.astype(X.dtype, copy=False))
        scores = (_as_tensor(X) @ coef.T).numpy() + self.intercept_
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> np.ndarray:
        """Label of the highest score, (n,)."""
        scores = self.decision_function(X)
        index = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[index]

    def _problem(self, X: Any, y: Any) -> "_Problem":
        if not self.C > 0:
            raise ValueError(f"C must be positive, found C={self.C!r}")
        X, y = validate_data(self, X, y, dtype=[np.float32, np.float64])
        check_classification_targets(y)
        self.classes_, index = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"L2SVC needs samples of at least 2 classes, found 1 class: {self.classes_[0]!r}"
            )
        columns = 1 if len(self.classes_) == 2 else len(self.classes_)
        positive = np.arange(columns) + (columns == 1)
        targets = torch.from_numpy(np.where(index[:, None] == positive, 1.0, -1.0))
        design = Design(_as_tensor(X).to(self.device))
        return _Problem(design, targets.to(self.device), self._sample(design))

    def _sample(self, design: Design) -> Sample | None:
        size = sample_size(*design.X.shape) if self.sample is None else self.sample
        return sample_of(design, size=size) if size else None

    def _keep(self, solution: Solution) -> "L2SVC":
        """Store a solution as scikit-learn's attributes; warn when it has not converged."""
        relative = float((solution.gap / solution.objective).max())
        if relative > self.tol:
            warnings.warn(
                f"L2SVC(C={self.C:g}) stopped after {solution.iterations} iterations at a relative "
                f"duality gap of {relative:.2g}, above tol={self.tol:g}: the objective is within "
                f"{relative:.2g} of its minimum. Raise max_iter or tol, or pass float64 data.",
                ConvergenceWarning,
                stacklevel=3,
            )
        W = solution.W.cpu().numpy()
        self.coef_ = W[:, :-1].copy()
        self.intercept_ = W[:, -1].copy()
        self.n_iter_ = max(1, solution.iterations)
        self.objective_ = solution.objective.cpu().numpy()
        self.gap_ = solution.gap.cpu().numpy()
        return self


def sample_size(n: int, d: int) -> int:
    """Rows of the preconditioner for X (n, d)."""
    if n <= FEW * d**0.5:
        return n
    return min(MOST, round((12 * n * d) ** (1 / 3)))


@dataclass(frozen=True)
class _Problem:
    """Checked data of a fit: the design, targets (n, k), and the preconditioner's sample."""

    design: Design
    targets: Tensor
    sample: Sample | None

    def solve(self, svm: L2SVC, *, C: float, start: Tensor | None = None) -> Solution:
        """The solution from `start` (classes, features + 1), or from 0."""
        if start is None:
            shape = (self.targets.shape[1], self.design.X.shape[1] + 1)
            start = torch.zeros(shape, dtype=torch.float64, device=self.design.X.device)
        return minimise(
            self.design,
            self.targets,
            C=C,
            start=start,
            tol=svm.tol,
            max_iter=svm.max_iter,
            sample=self.sample,
        )


def _as_tensor(X: np.ndarray) -> Tensor:
    """Tensor that shares the memory of X; it is copied only for negative strides."""
    if any(stride < 0 for stride in X.strides):
        X = np.ascontiguousarray(X)
    with warnings.catch_warnings():
        # read-only memory maps: this module never writes to X
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(X)
