"""The typed spec of a model: the pipeline hands it to the training, the model folder keeps it.

A run file (repro.specs.run_file) says more of a model: how often it is trained, and from which
seed. What the fields of the two parts mean, and the paper's values as defaults: network.py and
training.py. Alone: `ModelSpec(data="bedrooms")`, the paper's bedroom model.
"""

from pydantic import Field

from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec
from repro.specs.validation import Strict


class ModelSpec(Strict):
    """A model of a run: a preset, the dataset it is trained on, and what differs from both."""

    data: str = Field(description="name of the dataset it is trained on")
    preset: str = Field("paper_64", description="name of a file in config/presets")
    deduplicated: bool = Field(
        False, description="leave out what the dataset's hash removed (paper §4.1.1: of bedrooms)"
    )
    network: NetworkSpec = NetworkSpec()
    training: TrainingSpec = TrainingSpec()
