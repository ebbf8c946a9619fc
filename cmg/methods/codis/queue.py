"""A queue of past vectors. Axes: B vectors at once, Q length, D width."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Queue(nn.Module):
    """The last Q vectors that were pushed, in buffers, so that it is saved and resumed with the model.

    How many were pushed is also kept as a number, so that only loading a state waits for the device.
    """

    vectors: Tensor
    pushed: Tensor

    def __init__(self, length: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(length, dim))
        self.register_buffer("pushed", torch.zeros((), dtype=torch.int64))
        self.number = 0
        self.register_load_state_dict_post_hook(_recount)

    def held(self) -> Tensor:
        """A copy of the vectors held [at most Q,D], in no particular order."""
        return self.vectors[: min(self.number, len(self.vectors))].clone()

    @torch.no_grad()
    def push(self, x: Tensor) -> None:
        """Add x [B,D]; the oldest make room."""
        if not len(self.vectors):
            return
        place = (self.number + torch.arange(len(x), device=x.device))[-len(self.vectors) :] % len(self.vectors)
        self.vectors[place] = x[-len(self.vectors) :].to(self.vectors)
        self.number += len(x)
        self.pushed.fill_(self.number)


def _recount(queue: Queue, _: object) -> None:
    queue.number = int(queue.pushed)
