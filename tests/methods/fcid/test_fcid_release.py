"""`variant: release` against numbers made by the released code, in float64."""

import torch

from cmg.methods.fcid.keys import DECODER, ENCODER
from cmg.methods.types import Batch, Draws
from cmg.nn.decoders import VideoDecoder
from cmg.nn.specific import MapProjection, VideoSpecific
from tests.methods.fcid.released_weights import rule, rule_state

EXACT = {"rtol": 1e-10, "atol": 1e-11}
UNIFORM = torch.zeros(400, dtype=torch.float64)


def forward(method, batch):
    """Encoder outputs under the names of the reference files."""
    x = method(batch, Draws(reset=UNIFORM))
    out = {"v_gen_result": x.fine["video"], "a_gen_result": x.fine["audio"], "v_spe_result": x.specific["video"]}
    out |= {"v_club_feature": method.video_projection(x.specific["video"]), "a_spe_result": x.specific["audio"]}
    for name, c in x.coarse.items():
        m = name[0]
        out |= {
            f"coarse_{m}_gen": c.general[:, 0],
            f"coarse_{m}_spe": c.specific[:, 0],
            f"coarse_{m}": c.projected[:, 0],
        }
        out |= {f"c_{m}_vq": x.quantized.straight[name], f"idx_{m}": x.quantized.indices[name][:, 0]}
    out["c_embedding_loss"] = method._commitment(x.seen, x.quantized)
    return out | {"c_cmcm_loss": 0.5 * method._code_matching(x.seen, x.quantized)}, x


def compare(found, expected):
    for name in found.keys() & expected.keys():
        torch.testing.assert_close(found[name].detach(), expected[name], **EXACT, msg=lambda m, n=name: f"{n}: {m}")


def test_evaluation_forward(released, golden, golden_batch):
    method, expected = released().eval(), golden("eval_forward")
    before = method.quantizer.embedding.clone()
    found = forward(method, golden_batch)[0]
    assert len(found.keys() & expected.keys()) == 22
    compare(found, expected)
    compare({"unactivated_count_after": method.quantizer.unactivated_count}, expected)
    pooled = method.encoder.pool(golden_batch.video)
    compare({"v_gen_encoder_out": pooled, "f_v_vq": found["v_gen_result"], "f_a_vq": found["a_gen_result"]}, expected)
    assert torch.equal(before, method.quantizer.embedding)


def test_training_forward_updates_the_codebook_twice(released, golden, golden_batch):
    method, expected = released(dropout=0.0).train(), golden("train_forward_nodropout")
    compare(forward(method, golden_batch)[0], expected)
    compare(
        {
            f"{n}_after1": getattr(method.quantizer, n)
            for n in ("embedding", "ema_count", "ema_weight", "unactivated_count")
        },
        expected,
    )
    audio, video, text = (
        x.flip(0) for x in (golden_batch.audio * 0.7, golden_batch.video * 1.1, golden_batch.text * 1.3)
    )
    second = forward(method, Batch(audio, video, text, golden_batch.text_mask))[0]
    compare({f"{n}_2": second[n] for n in ("c_embedding_loss", "c_cmcm_loss")}, expected)
    compare(
        {
            f"{n}_after2": getattr(method.quantizer, n)
            for n in ("embedding", "ema_count", "ema_weight", "unactivated_count")
        },
        expected,
    )


def test_dropout_draws(released, golden, golden_batch):
    method, expected = released(dropout=0.1).train(), golden("train_forward_dropout_seed99")
    torch.manual_seed(99)
    x = method(golden_batch, Draws(reset=UNIFORM))
    found = {
        "v_gen_result": x.fine["video"],
        "a_gen_result": x.fine["audio"],
        "coarse_t": x.coarse["text"].projected[:, 0],
    }
    assert found.keys() == expected.keys()
    compare(found, expected)


