"""CODIS: multi-modal alignment using representation codebook (Duan et al. 2022), as a row of the CMG tables.

A codebook of unit-length prototypes spans a space that all modalities share. A teacher, the moving average of the
student, says by optimal transport which prototypes a clip belongs to; the student's assignment in every other modality
follows it. Student and teacher features are also contrasted across and within modalities. docs/methods/codis.md tells
what is the original's from what is our choice.

Axes: B clips, T seconds, N rows (clips, or seconds of clips), D code dimension, K prototypes, Q length of a queue.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import permutations
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cmg.losses.infonce import infonce
from cmg.methods import semantic
from cmg.methods.base import Method
from cmg.methods.codis.config import CODISConfig
from cmg.methods.codis.queue import Queue
from cmg.methods.codis.transport import ipot, sinkhorn
from cmg.methods.types import Batch, Codes, Draws, Fit, LossTerms, modalities_of
from cmg.nn.distributed import gather, shard
from cmg.nn.encoders import Level
from cmg.nn.semantic import SemanticEncoders
from cmg.nn.sums import added
from cmg.quantizers.codebook import Counted, choice_monitors, nearest


class CODIS(Method):
    """K prototypes of unit length; student and teacher are encoders of the same shape, and the student alone
    encodes."""

    started: Tensor

    Config = CODISConfig

    def __init__(self, config: CODISConfig) -> None:
        super().__init__()
        self.config = c = config
        dim = c.embedding_dim
        self.modalities = modalities_of(c.modalities)
        self.encoder = semantic.encoders(c, self.modalities)
        self.teacher = deepcopy(self.encoder).requires_grad_(False)
        self.prototypes = nn.Parameter(F.normalize(torch.randn(c.codebook_size, dim), dim=-1))
        self.queues = nn.ModuleDict({m: Queue(c.queue, dim) for m in self.modalities})
        self.choices = Counted(c.codebook_size, self.modalities)
        self.register_buffer("started", torch.tensor(c.start == "random"))

    def train(self, mode: bool = True) -> CODIS:
        """The teacher never drops anything out."""
        super().train(mode)
        self.teacher.eval()
        return self

    def loss(self, batch: Batch, draws: Draws, fit: Fit) -> LossTerms:
        """Contrast across and within modalities, transport, and distillation, every weight one; `fit` is not called."""
        on, dtype = self.config.losses, self.prototypes.dtype  # losses are not taken in half precision
        self._follow()
        z = {m: x.to(dtype) for m, x in self._encode(self.encoder, batch).items()}
        with torch.no_grad():
            taught = {m: x.to(dtype) for m, x in self._encode(self.teacher, batch).items()}
            self._start(taught)
        with torch.autocast(batch.audio.device.type, enabled=False):
            terms = self._contrast(
                {m: x.mean(dim=1) for m, x in z.items()}, {m: x.mean(dim=1) for m, x in taught.items()}
            )
            rows, targets = ({m: self._rows(x) for m, x in views.items()} for views in (z, taught))
            plans = {m: self._plan(x) for m, x in targets.items()}
            if on.transport:
                terms["transport"] = added(self._transport(plans[m], targets[m]) for m in self.modalities)
            if on.distil:
                terms["distil"] = added(self._distil(plans[m], rows[n]) for m, n in permutations(self.modalities, 2))
        return LossTerms(terms, self._monitors(z))

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the teacher towards the student (in training mode)."""
        if self.training:
            for mean, value in zip(self.teacher.parameters(), self.encoder.parameters(), strict=True):
                mean.lerp_(value, 1 - self.config.momentum)

    def _encode(self, encoder: SemanticEncoders, batch: Batch) -> dict[str, Tensor]:
        """z [B,T,D] per modality."""
        return {m: encoder(m, x) for m, x in semantic.inputs(encoder, batch).items()}

    def _rows(self, z: Tensor) -> Tensor:
        """What is assigned to prototypes, unit length: [N,D]."""
        return F.normalize(z.mean(dim=1) if self.config.assign == "clip" else z.flatten(0, 1), dim=-1)

    def _start(self, taught: dict[str, Tensor]) -> None:
        """With `start: batch`, put the prototypes on evenly spaced rows of the first batch, all modalities."""
        if self.config.start == "batch" and self.training:
            rows = torch.cat([gather(self._rows(x)) for x in taught.values()])
            codes = self.prototypes.shape[0]
            chosen = rows[torch.arange(codes, device=rows.device) * rows.shape[0] // codes]
            self.prototypes.copy_(torch.where(self.started, self.prototypes, chosen))
            self.started.fill_(True)

    def _contrast(self, student: dict[str, Tensor], taught: dict[str, Tensor]) -> dict[str, Tensor]:
        """InfoNCE from the student to the teacher of every other modality, and of the same; then the queues take the
        teacher's."""
        c, on = self.config, self.config.losses
        past = {m: self._queue(m).held() for m in self.modalities}
        pairs = {(m, n): infonce(student[m], taught[n], c.tau, past[n]) for m in student for n in taught}
        if self.training:
            for m, x in taught.items():
                self._queue(m).push(F.normalize(gather(x), dim=-1))
        terms = {"cross": added(v for (m, n), v in pairs.items() if m != n)} if on.cross else {}
        return terms | ({"intra": added(v for (m, n), v in pairs.items() if m == n)} if on.intra else {})

    def _queue(self, modality: str) -> Queue:
        return cast(Queue, self.queues[modality])

    def _plan(self, rows: Tensor) -> Tensor:
        """This process's rows of the transport plan of the global batch, scaled to sum to one each: [N,K]."""
        c, everyone = self.config, gather(rows)
        cost = 1 - everyone @ self.codebooks()[0].T
        if c.solver == "ipot":
            plan = ipot(cost, c.ipot_beta, c.ipot_iterations)
        else:
            plan = sinkhorn(cost, c.sinkhorn_epsilon, c.sinkhorn_iterations)
        return shard(plan, rows.shape[0]) * everyone.shape[0]

    def _transport(self, plan: Tensor, rows: Tensor) -> Tensor:
        """Cost of the plan: moves the prototypes alone; plan [N,K], rows [N,D] -> []."""
        cost = 1 - rows @ F.normalize(self.prototypes, dim=-1).T
        return (plan * cost).sum(dim=1).mean()

    def _distil(self, plan: Tensor, rows: Tensor) -> Tensor:
        """Cross-entropy of the student's assignment under the teacher's of another modality; plan [N,K], rows [N,D] ->
        []."""
        log_share = (rows @ F.normalize(self.prototypes, dim=-1).T / self.config.gamma).log_softmax(dim=-1)
        return -(plan * log_share).sum(dim=1).mean()

    def _monitors(self, z: dict[str, Tensor]) -> dict[str, Tensor]:
        """How the seconds of this step would be coded; in training mode they are counted."""
        counts = self.choices.counts({m: nearest(F.normalize(x, dim=-1), *self.codebooks()) for m, x in z.items()})
        if self.training:
            self.choices.hits.add_(counts)
        return choice_monitors(counts, self.modalities)

    def codebooks(self) -> list[Tensor]:
        """The prototypes [K,D], unit length."""
        return [F.normalize(self.prototypes.detach(), dim=-1)]

    def health(self) -> dict[str, float]:
        """Of the prototypes that seconds would have chosen since the last call: see `Method.health`."""
        return self.choices.health(*self.codebooks())

    @torch.no_grad()
    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None, level: Level | None = None) -> Codes:
        """Prototype of least angle per second, or per word slot of text, [B,T,1]; `level="clip"`: per clip [B,1,1]."""
        z = F.normalize(self.encoder.encode(modality, features, mask, level), dim=-1)
        return Codes(indices=nearest(z, *self.codebooks()).unsqueeze(-1))
