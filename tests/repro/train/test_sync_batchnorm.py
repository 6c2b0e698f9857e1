"""Batch normalisation over shares, against nn.BatchNorm on the whole batch; processes as threads.

Real processes run the same layers in test_processes.py.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from repro.networks.build import build_discriminator, build_generator
from repro.specs.network import NetworkSpec
from repro.train.processes import ALONE, Processes
from repro.train.sync_batchnorm import SynchronisedNorm2d, synchronised

SECONDS = 60.0  # after which a thread that waits for the others fails


class Board:
    """Where threads that stand in for processes exchange what they send each other."""

    def __init__(self, size: int) -> None:
        self.size, self.barrier, self.sent = size, Barrier(size), [torch.empty(0)] * size

    def run(self, task: Callable[[Any], Any]) -> list[Any]:
        """task(processes) of each thread, in the order of their ranks."""
        ranks = [OnBoard(self, rank) for rank in range(self.size)]
        with ThreadPoolExecutor(self.size) as pool:
            return list(pool.map(task, ranks))


class OnBoard(Processes):
    def __init__(self, board: Board, rank: int) -> None:
        object.__setattr__(self, "board", board)
        super().__init__(rank=rank, size=board.size)

    def gathered(self, own: Tensor) -> Tensor:
        board = self.board
        board.sent[self.rank] = own
        board.barrier.wait(SECONDS)
        parts = torch.stack(board.sent)
        board.barrier.wait(SECONDS)
        return parts


class Silent(Processes):
    """Processes of which no other answers."""

    def gathered(self, own: Tensor) -> Tensor:
        raise AssertionError("a message was sent")


def batch(n: int, dimensions: int, dtype: torch.dtype = torch.float64) -> Tensor:
    source = torch.Generator().manual_seed(n)
    shape = (n, 5) if dimensions == 1 else (n, 5, 3, 4)
    x = torch.randn(shape, generator=source, dtype=dtype) * 3 + 7
    return x if dimensions == 1 else x.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize("affine", [True, False])
def test_shares_of_unlike_size_equal_the_whole_batch(
    size: int, dimensions: int, affine: bool
) -> None:
    """Outputs and all gradients; 7 rows on 2 processes are 4 and 3, on 3 they are 3, 2 and 2."""
    kind = nn.BatchNorm1d if dimensions == 1 else nn.BatchNorm2d
    norm = nn.Sequential(kind(5, 1e-5, 0.0, affine, dtype=torch.float64))
    if affine:
        with torch.no_grad():
            norm[0].weight.copy_(torch.linspace(0.5, 2, 5))
            norm[0].bias.copy_(torch.linspace(-1, 1, 5))
    x, factors = batch(7, dimensions), batch(7, dimensions).flip(0)

    def loss(y: Tensor, of: Tensor) -> Tensor:
        return (y.sigmoid() * of).sum()  # curved, so that gradients reach through the statistics

    def task(processes: Processes) -> tuple[Tensor, Tensor, list[Tensor]]:
        own = processes.share(x).clone().requires_grad_()
        twin = synchronised(norm, processes)
        y = twin(own)
        wanted = [own, *twin.parameters()]
        gradients = torch.autograd.grad(loss(y, processes.share(factors)), wanted)
        return y.detach(), gradients[0], list(gradients[1:])

    whole = x.clone().requires_grad_()
    expected = norm(whole)
    gradients = torch.autograd.grad(loss(expected, factors), [whole, *norm.parameters()])
    found = Board(size).run(task)
    for rank, (y, of_x, _) in enumerate(found):
        torch.testing.assert_close(y, expected[rank::size], rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(of_x, gradients[0][rank::size], rtol=1e-10, atol=1e-11)
    for index, gradient in enumerate(gradients[1:]):
        of_all = sum(of_parameters[index] for *_, of_parameters in found)
        torch.testing.assert_close(of_all, gradient, rtol=1e-10, atol=1e-11)


def test_a_far_mean_loses_no_more_than_in_the_plain_layer() -> None:
    """Mean 1,000, deviation 0.1: sums of squares would leave nothing of the variance."""
    source = torch.Generator().manual_seed(0)
    x = torch.randn(8, 2, 4, 4, generator=source) * 0.1 + 1000
    norm = nn.BatchNorm2d(2, 1e-8, 0.0)
    exact = nn.BatchNorm2d(2, 1e-8, 0.0, dtype=torch.float64)(x.double())
    plain = (norm(x) - exact).abs().max()
    own = synchronised(nn.Sequential(norm), ALONE)(x)
    assert (own - exact).abs().max() <= 2 * plain + 1e-6


def test_bfloat16_activations_keep_their_type() -> None:
    x = batch(6, 2, torch.float32)
    norm = nn.Sequential(nn.BatchNorm2d(5, 1e-5, 0.0))
    twin = synchronised(norm, ALONE)
    half = x.bfloat16().requires_grad_()
    y = twin(half)
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), norm(half.float()), rtol=2**-7, atol=2**-7)
    y.sigmoid().square().sum().backward()
    assert half.grad is not None
    assert half.grad.dtype == torch.bfloat16
    full = half.detach().float().requires_grad_()
    norm(full).sigmoid().square().sum().backward()
    torch.testing.assert_close(half.grad.float(), full.grad, rtol=0.05, atol=2e-3)


@pytest.mark.parametrize("first_norm", ["per_unit", "per_channel"])
def test_the_network_itself_stays_plain(first_norm: Any) -> None:
    spec = NetworkSpec(image_size=16, ngf=4, ndf=4, z_dim=8, first_norm=first_norm)
    G, z = build_generator(spec, seed=1), torch.randn(4, 8)
    before = G(z)
    twin = synchronised(G, Silent())
    assert torch.equal(G(z), before)  # and sends nothing
    with pytest.raises(AssertionError, match="a message was sent"):
        twin(z)
    assert twin.state_dict().keys() == G.state_dict().keys()
    assert [id(p) for p in twin.parameters()] == [id(p) for p in G.parameters()]
    assert [id(b) for b in twin.buffers()] == [id(b) for b in G.buffers()]
    torch.testing.assert_close(synchronised(G, ALONE)(z), before)


def test_every_norm_of_a_network_is_exchanged() -> None:
    D = build_discriminator(NetworkSpec(image_size=32, ngf=4, ndf=4, z_dim=8), seed=1)
    norms = [m for m in D.modules() if isinstance(m, nn.BatchNorm2d)]
    found = [m for m in synchronised(D, ALONE).modules() if isinstance(m, SynchronisedNorm2d)]
    assert len(norms) == len(found) > 0
    assert not any(isinstance(m, SynchronisedNorm2d) for m in D.modules())
