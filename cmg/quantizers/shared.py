"""A codebook that several streams share: where its codes start, when one is dead and what then. Subclasses update it.

- start "batch": the first batch places the codes, with count 1: code k starts on the k-th of K evenly spaced places.
  "uniform": within +-1/400 with counts 0 (release): divided by such counts, unused codes explode in the first step of
  an update that smooths its counts.
- places: the vectors of all streams, one stream after the other ("vectors"), or their means over the streams ("means"),
  so that no stream owns one.
- reset "batch": a code idle for `reset_after` steps moves onto a random place of the batch, in weight and count (1)
  too, so it stays. "copy" (release): a step later the code alone becomes a copy of a random code idle for fewer than
  `active_below`, shifted by a constant (FCID, MICU) or noise (DCID), in evaluation mode too; the next update undoes it.
- smooth_counts: Laplace smoothing of the stored counts in every update (release); without it an unused code stays.
- kept_by: a code is idle when no stream of `reviving` (all, unless told) chose it ("any"), or when one did not ("all").

Axes: B clips, T seconds, D code dimension, K codes, M streams.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from cmg.nn.checks import check_axes, check_number, check_option, check_width
from cmg.nn.distributed import gather
from cmg.nn.sums import added
from cmg.quantizers.codebook import Codebook, Quantized, smoothed
from cmg.quantizers.dead_codes import copy_active

Mixing = Literal["aligned", "attention"]
KeptBy = Literal["any", "all"]
Places = Literal["vectors", "means"]
Start = Literal["batch", "uniform"]
Reset = Literal["batch", "copy"]
SHIFT = -1 / 1024
FLOOR = 1e-30  # smallest count that weights are divided by


class SharedEMA(Codebook):
    """[K,D] codes shared by `streams`; start, places, reset, smooth_counts, kept_by, reviving: see the file's head.

    decay: of count and weight; own: weight of a stream's own vector in its moving average, the rest is what the others
    have for it: their vector at the same clip and second (mixing "aligned"), or what it attends to among the seconds of
    their clip ("attention", DCID Eq. 7). Buffers besides those of `Codebook`: `started`, with start "batch";
    `unactivated_count` is [M,K] with kept_by "all".
    """

    started: Tensor

    def __init__(
        self,
        codes: int,
        dim: int,
        streams: tuple[str, ...],
        decay: float = 0.99,
        own: float = 0.5,
        reset_after: int = 300,
        mixing: Mixing = "aligned",
        kept_by: KeptBy = "any",
        places: Places = "vectors",
        start: Start = "batch",
        reset: Reset = "batch",
        reviving: tuple[str, ...] | None = None,
        active_below: int = 100,
        smooth_counts: bool = False,
    ) -> None:
        check_option("codebook: mixing", mixing, Mixing)
        check_option("codebook: kept_by", kept_by, KeptBy)
        check_option("codebook: places", places, Places)
        check_option("codebook: start", start, Start)
        check_option("codebook: reset", reset, Reset)
        check_number("codebook: decay", decay, 0, 1)
        super().__init__(codes, dim, streams)
        self.decay, self.own, self.smooth_counts = decay, own, smooth_counts
        self.reset_after, self.active_below = reset_after, active_below
        self.mixing, self.kept_by, self.places, self.start, self.reset = mixing, kept_by, places, start, reset
        self.reviving = [row for row, name in enumerate(streams) if name in (reviving or streams)]
        if start == "batch":
            self.register_buffer("started", torch.zeros((), dtype=torch.bool))
            self.ema_count.fill_(1)
        idle = 0.0 if reset == "batch" else -1.0
        self.unactivated_count = torch.full((codes,) if kept_by == "any" else (len(self.reviving), codes), idle)

    def forward(self, streams: Mapping[str, Tensor], uniform: Tensor, noise: Tensor | float = SHIFT) -> Quantized:
        """Quantise streams [B,T,D]; in training mode then update the codes and reset dead ones.

        `uniform` [K] in [0,1) and, for reset "copy", `noise` [K,D]: see `Draws`.
        Raises ValueError for streams or draws of another shape.
        """
        with torch.autocast(self.embedding.device.type, enabled=False):
            streams = self.given(streams, self.embedding.dtype)
            self._check(streams, uniform)
            placed = self.training and "batch" in (self.start, self.reset)
            places = self._places(streams) if placed else self.embedding[:0]
            if self.training and self.start == "batch":
                self._start(places)
            quantized = self.quantize(streams)
            if self.training:
                self.hits.add_(quantized.counts)
                self._update(streams, quantized)
            if self.training or self.reset == "copy":
                self._reset(quantized.counts, places, uniform, noise)
        return quantized

    def _check(self, streams: Mapping[str, Tensor], uniform: Tensor) -> None:
        codes, width = self.embedding.shape
        check_axes("codebook: streams", "B [T] D" if self.mixing == "attention" else "B T D", **streams)
        check_width("codebook: streams", next(iter(streams.values())), width)
        if uniform.shape != (codes,):
            raise ValueError(f"codebook: expected uniform [{codes}], a draw per code, found {list(uniform.shape)}")

    def _update(self, streams: Mapping[str, Tensor], quantized: Quantized) -> None:
        """Move counts, weights and codes: by what each stream chose."""
        raise TypeError(f"{type(self).__name__} does not define _update(streams, quantized)")

    def _move(self, count: Tensor, weight: Tensor) -> None:
        """Store counts [K] after their decay, add weights [K,D] to the decayed ones, and take the codes from both."""
        self.ema_count.copy_(smoothed(count) if self.smooth_counts else count)
        self.ema_weight.mul_(self.decay).add_(weight, alpha=1 - self.decay)
        known = (self.ema_count > FLOOR).unsqueeze(1)
        self.embedding.copy_(torch.where(known, self.ema_weight / self.ema_count.unsqueeze(1), self.embedding))

    def _others(self, name: str, streams: Mapping[str, Tensor]) -> list[Tensor]:
        """What every other stream has for the vectors of stream `name`, each [B,T,D]; its own where it is alone."""
        others = [x for other, x in streams.items() if other != name] or [streams[name]]
        return [attend(streams[name], x) for x in others] if self.mixing == "attention" else others

    @torch.no_grad()
    def _places(self, streams: Mapping[str, Tensor]) -> Tensor:
        """Where codes may be put, over all processes: [N,D]."""
        each = list(streams.values())
        chosen = each if self.places == "vectors" else [added(each) / len(each)]
        return torch.cat([gather(x.contiguous()).flatten(0, 1) for x in chosen])

    @torch.no_grad()
    def _start(self, places: Tensor) -> None:
        """Before the first step, put the codes on `places` [N,D]."""
        codes = self.embedding.shape[0]
        chosen = torch.arange(codes, device=places.device) * places.shape[0] // codes
        first = torch.where(self.started, self.embedding, places[chosen])
        self.ema_weight.copy_(torch.where(self.started, self.ema_weight, first))
        self.embedding.copy_(first)
        self.started.fill_(True)

    @torch.no_grad()
    def _reset(self, counts: Tensor, places: Tensor, uniform: Tensor, noise: Tensor | float) -> None:
        """Count idle codes and move dead ones; counts [M,K], places [N,D], none where none are needed."""
        counts = torch.stack([counts[row] for row in self.reviving])  # indexing with a list would wait for the device
        used = counts > 0 if self.kept_by == "all" else counts.sum(dim=0) > 0
        idle = torch.where(used, 0, self.unactivated_count + 1)
        longest = idle.amax(dim=0) if self.kept_by == "all" else idle
        if self.reset == "copy":
            dead = longest > self.reset_after
            self.embedding.copy_(
                copy_active(self.embedding, longest, uniform, noise, self.reset_after, self.active_below)
            )
        else:
            dead = longest >= self.reset_after
            chosen = places[(uniform.to(places.device) * places.shape[0]).long()]
            for table in (self.ema_weight, self.embedding):
                table.copy_(torch.where(dead.unsqueeze(1), chosen, table))
            self.ema_count.copy_(torch.where(dead, 1, self.ema_count))
        self.unactivated_count.copy_(torch.where(dead, 0, idle))


def attend(query: Tensor, values: Tensor) -> Tensor:
    """Attention without weights of its own: softmax_s(query_t . values_s / sqrt(D)) values_s; both [B,T,D]."""
    return F.scaled_dot_product_attention(query, values, values)
