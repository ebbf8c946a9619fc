"""CoDAAR, `variant: paper`: commitment, decoder codes, projections, code matching written out."""

import numpy as np
import pytest
import torch

from cmg.methods import build, semantic


def make(small, **options):
    torch.manual_seed(0)
    return build("codaar", {**small, "text_hidden": 4, "dropout": 0.0, **options}).double().train()


@pytest.fixture
def forward(small, batch):
    """make(**options) -> method, inputs x, features z, quantized, of one step."""

    def run(**options):
        method = make(small, **options)
        x = semantic.inputs(method.encoder, batch.to(torch.float64))
        z = {m: method.encoder(m, x[m]) for m in method.modalities}
        return method, x, z, method.quantizer(z, torch.zeros(12), torch.zeros(12, 24))

    return run


def array(x):
    return x.detach().numpy()


def test_commitment_to_own_and_other_codes(forward):
    method, _, z, quantized = forward()
    terms = method._commitment(z, quantized)
    for m in method.modalities:
        distance = {n: np.mean((array(z[m]) - array(quantized.hard[n])) ** 2) for n in method.modalities}
        expected = 0.25 * (2 * distance[m] + 0.5 * sum(d for n, d in distance.items() if n != m))
        assert terms[f"commit_{m}"].item() == pytest.approx(expected, rel=1e-12)


def test_decoders_see_the_own_codes_side_by_side_or_one_row(forward):
    method, _, z, quantized = forward()
    own = method._trimodal("audio", z, quantized)
    torch.testing.assert_close(own, torch.cat([quantized.hard[m] for m in ("video", "audio", "text")], dim=-1))
    assert torch.equal(own, method._trimodal("text", z, quantized))
    method, _, z, quantized = forward(decoder_code="row")
    for m in method.modalities:
        torch.testing.assert_close(method._trimodal(m, z, quantized), quantized.codebook[quantized.indices[m]])
    gradient = torch.autograd.grad(method._trimodal("audio", z, quantized).sum(), z["video"])[0]
    assert torch.equal(gradient, torch.ones_like(gradient))


def test_a_code_is_a_row_at_the_index_of_the_nearest_code_of_its_modality(forward, batch):
    method, x, _, _ = forward()
    method.eval()
    table = method.codebooks()[0].numpy()
    for n, m in enumerate(("video", "audio", "text")):
        features = x[m] if m != "text" else batch.text.double()
        z = array(method.encoder.encode(m, features, batch.text_mask if m == "text" else None))
        distance = np.linalg.norm(z[:, :, None] - table[None, None, :, 8 * n : 8 * (n + 1)], axis=-1)
        found = method.encode(m, features, batch.text_mask if m == "text" else None).indices[..., 0]
        assert np.array_equal(found.numpy(), distance.argmin(axis=-1))


def test_reconstruction(forward):
    """Audio from Linear(Linear(codes)) beside its projection, no activation anywhere; video from the channel-gated
    map."""
    method, x, z, quantized = forward()
    terms = method._reconstruction(x, z, quantized)
    code = np.concatenate([array(quantized.hard[m]) for m in ("video", "audio", "text")], axis=-1)

    def linear(layer, value):
        return value @ array(layer.weight).T + array(layer.bias)

    decoder = method.decoders["audio"]
    inner = linear(decoder.code, linear(method.merge["audio"], code))
    audio = linear(decoder.out, np.concatenate([inner, linear(method.project["audio"], array(x["audio"]))], axis=-1))
    assert terms["recon_audio"].item() == pytest.approx(np.mean((audio - array(x["audio"])) ** 2), rel=1e-10)
    spatial = method.project["video"](method.encoder.pool.gated(x["video"]))
    video = method.decoders["video"](method.merge["video"](torch.from_numpy(code)), spatial)
    assert terms["recon_video"].item() == pytest.approx(np.mean((array(video) - array(x["video"])) ** 2), rel=1e-10)


def test_code_matching_uses_each_modality_s_own_codes(forward):
    """Eq. 11 over audio-text, audio-video, text-video."""
    method, _, z, quantized = forward()
    usage = {}
    for n, m in enumerate(("video", "audio", "text")):
        codes = quantized.codebook.numpy()[:, 8 * n : 8 * (n + 1)]
        weight = np.exp(-np.linalg.norm(array(z[m])[:, :, None] - codes, axis=-1))
        usage[m] = (weight / weight.sum(axis=-1, keepdims=True)).mean(axis=1)
    expected = 0.0
    for a, b in (("audio", "text"), ("audio", "video"), ("text", "video")):
        scores = np.exp(usage[a] @ np.log(usage[b]).T + np.log(usage[a]) @ usage[b].T)
        expected -= np.log(np.diag(scores) / scores.sum(axis=1)).mean()
    assert method._code_matching(z, quantized).item() == pytest.approx(expected, rel=1e-4)


def test_setting_chooses_alignment_weights():
    from cmg.methods.codaar.config import CoDAARConfig

    for variant in ("paper", "release"):
        avt, av = CoDAARConfig(variant=variant), CoDAARConfig(variant=variant, modalities="av")
        assert (avt.dta_self, avt.dta_cross, av.dta_self, av.dta_cross) == (0.6, 0.2, 0.75, 0.25)
    assert CoDAARConfig().cpc_horizon == 2 and CoDAARConfig(variant="release").cpc_horizon == 1
