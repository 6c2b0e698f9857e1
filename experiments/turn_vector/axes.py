"""The axes that a run can follow: those that its options name and its faces have labels for.

Part of measure.py. An axis is one label field with two ends, "pose <= -0.5" and "pose >= 0.5".
"""

from dataclasses import dataclass

import numpy as np

from experiments.turn_vector.options import Axis
from repro.data.store import ImageStore
from repro.internals.attribute_classifier import parse_condition
from repro.specs.validation import SpecError


@dataclass(frozen=True)
class Axes:
    """The axes of a run, that of Fig 8 first."""

    ends: dict[str, Axis]
    fields: tuple[str, ...]  # the label field of each
    middles: np.ndarray  # (A,) half-way between the numbers of the two ends, in label units
    remark: str  # why the first is not the requested one, or ""

    @property
    def names(self) -> list[str]:
        return list(self.ends)

    @property
    def expressions(self) -> dict[str, str]:
        """Two attributes per axis, its ends: columns 2 a and 2 a + 1 of the chooser."""
        return {
            f"{name}, {side}": getattr(axis, side)
            for name, axis in self.ends.items()
            for side in ("left", "right")
        }

    def values(self, store: ImageStore) -> np.ndarray:
        """The label of every axis: float64 (N, A)."""
        return np.stack([store.label(field).astype(np.float64) for field in self.fields], axis=1)


def axes_of_run(store: ImageStore, axes: dict[str, Axis], *, turn: str, given: bool) -> Axes:
    """The axes that can be followed on these faces.

    turn: the axis of Fig 8. given: the run file names the axes, and all must be labelled; otherwise
    StoreError lists the labels. Without it the labelled default axes are used; where none is
    labelled, the first label that varies, between its lower and upper quarter. Raises SpecError for
    an axis on two fields, and for faces without any label.
    """
    ends, remark = dict(axes), ""
    fields = {name: _field(name, axis) for name, axis in ends.items()}
    if not given:
        labelled = store.manifest["label_fields"]
        ends = {name: axis for name, axis in ends.items() if fields[name] in labelled}
        ends = ends or _first_label(store)
        if turn not in ends:
            remark = f"the data have no label '{turn}'"
            turn = next(iter(ends))
    ordered = {turn: ends.pop(turn), **ends}
    for name, axis in ordered.items():
        store.label(_field(name, axis))  # StoreError names the labels there are
    numbers = [
        (parse_condition(axis.left).number, parse_condition(axis.right).number)
        for axis in ordered.values()
    ]
    own_fields = tuple(_field(name, axis) for name, axis in ordered.items())
    return Axes(ordered, own_fields, np.mean(numbers, axis=1), remark)


def _field(name: str, axis: Axis) -> str:
    key = f"experiments.turn_vector.axes.{name}"
    try:
        left, right = parse_condition(axis.left), parse_condition(axis.right)
    except ValueError as error:
        raise SpecError(f"{key}: {error}") from None
    if left.field != right.field:
        raise SpecError(
            f"{key}: left is on '{left.field}' and right on "
            f"'{right.field}'; expected the two ends of one field"
        )
    return left.field


def _first_label(store: ImageStore) -> dict[str, Axis]:
    """An axis on the first label with at least two values, between its outer quarters."""
    for field in store.manifest["label_fields"]:
        values = store.label(field).astype(np.float64)
        low, high = np.quantile(values, [0.25, 0.75])
        if low == high:  # most have one value: the ends are its two extremes
            low, high = values.min(), values.max()
        if low < high:
            # all digits: a rounded end would leave out the images that lie on it
            below, above = (np.format_float_positional(end, trim="-") for end in (low, high))
            return {field: Axis(left=f"{field} <= {below}", right=f"{field} >= {above}")}
    raise SpecError(
        f"{store.folder}: Fig 8 needs faces with a label that varies, such as pose; found "
        f"{', '.join(store.manifest['label_fields']) or 'no labels'}; label them, or take the "
        "role faces out of the run"
    )
