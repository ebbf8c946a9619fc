"""What methods on DCID's encoders build alike, from their configuration. A call draws initial weights, so the order of
calls matters.

Axes: B clips, T seconds, L words, D code dimension, S channels of the video-specific map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from cmg.losses.commitment import cross_commitment
from cmg.losses.reconstruction import mse
from cmg.methods.options import MixedCodebook, ReleasedText
from cmg.methods.sizes import SemanticSizes
from cmg.methods.types import Batch
from cmg.nn.decoders import VectorDecoder, VideoDecoder
from cmg.nn.semantic import SemanticEncoders
from cmg.nn.specific import LinearReLU, Skip, VideoSpecific
from cmg.quantizers.codebook import Quantized


@dataclass(frozen=True)
class Encoded:
    """One forward, per modality: decoder target x, general z [B,T,D], specific features (video [B,T,3,3,S]), and the
    codes."""

    x: dict[str, Tensor]
    z: dict[str, Tensor]
    specific: dict[str, Tensor]
    quantized: Quantized


def encoders(config: SemanticSizes, modalities: tuple[str, ...]) -> SemanticEncoders:
    """The general encoders, in the widths of the configuration."""
    c = config
    block = (c.embedding_dim, c.layers, c.heads, c.feedforward, c.dropout)
    return SemanticEncoders(modalities, *block, c.spatial_attention, c.mask_text, c.text_hidden)


def inputs(encoder: SemanticEncoders, batch: Batch) -> dict[str, Tensor]:
    """x of every modality that the encoder has: audio and video as they come, text through the BiLSTM, [B,T,2
    text_hidden]."""
    text = (batch.text_mask, batch.seconds, batch.text_lengths)
    return {m: encoder.inputs(m, getattr(batch, m), *text) for m in encoder.widths}


def specific_encoder(
    config: SemanticSizes, modality: str, channels: int, skip: Skip = "input"
) -> VideoSpecific | LinearReLU:
    """x [B,T,channels] -> specific features [B,T,D]; video [B,T,7,7,channels] -> [B,T,3,3,S]."""
    if modality == "video":
        return VideoSpecific(channels, config.specific_channels, skip)
    return LinearReLU(channels, config.embedding_dim)


def decoder(config: SemanticSizes, modality: str, channels: int, skip: Skip = "input") -> VideoDecoder | VectorDecoder:
    """Code [B,T,D] and specific features of a modality -> x as `specific_encoder` takes it."""
    dim = config.embedding_dim
    if modality == "video":
        return VideoDecoder(dim, config.specific_channels, channels, config.decoder_channels, dim, skip)
    return VectorDecoder(dim, dim, channels, dim)


def targets(x: Mapping[str, Tensor], detach_text: bool) -> dict[str, Tensor]:
    """What decoders are to rebuild: x, that of text as a fixed target where `detach_text`."""
    return {m: value.detach() if m == "text" and detach_text else value for m, value in x.items()}


def reconstruction(config: ReleasedText, decoders: nn.ModuleDict, encoded: Encoded) -> dict[str, Tensor]:
    """`recon_<modality>`: each modality from its own code and specific features."""
    rebuilt = {m: decoders[m](encoded.quantized.straight[m], encoded.specific[m]) for m in encoded.z}
    goals = targets(encoded.x, config.detach_text_target)
    return {f"recon_{m}": mse(x, goals[m]) for m, x in rebuilt.items()}


def commitment(config: MixedCodebook, encoded: Encoded) -> dict[str, Tensor]:
    """`commit_<modality>`: to the own code, and to the other modalities' codes of the same second."""
    losses = cross_commitment(encoded.z, encoded.quantized.hard, config.commit_own, config.commit_other)
    return {f"commit_{m}": config.beta * loss for m, loss in losses.items()}


def encoder_groups(encoder: SemanticEncoders, *others: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Clip groups of the releases: `text`, the BiLSTM alone; `encoder`, the rest of the encoders and `others`."""
    text = list(encoder.text.parameters()) if encoder.text else []
    known = {id(p) for p in text}
    return {
        "encoder": [p for module in (encoder, *others) for p in module.parameters() if id(p) not in known],
        "text": text,
    }
