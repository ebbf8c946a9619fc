"""The random draws of a step, from a CPU generator, so that they are the same on any device. Axes: B clips, T seconds,
K codes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cmg.methods.types import Draws


def draw_mask(generator: torch.Generator, clips: int, seconds: int, ratio: float) -> Tensor:
    """[B,T] bool, each False with probability `ratio`."""
    return torch.rand(clips, seconds, generator=generator) >= ratio


def draw(
    generator: torch.Generator,
    permutations: Mapping[str, int],
    cpc_steps: tuple[int, int],
    codes: int,
) -> Draws:
    """Draw one step's numbers from a CPU generator.

    permutations: net name -> number of rows to permute, drawn in this order; cpc_steps: inclusive range of the CPC
    step;
    codes: K, the number of uniform draws for dead codes. Raises ValueError on an empty range.
    """
    low, high = cpc_steps
    if high < low:
        raise ValueError(
            f"CPC needs a context and a target: no second lies in [{low}, {high}]; "
            "use clips with more seconds or a shorter horizon"
        )
    permuted = {name: torch.randperm(rows, generator=generator) for name, rows in permutations.items()}
    step = int(torch.randint(low, high + 1, (), generator=generator))
    return Draws(permuted, step, torch.rand(codes, dtype=torch.float64, generator=generator))
