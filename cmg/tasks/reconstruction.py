"""Pictures rebuilt from part of the dimensions of their codes: TOC's choice against random ones (FCID + TOC paper,
Table 3).

A picture is encoded and quantised once, with all dimensions. Then the dimensions that a mask F in {0,1}^D (Eq. 5) drops
are overwritten in every codeword, and the decoder does what it can. The error is the MSE of pixels clamped to [0,1],
per picture, then averaged.

The same network is read in two ways. `plain`: the codes e as learned. `centred`: e - m with m the mean of the codebook,
the decoder adding m back. Distances, indices and the unmasked picture are the same; what differs is what TOC's
similarity (Eq. 7, about the squared mean of a dimension) sees, and what the zero that fills a dimension means.

Axes: N pictures, s places a side, S pixels a side, K codes, D code dimension, M masks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from cmg.toc import select

SHARES = (0.875, 0.75, 0.625, 0.5, 0.375, 0.25)  # of the dimensions that are masked, in the paper's order
Reading = Literal["centred", "plain"]
Fill = Literal["zero", "mean"]
Decode = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Encoded:
    """Held-out pictures [N,3,S,S] in [0,1], their indices [N,s,s], the codebook [K,D] they point into, and the decoder
    of codes [n,s,s,D] to pictures [n,3,S,S]; `batch` pictures are decoded at once.
    """

    pictures: Tensor
    indices: Tensor
    codebook: Tensor
    decode: Decode
    batch: int = 64

    def as_read(self, reading: Reading) -> Encoded:
        """The same codes in one reading."""
        if reading == "plain":
            return self
        mean = self.codebook.mean(dim=0)
        return Encoded(
            self.pictures, self.indices, self.codebook - mean, lambda codes: self.decode(codes + mean), self.batch
        )

    def table(self, keep: np.ndarray, fill: Fill) -> Tensor:
        """The codebook [K,D] with the dimensions that `keep` [D] bool lacks overwritten by zero, or by their mean over
        the codes."""
        filling = self.codebook.mean(dim=0) if fill == "mean" else torch.zeros_like(self.codebook[0])
        return torch.where(torch.from_numpy(keep).to(self.codebook.device), self.codebook, filling)

    @torch.inference_mode()
    def rebuilt(self, table: Tensor, first: int, last: int) -> Tensor:
        """Pictures first … last - 1 from a table [K,D] in the codebook's place, clamped to [0,1]."""
        return self.decode(table[self.indices[first:last]]).clamp(0, 1)

    def error(self, table: Tensor) -> float:
        """MSE of all pictures rebuilt from a table [K,D]."""
        total = torch.zeros((), dtype=torch.float64, device=table.device)
        for start in range(0, len(self.pictures), self.batch):
            end = min(start + self.batch, len(self.pictures))
            squares = (self.rebuilt(table, start, end) - self.pictures[start:end]).square()
            total += squares.flatten(1).mean(dim=1).double().sum()
        return total.item() / len(self.pictures)


def kept(dims: int, share: float) -> int:
    """Dimensions that stay when a share is masked: 16 of 128 at 0.875; at least one."""
    return max(1, dims - round(share * dims))


def random_masks(dims: int, size: int, number: int, seed: int) -> np.ndarray:
    """[number, dims] bool, `size` of each True, every choice equally likely; a function of the arguments."""
    ordered = np.broadcast_to(np.arange(dims) < size, (number, dims))
    return np.random.default_rng([seed, size]).permuted(ordered, axis=1)


def toc_mask(ranking: np.ndarray, size: int) -> np.ndarray:
    """[D] bool, True at the `size` first dimensions of a ranking [D]."""
    return np.isin(np.arange(len(ranking)), select(ranking, size))


def masked_errors(
    encoded: Encoded, rankings: Mapping[str, np.ndarray], masks: int, fill: Fill, seed: int
) -> list[dict[str, Any]]:
    """Per share: share, kept, the MSE of every random mask (`random`) and of TOC's by score (`toc`). rankings: score ->
    [D]."""
    dims, found = encoded.codebook.shape[1], []
    for share in SHARES:
        size = kept(dims, share)
        drawn = [encoded.error(encoded.table(keep, fill)) for keep in random_masks(dims, size, masks, seed)]
        chosen = {
            score: encoded.error(encoded.table(toc_mask(ranking, size), fill)) for score, ranking in rankings.items()
        }
        found.append({"share": share, "kept": size, "random": drawn, "toc": chosen})
    return found


def examples(encoded: Encoded, ranking: np.ndarray, fill: Fill, seed: int, number: int) -> np.ndarray:
    """The first pictures as the paper's Figure 10 has them, uint8 [number, 1 + 2 * shares, S, S, 3]: origin, then per
    share the first random mask and TOC's.
    """
    dims = encoded.codebook.shape[1]
    sizes = [kept(dims, share) for share in SHARES]
    keeps = [keep for size in sizes for keep in (random_masks(dims, size, 1, seed)[0], toc_mask(ranking, size))]
    number = min(number, len(encoded.pictures))
    columns = [encoded.pictures[:number], *(encoded.rebuilt(encoded.table(keep, fill), 0, number) for keep in keeps)]
    return (torch.stack(columns, dim=1) * 255).round().to(torch.uint8).permute(0, 1, 3, 4, 2).cpu().numpy()


def worse(drawn: Sequence[float], chosen: float) -> int:
    """The paper's Count: random masks whose error is greater than that of the chosen dimensions."""
    return sum(error > chosen for error in drawn)


def psnr(mse: float) -> float:
    """Peak signal-to-noise ratio in dB of an MSE of pixels in [0,1]."""
    return math.inf if mse == 0 else -10 * math.log10(mse)
