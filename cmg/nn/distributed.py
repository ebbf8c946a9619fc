"""Batch-wide tensors across processes; on one process each function returns its input.

Equal batch sizes on all processes are assumed; a batch that cannot be divided is computed in full by each of them,
`alone`. Losses are means over the local rows of quantities that see the global batch, so that gradients averaged over
processes equal those of one process on the global batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor

_alone = False


def world() -> tuple[int, int]:
    """(rank, number of processes); (0, 1) without a process group, or within `alone`."""
    if not _alone and dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


@contextmanager
def alone(condition: bool = True) -> Iterator[None]:
    """Within it, if `condition`, every process computes as if there were no other."""
    global _alone
    before, _alone = _alone, _alone or condition
    try:
        yield
    finally:
        _alone = before


class _Gather(torch.autograd.Function):
    """All rows forward; backward the sum over processes of the gradients of this process's rows."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        rank, processes = world()
        ctx.own = slice(rank * x.shape[0], (rank + 1) * x.shape[0])
        parts = [torch.empty_like(x) for _ in range(processes)]
        dist.all_gather(parts, x)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        summed = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(summed)
        return summed[ctx.own]


class _Summed(torch.autograd.Function):
    """Sum over processes, forward and backward."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        return total(x.clone(memory_format=torch.contiguous_format))

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return total(gradient.clone(memory_format=torch.contiguous_format))


def gather(x: Tensor) -> Tensor:
    """Rows of all processes along axis 0, in rank order; gradients flow back to each."""
    return x if world()[1] == 1 else _Gather.apply(x.contiguous())


def summed(x: Tensor) -> Tensor:
    """Sum over processes; gradients flow back to each."""
    return x if world()[1] == 1 else _Summed.apply(x)


def shard(x: Tensor, rows: int) -> Tensor:
    """This process's `rows` rows of a tensor over the global batch."""
    rank = world()[0]
    return x[rank * rows : (rank + 1) * rows]


def total(x: Tensor) -> Tensor:
    """Sum over processes, in place; for statistics without gradient."""
    if world()[1] > 1:
        dist.all_reduce(x)
    return x


@torch.no_grad()
def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Replace every gradient by its mean over processes, in one collective per dtype."""
    if world()[1] == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    for dtype in sorted({g.dtype for g in gradients}, key=str):
        chosen = [g for g in gradients if g.dtype == dtype]
        mean = total(torch.cat([g.flatten() for g in chosen])) / world()[1]
        for g, part in zip(chosen, mean.split([g.numel() for g in chosen]), strict=True):
            g.copy_(part.view_as(g))
