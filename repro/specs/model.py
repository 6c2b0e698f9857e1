"""The typed spec of a model, which the pipeline passes to the training and the model folder keeps.

A run file (repro.specs.run_file) says more about a model: how often it is trained, and from which
seed. network.py and training.py define the fields of the two parts, with the paper's values as
defaults. Alone: `ModelSpec(data="bedrooms")`, the paper's bedroom model.
"""

from pydantic import Field

from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec
from repro.specs.validation import Strict


class ModelSpec(Strict):
    """A model of a run: a preset, the dataset for its training, and its differences from both."""

    data: str = Field(description="name of the dataset it is trained on")
    preset: str = Field("paper_64", description="name of a file in config/presets")
    deduplicated: bool = Field(
        False, description="leave out what the dataset's hash removed (paper §4.1.1: of bedrooms)"
    )
    network: NetworkSpec = NetworkSpec()
    training: TrainingSpec = TrainingSpec()
