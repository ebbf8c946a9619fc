"""Decoders: shapes, and that each input reaches the output."""

import torch

from cmg.nn.decoders import InputDecoders, ProjectionDecoders, VectorDecoder, VideoDecoder


def features(dim=8, width=4):
    g = torch.Generator().manual_seed(0)
    code, coarse, fine = (
        {m: torch.randn(2, 3, dim, generator=g) for m in ("video", "audio", "text")} for _ in range(3)
    )
    specific = {"audio": torch.randn(2, 3, dim, generator=g), "video": torch.randn(2, 3, 3, 3, width, generator=g)}
    return code, coarse, fine, specific


def test_input_decoders():
    code, coarse, _, specific = features()
    out = InputDecoders(8, 4, 6, "input")(code, coarse, specific)
    assert {k: tuple(v.shape) for k, v in out.items()} == {
        "video": (2, 3, 7, 7, 512),
        "audio": (2, 3, 128),
        "text": (2, 768),
    }


def test_clip_codes_are_copied_to_every_second():
    code, coarse, _, specific = features()
    decoders = InputDecoders(8, 4, 6, "input")
    clip = {m: x[:, :1] for m, x in code.items()}
    copied = {m: x[:, :1].expand(-1, 3, -1) for m, x in code.items()}
    first = {m: x[:, :1] for m, x in coarse.items()}
    both = {m: x[:, :1].expand(-1, 3, -1) for m, x in coarse.items()}
    torch.testing.assert_close(decoders(clip, first, specific)["audio"], decoders(copied, both, specific)["audio"])


def test_projection_decoders():
    code, coarse, fine, specific = features()
    out = ProjectionDecoders(8, 4, 6, "relu")(fine, code, coarse, specific)
    assert list(out) == ["video", "audio", "coarse_video", "coarse_audio", "coarse_text"]
    assert out["coarse_text"].shape == (2, 3, 8)


def test_code_and_specific_features_both_matter():
    code, _, _, specific = features()
    for decoder, own in ((VideoDecoder(8, 4, dim=8), "video"), (VectorDecoder(8, 8, 5, 8), "audio")):
        c, s = code[own].requires_grad_(), specific[own].requires_grad_()
        decoder(c, s).square().sum().backward()
        assert c.grad.abs().sum() > 0 and s.grad.abs().sum() > 0
