"""Names of parameters and buffers in released DCID checkpoints, and in ours (`variant: release`); functions:
`cmg.methods.keys`.

Tables by released module: encoder, text BiLSTM, decoder, CPC, and one CLUB net per modality.
"""

from __future__ import annotations

from cmg.methods import keys
from cmg.methods.keys import BLOCK, MODALITIES, TEXT

_OTHERS = {"audio": "Audio", "text": "Text"}

ENCODER = {
    "quantizer.": "Cross_quantizer.",
    "specific.video.conv_a.": "Video_encoder.conv_stack.0.",
    "specific.video.conv_b.": "Video_encoder.conv_stack.2.",
    "specific.video.conv_c.": "Video_encoder.conv_stack.4.",
    **{f"specific.video.residual.{own}.": f"Video_encoder.conv_stack.5.{theirs}." for own, theirs in BLOCK.items()},
    "video_projection.layers.": "Video_encoder.feed_forward.",
    **{f"specific.{m}.linear.": f"{name}_encoder.{m}_linear." for m, name in _OTHERS.items()},
    "encoder.pool.": "video_semantic_encoder.",
    **{f"encoder.temporal.{m}.": f"{m}_self_att." for m in MODALITIES},
}
DECODER = {
    "decoders.video.up_a.": "Video_decoder.inverse_conv_block.0.",
    **{
        f"decoders.video.residual.{own}.": f"Video_decoder.inverse_conv_block.1.{theirs}."
        for own, theirs in BLOCK.items()
    },
    "decoders.video.up_b.": "Video_decoder.inverse_conv_block.2.",
    "decoders.video.up_c.": "Video_decoder.inverse_conv_block.4.",
    "decoders.video.code.": "Video_decoder.video_linear.",
    **{f"decoders.{m}.code.": f"{name}_decoder.{m}_linear." for m, name in _OTHERS.items()},
    **{f"decoders.{m}.out.": f"{name}_decoder.{m}_rec." for m, name in _OTHERS.items()},
    **{f"classifiers.{m}.": f"{m}_semantic_decoder." for m in MODALITIES},
}
CPC = keys.cpc(MODALITIES)
CLUBS = {m: {f"clubs.{m}.": ""} for m in MODALITIES}
MODULES = {
    "Encoder_parameters": ENCODER,
    "CPC_parameters": CPC,
    "Text_ar_lstm_parameters": TEXT,
    "Decoder_parameters": DECODER,
}
MODULES |= {f"{m.capitalize()}_mi_net_parameters": table for m, table in CLUBS.items()}
