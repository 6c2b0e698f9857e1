"""Draw many pictures in several processes, in order; the result does not depend on their number."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TypeVar

import cv2

from repro.progress import tracked

Result = TypeVar("Result")
WORTH_A_POOL = 256  # starting a process costs about as much as drawing this many pictures


def _one_thread() -> None:
    cv2.setNumThreads(1)


def in_order(
    draw: Callable[[int, int], Result], *, seed: int, count: int, first: int = 0, workers: int = 2
) -> Iterator[Result]:
    """Yield draw(seed, first), draw(seed, first + 1), ..., `count` of them.

    `draw` must be a function of a module, or a partial of one (it is sent to the processes by
    name), and depend only on its arguments. The processes are forked from a fresh one that has
    loaded the module, not from the caller, so that the caller's threads are safe.
    """
    cv2.setNumThreads(1)
    one, numbers = partial(draw, seed), range(first, first + count)
    if workers <= 1 or count < WORTH_A_POOL:
        yield from map(one, numbers)
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([getattr(draw, "func", draw).__module__])
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread) as pool:
        pictures = pool.map(one, numbers, chunksize=32)
        yield from tracked(pictures, "drawing", unit="pictures", total=count)
