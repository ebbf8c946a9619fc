"""Control: continuous InfoNCE features over FCID's encoders, and a k-means codebook fitted after training.

It says how much of a discrete method's score comes from contrastive alignment alone. InfoNCE (FCID Eq. 16) between the
time means of every two modalities in both directions; no codebook, no reconstruction, no disentangling in training.
Then k-means with K clusters over the general vectors of all training seconds and sentences, every modality with the
same number of vectors.

Axes: B clips, T seconds, D code dimension, K codes, N vectors.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations

import torch
from sklearn.cluster import KMeans
from torch import Tensor

from cmg.losses.infonce import infonce
from cmg.methods.base import Method
from cmg.methods.infonce_kmeans.config import InfoNCEKMeansConfig
from cmg.methods.types import MODALITIES, Batch, Codes, Draws, Fit, LossTerms
from cmg.nn.encoders import GeneralEncoders, Level
from cmg.quantizers.codebook import health, nearest


class InfoNCEKMeans(Method):
    """`embedding` [K,D] is zero until `finish` has fitted it."""

    embedding: Tensor

    Config = InfoNCEKMeansConfig

    def __init__(self, config: InfoNCEKMeansConfig) -> None:
        super().__init__()
        self.config = c = config
        self.encoder = GeneralEncoders(c.embedding_dim, c.layers, c.heads, c.feedforward, c.dropout)
        self.register_buffer("embedding", torch.zeros(c.codebook_size, c.embedding_dim))
        self.fitted: dict[str, Tensor] = {}  # vectors that the codebook was fitted on, until their health is asked for

    def loss(self, batch: Batch, draws: Draws, fit: Fit) -> LossTerms:
        """One InfoNCE term per ordered pair of modalities; `fit` is not called."""
        masks = {"text": batch.text_mask}
        general = {m: self.encoder.encode(m, getattr(batch, m), masks.get(m)) for m in MODALITIES}
        with torch.autocast(batch.audio.device.type, enabled=False):
            means = {m: x.to(self.embedding.dtype).mean(dim=1) for m, x in general.items()}
            form = {"tau": self.config.tau, "similarity": self.config.similarity}
            terms = {f"infonce_{q}_{k}": infonce(means[q], means[k], **form) for q, k in permutations(MODALITIES, 2)}
        return LossTerms(terms)

    @torch.no_grad()
    def finish(self, batches: Iterable[Batch]) -> None:
        """Fit the codebook on the general vectors of all batches, without dropout. ValueError with fewer vectors than
        codes."""
        was_training = self.training
        self.eval()
        collected: dict[str, list[Tensor]] = {m: [] for m in MODALITIES}
        for batch in batches:
            for m in MODALITIES:
                mask = batch.text_mask if m == "text" else None
                collected[m].append(self.encoder.encode(m, getattr(batch, m), mask).flatten(0, 1).cpu())
        self.train(was_training)
        self.fitted = {m: self._spaced(torch.cat(parts)) for m, parts in collected.items()}
        self.embedding.copy_(self._centres(torch.cat(list(self.fitted.values()))))

    def _spaced(self, vectors: Tensor) -> Tensor:
        """At most `kmeans_vectors` rows of [N,D], evenly spaced, so that the choice needs no draw."""
        keep = min(self.config.kmeans_vectors, vectors.shape[0])
        return vectors[torch.arange(keep) * vectors.shape[0] // keep]

    def _centres(self, vectors: Tensor) -> Tensor:
        codes = self.config.codebook_size
        if vectors.shape[0] < codes:
            raise ValueError(
                f"k-means needs at least {codes} vectors for {codes} codes, "
                f"found {vectors.shape[0]}; lower codebook_size"
            )
        fitted = KMeans(codes, n_init=1, random_state=self.config.kmeans_seed).fit(vectors.double().numpy())
        return torch.from_numpy(fitted.cluster_centers_).to(self.embedding)

    @torch.no_grad()
    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None, level: Level | None = None) -> Codes:
        """Nearest k-means centre per second [B,T,1] or sentence [B,1,1]. RuntimeError before `finish`."""
        if not self.embedding.any():
            raise RuntimeError(
                "the k-means codebook has not been fitted: call finish(batches) after the last training step"
            )
        return Codes(
            indices=nearest(self.encoder.encode(modality, features, mask, level), self.embedding).unsqueeze(-1)
        )

    def health(self) -> dict[str, float]:
        """Of the fitted codebook on the vectors it was fitted on; empty before `finish`."""
        book, vectors, self.fitted = self.embedding.cpu(), self.fitted, {}
        hits = [torch.bincount(nearest(x, book), minlength=len(book)) for x in vectors.values()]
        return health(torch.stack(hits), tuple(vectors), book) if hits else {}

    def codebooks(self) -> list[Tensor]:
        """The k-means centres [K,D]."""
        return [self.embedding]
