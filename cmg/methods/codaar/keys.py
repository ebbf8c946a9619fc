"""Names of parameters and buffers in released CoDAAR checkpoints, and in ours (`variant: release`); functions:
`cmg.methods.keys`.

Tables by released module: encoder, text BiLSTM, decoder, CPC. The release keeps the counts of each modality under its
own name and their sum besides; ours are one buffer [M,K].
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from cmg.methods import keys
from cmg.methods.keys import BLOCK, TEXT

MODALITIES = ("video", "audio", "text")
_STACK = {"conv_a": 0, "norm_a": 1, "conv_b": 3, "norm_b": 4}
_OTHERS = {"audio": "Audio", "text": "Text"}

ENCODER = {
    "quantizer.": "Cross_quantizer.",
    **{f"project.video.{own}.": f"video_semantic_encoder.spatial_conv_stack.{n}." for own, n in _STACK.items()},
    "encoder.pool.": "video_semantic_encoder.",
    **{f"project.{m}.linear.": f"{name}_encoder.{m}_linear." for m, name in _OTHERS.items()},
    **{f"encoder.temporal.{m}.": f"{m}_self_att." for m in MODALITIES},
}
DECODER = {
    "merge.video.": "Video_decoder.video_linear_1.",
    "decoders.video.code.": "Video_decoder.video_linear.",
    "decoders.video.up_a.": "Video_decoder.inverse_conv_block.0.",
    **{
        f"decoders.video.residual.{own}.": f"Video_decoder.inverse_conv_block.1.{theirs}."
        for own, theirs in BLOCK.items()
    },
    "decoders.video.up_b.": "Video_decoder.inverse_conv_block.2.",
    "decoders.video.up_c.": "Video_decoder.inverse_conv_block.4.",
    **{f"merge.{m}.": f"{name}_decoder.{m}_linear_1." for m, name in _OTHERS.items()},
    **{f"decoders.{m}.code.": f"{name}_decoder.{m}_linear." for m, name in _OTHERS.items()},
    **{f"decoders.{m}.out.": f"{name}_decoder.{m}_rec." for m, name in _OTHERS.items()},
    **{f"classifiers.{m}.": f"{m}_semantic_decoder." for m in MODALITIES},
}
CPC = keys.cpc(MODALITIES)
MODULES = {
    "Encoder_parameters": ENCODER,
    "CPC_parameters": CPC,
    "Text_ar_lstm_parameters": TEXT,
    "Decoder_parameters": DECODER,
}

_COUNT = "Cross_quantizer.ema_count"


def merged_counts(encoder: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A released encoder state with one `ema_count` [M,K] in place of `ema_count_v`, `_a`, `_t` [K] and their sum."""
    names = [f"{_COUNT}_{m[0]}" for m in MODALITIES if f"{_COUNT}_{m[0]}" in encoder]
    rest = {key: value for key, value in encoder.items() if key not in names}
    return rest | {_COUNT: torch.stack([encoder[name] for name in names])}


def split_counts(encoder: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `merged_counts`."""
    counts = encoder[_COUNT]
    parts = {f"{_COUNT}_{m[0]}": row for m, row in zip(MODALITIES, counts, strict=False)}
    return dict(encoder) | {_COUNT: counts.sum(dim=0)} | parts
