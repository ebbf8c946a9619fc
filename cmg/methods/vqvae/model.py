"""VQ-VAE (van den Oord et al. 2017): a picture as a grid of codes, and back. FCID's Table 3 shows TOC on its codebook.

The paper trained it on CelebA-HQ with 128 codes of 128 dimensions and says no more. Here the codebook is moved by
averages, starts on vectors of the first batch and moves dead codes (`cmg.quantizers`); loss = MSE / variance of the
training pixels + beta commitment.

Axes: B pictures, S pixels a side, s = S / downsample places a side, D code dimension, K codes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn import functional as F

from cmg.losses.commitment import commitment
from cmg.methods.base import Method
from cmg.methods.options import MovingCodebook
from cmg.methods.types import Codes, Draws, Fit, LossTerms
from cmg.methods.vqvae.pictures import PictureDecoder, PictureEncoder
from cmg.quantizers.codebook import monitors
from cmg.quantizers.joint import JointEMA

STREAM = "pixels"


@dataclass(frozen=True)
class Pictures:
    """A batch: pixels [B,3,S,S] float in [0,1]."""

    pixels: Tensor
    seconds: int = 1

    @property
    def size(self) -> int:
        """B, pictures of this process."""
        return self.pixels.shape[0]

    @property
    def device(self) -> torch.device:
        """Where the pixels are."""
        return self.pixels.device

    def to(self, *args: Any, **kwargs: Any) -> Pictures:
        """The same on another device, or of another type."""
        return replace(self, pixels=self.pixels.to(*args, **kwargs))


class VQVAEConfig(MovingCodebook):
    """Sizes, codebook and commitment."""

    codes: int = Field(128, ge=2, description="K")
    dims: int = Field(128, ge=2, description="D")
    hidden: int = Field(128, ge=1, description="channels of every layer")
    residual: int = Field(32, ge=1, description="channels in the middle of a residual block")
    downsample: int = Field(4, ge=2, description="pixels a side for one code; a power of two")

    @field_validator("downsample")
    @classmethod
    def _power(cls, value: int) -> int:
        if value & (value - 1):
            raise ValueError(f"expected a power of two, found {value}")
        return value


class VQVAE(Method):
    """Encoder, codebook, decoder. `variance`: of the training pixels in [0,1], which the trainer's data sets before
    training."""

    variance: Tensor

    Config = VQVAEConfig

    def __init__(self, config: VQVAEConfig) -> None:
        super().__init__()
        self.config = c = config
        sizes = (c.dims, c.hidden, c.residual, c.downsample.bit_length() - 1)
        self.encoder, self.decoder = PictureEncoder(*sizes), PictureDecoder(*sizes)
        self.quantizer = JointEMA(c.codes, c.dims, (STREAM,), c.decay, reset_after=c.reset_after)
        self.register_buffer("variance", torch.ones(()))

    def draw(self, generator: torch.Generator, batch_size: int, seconds: int) -> Draws:
        """Where dead codes go."""
        return Draws(reset=torch.rand(self.config.codes, dtype=torch.float64, generator=generator))

    def loss(self, batch: Pictures, draws: Draws, fit: Fit) -> LossTerms:
        """MSE in [0,1] over the variance, and commitment; `fit` is not called."""
        z = self.vectors(batch.pixels)
        quantized = self.quantizer({STREAM: z.flatten(1, 2)}, draws.reset)
        rebuilt = self.decode(quantized.straight[STREAM].reshape(z.shape))
        with torch.autocast(batch.device.type, enabled=False):
            x = z.flatten(1, 2).to(self.quantizer.embedding.dtype)
            recon = F.mse_loss(rebuilt.to(x.dtype), batch.pixels) / self.variance
            commit = self.config.beta * commitment(x, quantized.hard[STREAM])
        return LossTerms({"recon": recon, "commit": commit}, monitors(quantized))

    def vectors(self, pixels: Tensor) -> Tensor:
        """Pixels [B,3,S,S] in [0,1] -> vectors before the codebook [B,s,s,D]."""
        return self.encoder(2 * pixels - 1).permute(0, 2, 3, 1)

    def indices(self, pixels: Tensor) -> Tensor:
        """Pixels [B,3,S,S] in [0,1] -> index of the nearest code at every place [B,s,s] int64."""
        return self.quantizer.nearest(self.vectors(pixels), STREAM)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes [B,s,s,D] -> pixels [B,3,S,S], [0,1] but for what overshoots."""
        return (self.decoder(codes.permute(0, 3, 1, 2)) + 1) / 2

    @torch.no_grad()
    def encode(self, modality: str, features: Tensor, mask: Tensor | None = None) -> Codes:
        """Pixels [B,3,S,S] in [0,1] -> indices [B,s*s,1]."""
        return Codes(indices=self.indices(features).flatten(1).unsqueeze(-1))

    def codebooks(self) -> list[Tensor]:
        """One table of K codes, [K,D]."""
        return [self.quantizer.embedding]

    def clip_groups(self) -> dict[str, list[nn.Parameter]]:
        """None: gradients are not clipped."""
        return {}

    def health(self) -> dict[str, float]:
        """Of the choices since the last call: see `Method.health`."""
        return self.quantizer.health(self.quantizer.embedding)
