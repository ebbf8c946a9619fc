"""Configuration that methods share: the base of all, widths of FCID's and of DCID's encoders."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Modalities = Literal["avt", "av"]


class Frozen(BaseModel):
    """Immutable; an unknown key is rejected with the nearest known one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, values: Any) -> Any:
        for key in values if isinstance(values, dict) else ():
            if key not in cls.model_fields:
                near = get_close_matches(str(key), cls.model_fields, n=1, cutoff=0.5)
                hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(cls.model_fields)}"
                raise ValueError(f"unknown key '{key}'; {hint}")
        return values


class Sizes(Frozen):
    """Widths of encoders, codebook and decoders. Defaults are the official sizes."""

    codebook_size: int = Field(400, ge=2, description="K")
    embedding_dim: int = Field(256, ge=4, description="D, the width of every general feature")
    specific_channels: int = Field(2048, ge=2, multiple_of=2, description="channels of the video-specific 3x3 map")
    decoder_channels: int = Field(512, ge=1, description="channels before the last layer of the video decoder")
    layers: int = Field(1, ge=1, description="encoder layers of a temporal block")
    heads: int = Field(4, ge=1, description="attention heads of a temporal block")
    feedforward: int = Field(1024, ge=1, description="hidden width of a temporal block")
    dropout: float = Field(0.1, ge=0, lt=1, description="in the temporal blocks")


class SemanticSizes(Sizes):
    """Widths of the methods on DCID's encoders: blocks of two layers, text through a BiLSTM."""

    layers: int = Field(2, ge=1, description="encoder layers of a temporal block")
    text_hidden: int = Field(128, ge=1, description="width of the text BiLSTM, per direction")
    modalities: Modalities = "avt"
    """Audio, video and text, or audio and video only."""
    spatial_attention: Literal["softmax", "inert"] = "softmax"
    """Pooling of the 7x7 map: attention over the positions, or, as released, their plain sum
    (`ChannelSpatialAttention`)."""
    mask_text: bool = True
    """Whether the padding behind a sentence is left out; the releases read it like words."""
