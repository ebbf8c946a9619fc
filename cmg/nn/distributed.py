"""Batch-wide tensors across processes; on one process each function returns its input.

Equal batch sizes on all processes are assumed. Losses are means over the local rows of quantities that see the global batch,
so that gradients averaged over processes equal those of one process on the global batch.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.nn.functional import all_gather


def world() -> tuple[int, int]:
    """(rank, number of processes); (0, 1) without a process group."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def gather(x: Tensor) -> Tensor:
    """Rows of all processes along axis 0, in rank order; gradients flow back to each."""
    if world()[1] == 1:
        return x
    everyone = torch.cat(all_gather(x.contiguous()))
    if everyone.requires_grad:
        everyone.register_hook(torch.Tensor.contiguous)  # gloo scatters gradients by their memory, whatever their strides
    return everyone


def shard(x: Tensor, rows: int) -> Tensor:
    """This process's `rows` rows of a tensor over the global batch."""
    rank = world()[0]
    return x[rank * rows : (rank + 1) * rows]


def total(x: Tensor) -> Tensor:
    """Sum over processes, in place; for statistics without gradient."""
    if world()[1] > 1:
        dist.all_reduce(x)
    return x
