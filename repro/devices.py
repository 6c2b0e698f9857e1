"""The processor or GPU that a step computes on, by the name a user gives it.

Where in the flow: training, the experiments that compute much, and the benches.
"""

import torch

from repro.validation import SpecError


def chosen_device(name: str) -> torch.device:
    """auto (a GPU if there is one), cpu or cuda. Raises SpecError for cuda where there is none."""
    if name == "cuda" and not torch.cuda.is_available():
        raise SpecError("device cuda: PyTorch finds no GPU here; use device cpu or auto")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def device_words(device: torch.device) -> str:
    """The GPU's own name, or cpu: for the record of a bench."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def wait_for(device: torch.device) -> None:
    """Until a GPU has done all it was given; before a clock is read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
