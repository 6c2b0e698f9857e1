"""Batch normalisation over a minibatch that several processes share (training.batch_statistics).

torch.nn.SyncBatchNorm runs on GPUs only; this version runs wherever torch.distributed does, with
one message forward and one back. Shares may differ in size: means and variances are weighted by it.

Where in the flow: repro.train.trainer calls `synchronised(network, processes)` and uses the result
only in the training step. The network itself keeps its plain layers, so one process can draw from
it, freeze it and save it without the others.
"""

import copy
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.train.processes import Processes

Network = TypeVar("Network", bound=nn.Module)


class Normalised(torch.autograd.Function):
    """(x - mean) / sqrt(variance + eps) * weight + bias, mean and variance over all processes.

    x (N, C, ...) is this process's share; weight and bias are (C,) or None. Gradients of weight and
    bias are this process's part: DistributedDataParallel adds the other processes' parts.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        eps: float,
        processes: Processes,
    ) -> Tensor:
        channels, axes = x.shape[1], _all_but_channels(x)
        variance, mean = torch.var_mean(_exact(x), axes, correction=0)
        count = torch.full_like(mean[:1], x.numel() // channels)
        parts = processes.gathered(torch.cat([mean, variance, count]))  # (processes, 2 C + 1)
        means, variances, counts = parts.split([channels, channels, 1], dim=1)
        shares = counts / counts.sum()  # (processes, 1)
        mean = (shares * means).sum(0)
        variance = (shares * (variances + (means - mean).square())).sum(0)
        ctx.save_for_backward(x, weight, mean, (variance + eps).rsqrt(), counts.sum())
        ctx.processes = processes
        return F.batch_norm(x, mean, variance, weight, bias, eps=eps)

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, scale, count = ctx.saved_tensors  # scale: 1 / standard deviation
        gradient, axes = _exact(outputs[0]), _all_but_channels(x)
        normal = (_exact(x) - _wide(mean, x)) * _wide(scale, x)
        along = (gradient * normal).sum(axes)  # (C,)
        plain = gradient.sum(axes)
        of_all = ctx.processes.gathered(torch.stack([along, plain])).sum(0) / count  # (2, C)
        of_x = gradient - normal * _wide(of_all[0], x) - _wide(of_all[1], x)
        of_x = of_x * _wide(scale if weight is None else scale * weight, x)
        of_weight, of_bias = (None, None) if weight is None else (along, plain)
        return of_x.to(x.dtype), of_weight, of_bias, None, None


def _all_but_channels(x: Tensor) -> list[int]:
    return [0, *range(2, x.dim())]


def _exact(x: Tensor) -> Tensor:
    """Convert to float32 at least: sums of bfloat16 numbers would be too coarse."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _wide(values: Tensor, x: Tensor) -> Tensor:
    """Values (C,) in a shape that broadcasts against x (N, C, ...)."""
    return values.view(-1, *[1] * (x.dim() - 2))


class SynchronisedNorm1d(nn.BatchNorm1d):
    """nn.BatchNorm1d over the shares of all processes; running statistics stay as they are."""

    processes: Processes

    def forward(self, x: Tensor) -> Tensor:
        return Normalised.apply(x, self.weight, self.bias, self.eps, self.processes)


class SynchronisedNorm2d(nn.BatchNorm2d):
    """nn.BatchNorm2d over the shares of all processes; running statistics stay as they are."""

    processes: Processes

    def forward(self, x: Tensor) -> Tensor:
        return Normalised.apply(x, self.weight, self.bias, self.eps, self.processes)


def synchronised(network: Network, processes: Processes) -> Network:
    """A second form of the network whose batch statistics cover all processes.

    It shares every parameter and buffer with `network`, which is unchanged. All processes must make
    each of its passes, forward and backward.
    """
    own = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    twin = copy.deepcopy(network, own)
    for parent in list(twin.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
                setattr(parent, name, _synchronised_norm(child, processes))
    return twin


def _synchronised_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d, processes: Processes) -> nn.Module:
    kind = SynchronisedNorm1d if isinstance(norm, nn.BatchNorm1d) else SynchronisedNorm2d
    made = kind(norm.num_features, norm.eps, norm.momentum, norm.affine)
    made.processes = processes
    made.weight, made.bias = norm.weight, norm.bias
    for name, buffer in norm.named_buffers():
        made.register_buffer(name, buffer)
    return made
