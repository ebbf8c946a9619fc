"""Names of parameters and buffers in released FCID checkpoints, and in ours (`variant: release`).

A released model is four modules: encoder, decoder, CPC, and CLUB nets, of which published files hold the encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")

_BLOCK = {"conv3": "stack.0.res_block.1", "conv1": "stack.0.res_block.3"}

ENCODER = {
    "quantizer.": "Cross_quantizer_coarse.",
    "video_specific.conv_a.": "v_spe_encoder.conv_stack.0.",
    "video_specific.conv_b.": "v_spe_encoder.conv_stack.2.",
    "video_specific.conv_c.": "v_spe_encoder.conv_stack.4.",
    **{f"video_specific.residual.{own}.": f"v_spe_encoder.conv_stack.5.{theirs}." for own, theirs in _BLOCK.items()},
    "video_projection.layers.": "v_spe_encoder.feed_forward.",
    "audio_specific.linear.": "a_spe_encoder.audio_linear.",
    "encoder.pool.": "v_gen_encoder.",
    **{f"encoder.temporal.{m}.": f"{m[0]}_self_att." for m in ("audio", "video", "text")},
    "encoder.project.audiovisual.": "va2vat.linear.",
    "encoder.project.text.": "t2vat.linear.",
    "encoder.general.audiovisual.linear.": "va_gen_encoder.input_linear.",
    "encoder.general.text.linear.": "t_gen_encoder.input_linear.",
    "coarse_specific.audiovisual.linear.": "va_spe_encoder.input_linear.",
    "coarse_specific.text.linear.": "t_spe_encoder.input_linear.",
}
DECODER = {
    "decoders.video.up_a.": "v_fine_decoder.inverse_conv_block.0.",
    **{f"decoders.video.residual.{own}.": f"v_fine_decoder.inverse_conv_block.1.{theirs}." for own, theirs in _BLOCK.items()},
    "decoders.video.up_b.": "v_fine_decoder.inverse_conv_block.2.",
    "decoders.video.up_c.": "v_fine_decoder.inverse_conv_block.4.",
    "decoders.video.code.": "v_fine_decoder.video_linear.",
    "decoders.audio.code.": "a_fine_decoder.audio_linear.",
    "decoders.audio.out.": "a_fine_decoder.audio_rec.",
    **{f"decoders.coarse.{m}.code.": f"{m[0]}_coarse_decoder.simple_linear." for m in ("audio", "video", "text")},
    **{f"decoders.coarse.{m}.out.": f"{m[0]}_coarse_decoder.simple_rec." for m in ("audio", "video", "text")},
}
CPC = {
    **{f"predictive.lstm.{m}.": f"{m}_ar_lstm." for m in ("audio", "video")},
    **{f"predictive.predictors.{m}.": f"{m}_predictors." for m in ("audio", "video")},
}
CLUBS = {f"clubs.{name}.": f"{name}/" for name in ("video", "audio", "audiovisual", "text")}
MODULES = {"Encoder_parameters": ENCODER}
"""Entries of a released file that hold a module; FCID's holds the encoder alone."""

TEMPLATE = ".encoder_layer."
"""Released temporal modules also hold an unused, untrained copy of their layer under this name; it is not part of ours."""


def own_names(released: Mapping[str, T], table: Mapping[str, str]) -> dict[str, T]:
    """Rename released keys to ours. Template layers are left out; a key that the table does not know is a KeyError."""
    back = {theirs: own for own, theirs in table.items()}
    return {_renamed(key, back): value for key, value in released.items() if TEMPLATE not in key}


def released_names(own: Mapping[str, T], table: Mapping[str, str]) -> dict[str, T]:
    """Rename the keys of ours that belong to one released module; others are left out."""
    return {_renamed(key, table): value for key, value in own.items() if any(key.startswith(prefix) for prefix in table)}


def _renamed(key: str, table: Mapping[str, str]) -> str:
    for prefix, other in table.items():
        if key.startswith(prefix):
            return other + key[len(prefix) :]
    raise KeyError(f"'{key}' is no name of an FCID parameter (expected one that begins with {', '.join(table)})")