def test_encoding_one_modality(released, golden, golden_batch):
    method, expected = released().eval(), golden("encode_modalities")
    book = method.codebooks()[0]
    for name in ("audio", "video", "text"):
        features = getattr(golden_batch, name)
        step, clip = (
            method.encode(name, features, golden_batch.text_mask, level).indices for level in ("step", "clip")
        )
        compare({f"{name}_split_idx": step.flatten(), f"{name}_clip_idx": clip.flatten()}, expected)
        compare({f"{name}_split": book[step[..., 0]], f"{name}_clip": book[clip[:, 0, 0]]}, expected)
    compare({"prequant_audio_split": method.encoder.encode("audio", golden_batch.audio)}, expected)
    compare({f"{m}_fine": method.encoder.fine(m, getattr(golden_batch, m)) for m in ("audio", "video")}, expected)
    means = golden_batch.video.mean(dim=(2, 3))  # inert attention needs no more than these
    assert torch.equal(method.encode("video", means).indices, method.encode("video", golden_batch.video).indices)


def test_decoders(released, golden, golden_batch):
    method, expected = released().eval(), golden("decoder_forward")
    x = method(golden_batch, Draws(reset=UNIFORM))
    terms = method.reconstruction(golden_batch, x)
    found = {"fine_recon": terms["recon_video"] + terms["recon_audio"]}
    found["coarse_recon"] = sum(terms[f"recon_coarse_{m}"] for m in ("video", "audio", "text"))
    rebuilt = method.decoders(x.fine, x.quantized.straight, {n: c.specific for n, c in x.coarse.items()}, x.specific)
    compare(found | {"audio_recon": rebuilt["audio"], "coarse_video_recon": rebuilt["coarse_video"][:, 0]}, expected)
    first = expected["video_recon_first2"]
    torch.testing.assert_close(rebuilt["video"][:1, :2].float(), first, rtol=1e-6, atol=1e-7)


def test_full_size_video_branch(golden):
    expected = golden("video_specific_fullsize")
    video = rule("input.video", (1, 2, 7, 7, 512), 1.0).clamp(min=0)
    encoder, project = VideoSpecific(512, 2048, "relu").double(), MapProjection(2048, 512).double()
    decoder = VideoDecoder(256, 2048, 512, 512, 256, "relu").double()
    rule_state(encoder, ENCODER, "video_specific.")
    rule_state(project, ENCODER, "video_projection.")
    rule_state(decoder, DECODER, "decoders.video.")
    with torch.no_grad():
        specific = encoder(video)
        found = {"specific": specific, "club_feature": project(specific)}
        found["reconstruction"] = decoder(rule("input.vq", (1, 2, 256), 1.0), specific)
    assert found.keys() == expected.keys()
    compare(found, expected)


def test_dead_codes_are_copied_from_the_given_sources(released, golden, golden_batch):
    method, expected = released().eval(), golden("dead_code_reset")
    quantizer = method.quantizer
    quantizer.embedding.copy_(expected["embedding_before"].double())
    quantizer.unactivated_count.copy_(expected["unactivated_before"].double())
    idle_after = expected["unactivated_after"]
    active = torch.nonzero((idle_after < 100) & (idle_after >= 0)).flatten()
    active = active[~torch.isin(active, expected["reset_codes"])]
    uniform = torch.zeros(400, dtype=torch.float64)
    for code, source in zip(expected["reset_codes"], expected["source_codes"], strict=True):
        uniform[code] = (torch.searchsorted(active, source) + 0.5) / len(active)
    method(golden_batch, Draws(reset=uniform))
    compare({"embedding_after": quantizer.embedding, "unactivated_after": quantizer.unactivated_count}, expected)


def test_float32_stays_close_on_a_warm_codebook(released, golden, golden_batch):
    method, expected = released().eval().float(), golden("eval_forward")
    found = forward(method, golden_batch.to(torch.float32))[0]
    for name in ("coarse_v_gen", "coarse_a_gen", "coarse_t_gen", "c_embedding_loss", "v_club_feature"):
        torch.testing.assert_close(found[name].double(), expected[name], rtol=1e-4, atol=1e-5)
    assert torch.equal(found["idx_v"], expected["idx_v"])
