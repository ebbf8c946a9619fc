"""What methods with one codebook share: an encoder of one modality alone, and a quantiser that replaces its vectors by codes.

Axes: B clips, T seconds, L words, M modalities, D code dimension, K codes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cmg.methods.base import Codes, Method
from cmg.nn.encoders import Level


class CodedMethod(Method):
    """A method that sets `self.encoder` and `self.quantizer`."""

    def codebooks(self) -> list[Tensor]:
        """One table of K codes, [K,D]; with a codebook per modality [K,M*D]."""
        return [self.quantizer.embedding]

    def health(self) -> dict[str, float]:
        return self.quantizer.health()

    @torch.no_grad()
    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None, level: Level | None = None) -> Codes:
        """Index of the nearest code of that modality, [B,T,1] for seconds; text as its encoder has it: a code per word slot [B,L,1]
        (DCID's) or per sentence [B,1,1] (FCID's). `level="clip"`: one per clip or sentence, [B,1,1].
        """
        vectors = self.encoder.encode(modality, features, mask, level)
        return Codes(indices=self.quantizer.nearest(vectors, modality).unsqueeze(-1))
