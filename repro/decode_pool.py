"""Work on a stream of records by a pool of threads, results in the order of the records.

Where in the flow: data_prep/prepare.py and the tool repro/dedup.py decode through it. The decoders
run without the interpreter lock, so threads do as well as processes. Whatever the number of
workers, only a few chunks of records are held at a time. It has nothing to run alone.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

CHUNK = 32  # records a worker takes at a time

Record = TypeVar("Record")
Result = TypeVar("Result")


def in_order(
    records: Iterator[Record], work: Callable[[Record], Result], *, workers: int
) -> Iterator[Result]:
    """work(record) of every record, in order; at most 2 * workers + 1 chunks are held at a time.

    An exception of `work` ends the stream; what waits is cancelled.
    """

    def work_through(chunk: list[Record]) -> list[Result]:
        return [work(record) for record in chunk]

    with ThreadPoolExecutor(workers) as pool:
        pending: deque[Future[list[Result]]] = deque()
        try:
            while chunk := list(islice(records, CHUNK)):
                pending.append(pool.submit(work_through, chunk))
                if len(pending) > 2 * workers:
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
