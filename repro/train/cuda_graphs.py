"""One training step recorded as a CUDA graph and replayed: no Python between its kernels.

A step of a DCGAN consists of a few hundred small kernels; a fast GPU runs them faster than the
processor can issue them. A recorded step is issued by one call. It reads its inputs from fixed
places on the GPU, which `__call__` fills first. Minibatches of another size (the last of an epoch)
run as usual.

Where in the flow: repro.train.trainer uses it with `--cuda-graphs`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from repro.train.minibatches import Minibatch

Compute = Callable[[Minibatch, Tensor, Tensor], None]
WARM_UP = 3  # steps run as usual before the recording: libraries choose and load their kernels


class RecordedStep:
    """Run `compute(batch, z, number)` as usual for three steps, then record it, then replay it.

    All its inputs must keep shape and type; `fits` tells whether a minibatch has them.
    """

    def __init__(self, compute: Compute, *, size: int) -> None:
        self.compute, self.size = compute, size
        self.stream = torch.cuda.Stream()
        self.seen = 0
        self.graph: torch.cuda.CUDAGraph | None = None

    def fits(self, batch: Minibatch) -> bool:
        return batch.n == batch.total == self.size

    def __call__(self, batch: Minibatch, z: Tensor, number: Tensor) -> None:
        if self.graph is None and self.seen < WARM_UP:
            self.seen += 1
            self._warm_up(batch, z, number)
            return
        if self.graph is None:
            self._record(batch, z, number)
        self._fill(batch, z, number)
        assert self.graph is not None
        self.graph.replay()

    def _warm_up(self, batch: Minibatch, z: Tensor, number: Tensor) -> None:
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            self.compute(batch, z, number)
        torch.cuda.current_stream().wait_stream(self.stream)

    def _record(self, batch: Minibatch, z: Tensor, number: Tensor) -> None:
        """Record the step, which runs nothing; the places of the inputs are created before."""
        images = None if batch.images is None else batch.images.clone()
        labels = None if batch.labels is None else batch.labels.clone()
        draws = None if batch.draws is None else batch.draws.clone()
        self.batch = Minibatch(batch.n, batch.total, images, labels, draws)
        self.z, self.number = z.clone(), number.clone()
        self.graph = torch.cuda.CUDAGraph()
        # meanwhile the thread that reads minibatches ahead may use the GPU
        with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
            self.compute(self.batch, self.z, self.number)

    def _fill(self, batch: Minibatch, z: Tensor, number: Tensor) -> None:
        for place, value in (
            (self.batch.images, batch.images),
            (self.batch.labels, batch.labels),
            (self.batch.draws, batch.draws),
            (self.z, z),
            (self.number, number),
        ):
            if place is not None and value is not None:
                place.copy_(value)
