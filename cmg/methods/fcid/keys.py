"""Names of parameters and buffers in released FCID checkpoints, and in ours (`variant: release`).

A released model is four modules: encoder, decoder, CPC, and CLUB nets, of which published files hold the encoder.
"""

from __future__ import annotations

from cmg.methods import keys
from cmg.methods.keys import BLOCK, MODALITIES

ENCODER = {
    "quantizer.": "Cross_quantizer_coarse.",
    "video_specific.conv_a.": "v_spe_encoder.conv_stack.0.",
    "video_specific.conv_b.": "v_spe_encoder.conv_stack.2.",
    "video_specific.conv_c.": "v_spe_encoder.conv_stack.4.",
    **{f"video_specific.residual.{own}.": f"v_spe_encoder.conv_stack.5.{theirs}." for own, theirs in BLOCK.items()},
    "video_projection.layers.": "v_spe_encoder.feed_forward.",
    "audio_specific.linear.": "a_spe_encoder.audio_linear.",
    "encoder.pool.": "v_gen_encoder.",
    **{f"encoder.temporal.{m}.": f"{m[0]}_self_att." for m in MODALITIES},
    "encoder.project.audiovisual.": "va2vat.linear.",
    "encoder.project.text.": "t2vat.linear.",
    "encoder.general.audiovisual.linear.": "va_gen_encoder.input_linear.",
    "encoder.general.text.linear.": "t_gen_encoder.input_linear.",
    "coarse_specific.audiovisual.linear.": "va_spe_encoder.input_linear.",
    "coarse_specific.text.linear.": "t_spe_encoder.input_linear.",
}
DECODER = {
    "decoders.video.up_a.": "v_fine_decoder.inverse_conv_block.0.",
    **{
        f"decoders.video.residual.{own}.": f"v_fine_decoder.inverse_conv_block.1.{theirs}."
        for own, theirs in BLOCK.items()
    },
    "decoders.video.up_b.": "v_fine_decoder.inverse_conv_block.2.",
    "decoders.video.up_c.": "v_fine_decoder.inverse_conv_block.4.",
    "decoders.video.code.": "v_fine_decoder.video_linear.",
    "decoders.audio.code.": "a_fine_decoder.audio_linear.",
    "decoders.audio.out.": "a_fine_decoder.audio_rec.",
    **{f"decoders.coarse.{m}.code.": f"{m[0]}_coarse_decoder.simple_linear." for m in MODALITIES},
    **{f"decoders.coarse.{m}.out.": f"{m[0]}_coarse_decoder.simple_rec." for m in MODALITIES},
}
CPC = keys.cpc(("audio", "video"))
CLUBS = {f"clubs.{name}.": f"{name}/" for name in ("video", "audio", "audiovisual", "text")}
MODULES = {"Encoder_parameters": ENCODER}
"""Entries of a released file that hold a module; FCID's holds the encoder alone."""
