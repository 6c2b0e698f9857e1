"""The chart of accuracy against the GAN's training has Wilson's intervals on held-out images."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer

from experiments.cifar10_svm.charts import _draw_progress


def test_the_intervals_are_wilsons_and_none_vanishes() -> None:
    """All of 20 right: Wilson [83.89, 100]; half: [29.93, 70.07]. Values from tables."""
    _, axes = plt.subplots()
    arrays = {
        "progress_epochs": np.array([1.0, 2.0]),
        "progress_accuracies": np.array([50.0, 100.0]),
        "held_out": np.array(20),
    }
    _draw_progress(axes, {}, arrays)
    (drawn,) = (one for one in axes.containers if isinstance(one, ErrorbarContainer))
    (segments,) = (lines.get_segments() for lines in drawn.lines[2])
    ends = [segment[:, 1].tolist() for segment in segments]
    assert ends == [pytest.approx([29.93, 70.07], abs=0.01), pytest.approx([83.89, 100], abs=0.01)]
    plt.close()
