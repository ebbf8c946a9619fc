"""What methods with one codebook share: an encoder of one modality alone, and a quantiser that replaces its vectors by codes.

Axes: B clips, T seconds, L words, M modalities, D code dimension, K codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from cmg.methods.base import Codes, Method
from cmg.nn.encoders import Level
from cmg.quantizers.joint import JointEMA
from cmg.quantizers.sequential import SequentialEMA


def shared_codebook(
    config, streams: tuple[str, ...], own: float, joint: Mapping[str, Any], sequential: Mapping[str, Any] | None = None
) -> JointEMA | SequentialEMA:
    """The codebook that `config.quantizer` names, its sizes, decay and reset from the configuration.

    own: weight of a stream's own vector in the moving average; joint, sequential: options of one kind alone.
    """
    sizes = (config.codebook_size, config.embedding_dim, streams, config.decay, own, config.reset_after)
    return JointEMA(*sizes, **joint) if config.quantizer == "joint" else SequentialEMA(*sizes, **(sequential or {}))


class CodedMethod(Method):
    """A method that sets `self.encoder` and `self.quantizer`."""

    def codebooks(self) -> list[Tensor]:
        """One table of K codes, [K,D]; with a codebook per modality [K,M*D]."""
        return [self.quantizer.embedding]

    def health(self) -> dict[str, float]:
        """Of the choices since the last call: see `Method.health`."""
        return self.quantizer.health()

    @torch.no_grad()
    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None, level: Level | None = None) -> Codes:
        """Index of the nearest code of that modality, [B,T,1] for seconds; text as its encoder has it: a code per word slot [B,L,1]
        (DCID's) or per sentence [B,1,1] (FCID's). `level="clip"`: one per clip or sentence, [B,1,1].
        """
        vectors = self.encoder.encode(modality, features, mask, level)
        return Codes(indices=self.quantizer.nearest(vectors, modality).unsqueeze(-1))
