"""Resume states of a training: step_NNNNNNNN.pt, the last two, each whole or absent.

Where in the flow: the loop (repro.train.loop) saves a state every `checkpoint_every` minibatches in
the state folder and starts from the newest readable one.
"""

import zipfile
from pathlib import Path
from typing import Any

import torch

from repro.networks.model_folder import CheckpointError

KEPT_STATES = 2


def save_state(folder: Path, step: int, state: dict[str, Any]) -> None:
    """Write the resume state after minibatch `step`; the last two are kept.

    Raises CheckpointError when it cannot be written; earlier states are unchanged.
    """
    path = folder / f"step_{step:08d}.pt"
    temporary = path.with_suffix(".partial")
    try:
        torch.save({"step": step, **state}, temporary)
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        temporary.unlink(missing_ok=True)
        failed = CheckpointError(
            f"could not write the resume state {path}: {error}; earlier states are intact: "
            "free some space and start the same command again"
        )
        failed.lost_in_a_log = True
        raise failed from error
    for old in sorted(folder.glob("step_*.pt"))[:-KEPT_STATES]:
        old.unlink()


def latest_state(folder: Path, device: torch.device) -> dict[str, Any] | None:
    """The newest readable resume state in `folder`, or None where there is none at all.

    An unreadable state is skipped in favour of the one before it; raises CheckpointError when there
    are states but all are unreadable.
    """
    states = sorted(folder.glob("step_*.pt"), reverse=True)
    for path in states:
        try:
            _refuse_flipped_bits(path)
            return torch.load(path, map_location=device, weights_only=True)
        except Exception as error:  # torch raises many kinds for a damaged file
            reason = error
        print(f"{path} cannot be read ({reason}) and is skipped", flush=True)
    if states:
        raise CheckpointError(
            f"no resume state in {folder} can be read ({reason}); delete the folder to start anew"
        )
    return None


def _refuse_flipped_bits(path: Path) -> None:
    """Compare a state's parts with their CRC-32, which torch.load itself does not check."""
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():
            raise CheckpointError(f"{damaged} in it has other bytes than were written")
