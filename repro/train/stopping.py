"""Ctrl-C and SIGTERM in a training: the minibatch is finished and the state saved before it ends.

Where in the flow: repro.train.loop asks after every minibatch. A second signal ends the training at
once, as does any signal where several processes train together: torchrun ends them all. The state
before is then the last one saved. Nothing to run alone.
"""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from repro.errors import StoppedError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Whether, and by which signal, the process has been asked to stop."""

    number: int | None = None

    def stopped(self, done: int) -> StoppedError:
        """What ends the training behind minibatch `done`, whose state has been saved."""
        assert self.number is not None
        words = f"stopped at minibatch {done}; the same command goes on from there"
        return StoppedError(words, signal_number=self.number)


@contextmanager
def stopping(*, alone: bool) -> Iterator[Stopping]:
    """Within it the first signal is only noted; alone: no other process trains along."""
    noted = Stopping()
    if not alone or threading.current_thread() is not threading.main_thread():
        yield noted
        return
    # what is ignored stays ignored: a training in the background of a shell
    before = {one: signal.getsignal(one) for one in SIGNALS}
    kept = {one: handler for one, handler in before.items() if handler is not signal.SIG_IGN}

    def note(number: int, frame: FrameType | None) -> None:
        noted.number = number
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
