"""Process a stream of records by a pool of threads, with results in the order of the records.

Where in the flow: data_prep/record_pixels.py and repro/dedup/thumbnails.py use it for decoding.
The decoders release the interpreter lock, so threads do as well as processes. Records are passed in
chunks, bounded in number and, where their weight is known, in bytes; for any number of workers only
a few chunks are held at a time.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

CHUNK = 32  # records a worker takes at a time
CHUNK_BYTES = 8 * 2**20  # a chunk ends when its records reach this weight

Record = TypeVar("Record")
Result = TypeVar("Result")


def chunks_in_order(
    records: Iterator[Record],
    work: Callable[[list[Record]], Result],
    *,
    workers: int,
    weight: Callable[[Record], int] | None = None,
) -> Iterator[Result]:
    """work(chunk) of successive chunks of the records, in order.

    weight: bytes that a record occupies. At most 2 * workers + 1 chunks are held at a time. An
    exception in `work` ends the stream and cancels waiting chunks.
    """
    with ThreadPoolExecutor(workers) as pool:
        pending: deque[Future[Result]] = deque()
        try:
            for chunk in _chunks(records, weight):
                pending.append(pool.submit(work, chunk))
                if len(pending) > 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _chunks(
    records: Iterator[Record], weight: Callable[[Record], int] | None
) -> Iterator[list[Record]]:
    chunk: list[Record] = []
    held = 0
    for record in records:
        chunk.append(record)
        if weight is not None:
            held += weight(record)
        if len(chunk) >= CHUNK or held >= CHUNK_BYTES:
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk
