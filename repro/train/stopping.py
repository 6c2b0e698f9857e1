"""Ctrl-C and SIGTERM in a training: finish the minibatch and save the state before ending.

Where in the flow: repro.train.loop checks after every minibatch. Several processes that train
together agree on the minibatch; repro.train.together passes a signal on to all of them. A second
signal ends a training in one process at once; among several it changes nothing, since one Ctrl-C
may reach a process twice, and torchrun kills processes that have not ended within half a minute.
"""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import torch

from repro.errors import StoppedError
from repro.train.processes import Processes

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ASKED_EVERY = 10  # minibatches, where the check makes a GPU wait


class Stopping:
    """Whether, and by which signal, the process has been asked to stop; 0: by none."""

    number = 0

    def agreed(self, done: int, processes: Processes, device: torch.device) -> int:
        """The signal by which all processes end after minibatch `done`; 0: they continue."""
        if processes.size > 1 and device.type != "cpu" and done % ASKED_EVERY:
            return 0
        return processes.largest(self.number, device)


def stopped(number: int, done: int, processes: Processes) -> BaseException:
    """The error that ends the training after minibatch `done`, whose state has been saved.

    The first process reports it; the others end silently.
    """
    words = f"stopped at minibatch {done}; the same command continues from there"
    stop = StoppedError(words, signal_number=number)
    return stop if processes.first else SystemExit(stop.status)


@contextmanager
def stopping(*, alone: bool) -> Iterator[Stopping]:
    """Within the block signals are only noted; alone, without other processes, only the first."""
    noted = Stopping()
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    # ignored signals stay ignored: a training in the background of a shell
    before = {one: signal.getsignal(one) for one in SIGNALS}
    kept = {one: handler for one, handler in before.items() if handler is not signal.SIG_IGN}

    def note(number: int, frame: FrameType | None) -> None:
        noted.number = number
        if alone:
            _restore(kept)

    for one in kept:
        signal.signal(one, note)
    try:
        yield noted
    finally:
        _restore(kept)


def _restore(handlers: Mapping[signal.Signals, object]) -> None:
    for one, handler in handlers.items():
        signal.signal(one, handler)  # type: ignore[arg-type]  # as getsignal gave it
