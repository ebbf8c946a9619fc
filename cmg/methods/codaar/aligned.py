"""CoDAAR's codebooks: one per modality, whose rows share an index; DTA and CSA keep the rows aligned.

The table is [K, M*D]: row k holds the codes of all modalities at index k, in the order of `streams`.

- DTA (temporal alignment): modality m's code k moves towards `self_weight` z_m + `cross_weight` (z_n + z_p), summed
  over the clips and seconds where m chose k; the three updates are independent of one another;
- CSA (cascade, supplement Eqs. 6, 7, 12): from the last modality to the first, each code becomes the mean of the
  current codes of its row.

Four options separate the release (in brackets) from the paper: where the codes start, whether counts are smoothed,
whether the cascade is written back, and what a reset changes. Source: supplement 8 and 14, facts on CoDAAR 1.5-1.8.

Axes: B clips, T seconds, D code dimension, K codes, M modalities, N = B*T.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from cmg.nn.checks import check_option
from cmg.nn.distributed import gather
from cmg.nn.sums import added
from cmg.quantizers.codebook import Codebook, Quantized, smoothed
from cmg.quantizers.dead_codes import copy_active

Start = Literal["batch", "uniform"]
Cascade = Literal["afresh", "accumulated", "off"]
Reset = Literal["batch", "copy"]
# a smaller count, and its weights, decay no further, so that a code that one modality never chooses keeps its place
FLOOR = 1e-30


class AlignedEMA(Codebook):
    """One table with M aligned codebooks.

    start: "batch" puts row k, in every modality, on the k-th of N evenly spaced (clip, second) of the first batch, with
        count 1; "uniform" starts within +-1/K with counts 0 (release): codes unused in the first step explode, then
        shrink to the origin.
    smooth_counts: Laplace smoothing of the stored counts in every step (release); without it an unused code stays.
    cascade: "afresh" applies CSA to weight / count in every step and stores the result in the codes only;
        "accumulated" in the weights too.
    reset: after `reset_after` steps in which no modality chose it, "batch" moves a row onto one (clip, second) of the
        batch, weights and counts included, so it stays; "copy" overwrites the codes alone with a row idle for fewer
        than `active_below` steps plus noise, a step later (two, for a row that was never chosen), and the next update
        undoes it (release).
    """

    started: Tensor

    def __init__(
        self,
        codes: int,
        dim: int,
        streams: tuple[str, ...],
        decay: float = 0.99,
        self_weight: float = 0.6,
        cross_weight: float = 0.2,
        start: Start = "batch",
        smooth_counts: bool = False,
        cascade: Cascade = "afresh",
        reset: Reset = "batch",
        reset_after: int = 300,
        active_below: int = 100,
    ) -> None:
        check_option("codebook: start", start, Start)
        check_option("codebook: cascade", cascade, Cascade)
        check_option("codebook: reset", reset, Reset)
        super().__init__(codes, dim * len(streams), streams)
        self.decay, self.self_weight, self.cross_weight = decay, self_weight, cross_weight
        self.smooth_counts, self.cascade, self.reset = smooth_counts, cascade, reset
        self.reset_after, self.active_below = reset_after, active_below
        self.embedding.uniform_(-1 / codes, 1 / codes)
        self.ema_weight.copy_(self.embedding)
        self.ema_count = torch.zeros(len(streams), codes) if start == "uniform" else torch.ones(len(streams), codes)
        self.unactivated_count.fill_(0 if reset == "batch" else -1)
        self.register_buffer("started", torch.tensor(start == "uniform"))

    def part(self, table: Tensor, name: str) -> Tensor:
        """Columns [K,D] of one modality in a table [K,M*D]."""
        return table.chunk(len(self.streams), dim=-1)[self.streams.index(name)]

    def forward(self, streams: Mapping[str, Tensor], uniform: Tensor, noise: Tensor | None = None) -> Quantized:
        """Quantise streams [B,T,D] of one shape; in training mode then update the table.

        `uniform` [K] and, for `reset="copy"`, `noise` [K,M*D]: see `Draws`.
        """
        with torch.autocast(self.embedding.device.type, enabled=False):
            streams = self.given(streams, self.embedding.dtype)
            if not self.training:
                return self.quantize(streams)
            rows = gather(torch.cat(list(streams.values()), dim=-1).detach()).flatten(0, 1)  # [N,M*D]
            self._start(rows)
            quantized = self.quantize(streams)
            self._update(streams, quantized)
            self._reset(quantized.counts, rows, uniform, noise)
        return quantized

    @torch.no_grad()
    def _start(self, rows: Tensor) -> None:
        codes = self.embedding.shape[0]
        chosen = rows[torch.arange(codes, device=rows.device) * rows.shape[0] // codes]
        self.ema_weight.copy_(torch.where(self.started, self.ema_weight, chosen))
        self.embedding.copy_(torch.where(self.started, self.embedding, self._cascaded(chosen)))
        self.started.fill_(True)

    @torch.no_grad()
    def _update(self, streams: Mapping[str, Tensor], quantized: Quantized) -> None:
        """DTA, then CSA."""
        self.hits.add_(quantized.counts)
        decay = torch.full_like(self.ema_count, self.decay).masked_fill(
            (self.ema_count > 0) & (self.ema_count < FLOOR), 1
        )
        counts = decay * self.ema_count + (1 - self.decay) * quantized.counts.to(self.ema_count.dtype)
        self.ema_count.copy_(smoothed(counts) if self.smooth_counts else counts)
        added = [self.weigh(self._mixed(name, streams), quantized.indices[name]) for name in self.streams]
        self.ema_weight.mul_(self._columns(decay)).add_(torch.cat(added, dim=-1), alpha=1 - self.decay)
        self._refresh()

    def _mixed(self, name: str, streams: Mapping[str, Tensor]) -> Tensor:
        others = [x for other, x in streams.items() if other != name]
        return self.self_weight * streams[name] + self.cross_weight * sum(others)

    def _columns(self, counts: Tensor) -> Tensor:
        """[M,K], one number per code, as [K,M*D]."""
        return counts.T.repeat_interleave(self.embedding.shape[1] // len(self.streams), dim=1)

    def _refresh(self) -> None:
        """Codes from weights and counts; a row that was never used since a start with counts 0 has its weights as
        code."""
        counts = self._columns(self.ema_count)
        self.embedding.copy_(self._cascaded(self.ema_weight / torch.where(counts > 0, counts, 1)))
        if self.cascade == "accumulated":
            self.ema_weight.copy_(self.embedding * counts)

    def _cascaded(self, table: Tensor) -> Tensor:
        if self.cascade == "off":
            return table
        return torch.cat(cascade(table.chunk(len(self.streams), dim=-1)), dim=-1)

    @torch.no_grad()
    def _reset(self, counts: Tensor, rows: Tensor, uniform: Tensor, noise: Tensor | None) -> None:
        idle = torch.where(counts.sum(dim=0) > 0, 0, self.unactivated_count + 1)
        if self.reset == "copy":
            if noise is None:
                raise ValueError("codebook: reset copy moves codes by noise; expected noise [K,M*D], found none")
            dead = idle > self.reset_after
            self.embedding.copy_(copy_active(self.embedding, idle, uniform, noise, self.reset_after, self.active_below))
        else:
            dead = idle >= self.reset_after
            chosen = rows[(uniform.to(rows.device) * rows.shape[0]).long()]
            self.ema_weight.copy_(torch.where(dead.unsqueeze(1), chosen, self.ema_weight))
            self.ema_count.copy_(torch.where(dead, 1, self.ema_count))
            self.embedding.copy_(torch.where(dead.unsqueeze(1), self._cascaded(chosen), self.embedding))
        self.unactivated_count.copy_(torch.where(dead, 0, idle))


def cascade(segments: tuple[Tensor, ...]) -> list[Tensor]:
    """CSA: from the last segment to the first, each becomes the mean of the current values of all; segments of one
    shape.

    With (video, audio, text) = (v, a, t), Eq. 12: t' = (t+a+v)/3, a' = t/9 + 4a/9 + 4v/9, v' = 4t/27 + 7a/27 + 16v/27.
    """
    current = list(segments)
    for last in reversed(range(len(current))):
        current[last] = added(current) / len(current)
    return current
