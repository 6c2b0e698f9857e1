"""One training by several processes: the rank of this one, and communication between them.

`torchrun` starts the same command several times, on one machine or several, on a GPU each (NCCL) or
on CPUs (gloo):

    torchrun --nproc_per_node 8 -m repro.train --spec SPEC.json --data DATASET --state DIR --out DIR

Where in the flow: repro.train.loop creates it; repro.train.trainer and repro.train.minibatches use
it. A minibatch is divided by rows, so several processes together see what one process would see
with the same batch; DistributedDataParallel averages the gradients. A single process is rank 0 of
1, its share is everything and nothing is sent.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from inspect import signature
from io import BytesIO
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

Rows = TypeVar("Rows", np.ndarray, Tensor)
Value = TypeVar("Value")

# Time for which a process waits for the others before it ends with an error. Rank 0 alone compares
# every file of the dataset with its record before a training, which takes minutes from a slow disk;
# later it works alone only for seconds (sheets, resume states).
PATIENCE = timedelta(hours=1)


@dataclass(frozen=True)
class Processes:
    """This process among the processes of a training; `local_rank` is its number on its machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @classmethod
    def launched(cls) -> "Processes":
        """The processes described by torchrun's environment; a single process without it."""
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
        if not all(name in os.environ for name in names):
            return cls()
        return cls(*(int(os.environ[name]) for name in names))

    @property
    def first(self) -> bool:
        """Whether this process writes: rank 0."""
        return self.rank == 0

    @contextmanager
    def connected(self, device: torch.device) -> Iterator[None]:
        """Connect the processes within the block: by NCCL for a GPU, else by gloo.

        A process that leaves the block by an error closes its connections, so that the others end
        as well: at once, or after PATIENCE at the latest.
        """
        if self.size == 1:
            yield
            return
        if device.type == "cuda":
            torch.cuda.set_device(device)
            dist.init_process_group("nccl", timeout=PATIENCE, device_id=device)
        else:
            dist.init_process_group("gloo", timeout=PATIENCE)
        try:
            yield
        except BaseException:
            _disconnect(after_error=True)
            raise
        _disconnect(after_error=False)

    def share(self, rows: Rows) -> Rows:
        """Every size-th of the rows (n, ...), starting at this rank."""
        return rows[self.rank :: self.size]

    def gathered(self, own: Tensor) -> Tensor:
        """The tensors `own` (...) of all processes, (size, ...) in the order of their ranks."""
        if self.size == 1:
            return own[None]
        parts = [torch.empty_like(own) for _ in range(self.size)]
        dist.all_gather(parts, own)
        return torch.stack(parts)

    def largest(self, own: int, device: torch.device) -> int:
        """The largest of the numbers `own` of all processes, on the device of `connected`."""
        if self.size == 1:
            return own
        number = torch.tensor(own, device=device)
        dist.all_reduce(number, dist.ReduceOp.MAX)
        return int(number)

    def from_first(self, value: Value, device: torch.device) -> Value:
        """Rank 0's `value` (numbers, tensors, dicts of them), in all processes.

        Tensors arrive on `device`, which must be the device of `connected`.
        """
        if self.size == 1:
            return value
        content = _as_bytes(value).to(device) if self.first else torch.empty(0)
        length = torch.tensor(len(content), device=device)
        dist.broadcast(length, 0)
        if not self.first:
            content = torch.empty(int(length), dtype=torch.uint8, device=device)
        dist.broadcast(content, 0)
        if self.first:
            return value
        stream = BytesIO(content.cpu().numpy().tobytes())
        return torch.load(stream, map_location=device, weights_only=True)

    def parallel(self, network: nn.Module, *example: Tensor | None) -> nn.Module:
        """The network in a form whose gradients are averaged over the processes.

        example: inputs of the network. After its first backward pass DistributedDataParallel
        rearranges its messages, and with them the order in which three or more processes are
        summed. That pass is made here, so that a resumed training sums in the same order as an
        uninterrupted one.
        """
        if self.size == 1:
            return network
        # buffers are not sent: they are statistics that training never reads
        names = signature(DistributedDataParallel).parameters
        name = "forward_sync_buffers" if "forward_sync_buffers" in names else "broadcast_buffers"
        options: dict[str, Any] = {name: False}  # the former is the newer name
        wrapped = DistributedDataParallel(network, **options)
        wrapped(*example).sum().backward()
        wrapped.zero_grad()
        return wrapped


def _as_bytes(value: object) -> Tensor:
    stream = BytesIO()
    torch.save(value, stream)
    return torch.frombuffer(stream.getbuffer(), dtype=torch.uint8)


def _disconnect(*, after_error: bool) -> None:
    if after_error and dist.get_backend() == "nccl":
        # destroy_process_group would wait for the others, who wait for this one
        dist.distributed_c10d._abort_process_group()
    else:
        dist.destroy_process_group()


ALONE = Processes()
