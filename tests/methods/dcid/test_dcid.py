"""DCID, `variant: paper`: commitment, CLUB, code matching and CPC written out, and the loop with several forwards."""

import numpy as np
import pytest
import torch

from cmg.losses.club import unit
from cmg.losses.code_matching import code_matching, code_usage
from cmg.methods import build, semantic
from cmg.methods.types import Draws


def make(small, **options):
    torch.manual_seed(0)
    return build("dcid", {**small, "text_hidden": 4, "dropout": 0.0, **options}).double().train()


@pytest.fixture
def encoded(small, batch):
    """A method and one forward of it."""
    method = make(small)
    return method, method._encode(batch.to(torch.float64), Draws(reset=torch.zeros(12)))


def array(x):
    return x.detach().numpy()


@pytest.mark.parametrize(("modalities", "other"), [("avt", 0.25), ("av", 0.5)])
def test_commitment(small, batch, modalities, other):
    """beta to the own code, and beta / 2 shared among the other modalities' codes of the same second."""
    method = make(small, modalities=modalities)
    encoded = method._encode(batch.to(torch.float64), Draws(reset=torch.zeros(12)))
    terms = semantic.commitment(method.config, encoded)
    for m in method.modalities:
        z, hard = array(encoded.z[m]), {n: array(code) for n, code in encoded.quantized.hard.items()}
        expected = np.mean((z - hard[m]) ** 2) + other * sum(np.mean((z - hard[n]) ** 2) for n in hard if n != m)
        assert terms[f"commit_{m}"].item() == pytest.approx(0.25 * expected, rel=1e-12)


def test_club_reduces_the_information_between_codes_and_specific_features(encoded):
    """Every term is the mean of log q(y_i|x_i) - mean_j log q(y_j|x_i), per feature; x are codes, y what decoders see,
    in unit scale."""
    method, forward = encoded
    pairs = method._club_pairs(forward)
    torch.testing.assert_close(pairs["video"][1], unit(forward.specific["video"].mean(dim=(2, 3))))
    for m, (x, y) in pairs.items():
        torch.testing.assert_close(x.detach(), forward.quantized.hard[m])
        mu, logvar, target = (array(v) for v in (*method.clubs[m](x), y))
        expected = 0.0
        for i, t in np.ndindex(*target.shape[:2]):
            score = [-0.5 * np.sum((mu[i, t] - target[j, t]) ** 2 / np.exp(logvar[i, t])) for j in range(len(target))]
            expected += (score[i] - np.mean(score)) / (target.shape[0] * target.shape[1])
        assert method._club(m, x, y, Draws()).item() == pytest.approx(max(0, expected / target.shape[-1]), rel=1e-9)


def test_code_matching_takes_the_earlier_modality_of_a_pair_as_rows(encoded):
    """The published form depends on the order: audio-video, audio-text, video-text."""
    method, forward = encoded
    usage = {m: code_usage(z, forward.quantized.codebook) for m, z in forward.z.items()}
    pairs = (("audio", "video"), ("audio", "text"), ("video", "text"))
    expected = sum(code_matching(usage[a], usage[b]) for a, b in pairs)
    assert method._code_matching(forward).item() == pytest.approx(expected.item(), rel=1e-12)


def test_cpc_covers_every_ordered_pair_and_no_self_pair(encoded):
    method, forward = encoded
    total = 0.0
    for source in method.modalities:
        prediction = array(method.predictive(source, forward.z[source], 2))[0]
        for target in method.modalities:
            if source != target:
                scores = prediction @ array(forward.z[target])[:, 3].T
                total -= np.mean(np.diag(scores) - np.log(np.exp(scores).sum(axis=1)))
    assert method._cpc(forward.z, 2).item() == pytest.approx(total, rel=1e-9)


def test_reconstruction_sees_own_code_and_specific_features(encoded):
    method, forward = encoded
    terms = semantic.reconstruction(method.config, method.decoders, forward)
    rebuilt = method.decoders["text"](forward.quantized.straight["text"], forward.specific["text"])
    assert terms["recon_text"].item() == pytest.approx(
        np.mean((array(rebuilt) - array(forward.x["text"])) ** 2), rel=1e-12
    )
    assert set(terms) == {"recon_audio", "recon_video", "recon_text"}


@pytest.mark.parametrize(("forwards", "updates"), [("once", 1), ("each", 6)])
def test_forwards_per_batch(small, batch, forwards, updates):
    method, calls = make(small, club_forwards=forwards), []

    def fit(closure):
        for _ in range(method.inner_steps):
            closure().backward()
            calls.append([p.grad is None for p in method.main_parameters()])

    batch = batch.to(torch.float64)
    method.loss(batch, method.draw(torch.Generator().manual_seed(0), 4, 5), fit)
    assert method.quantizer.hits.sum() == updates * 3 * 4 * 5  # modalities, clips, seconds
    assert len(calls) == 5 and all(all(call) for call in calls)  # the inner steps train CLUB alone


@pytest.mark.parametrize("off", [{"club": False}, {f"club_{m}": False for m in ("audio", "video", "text")}])
def test_without_club_nothing_is_fitted(small, batch, off):
    method = make(small, losses=off)
    assert method.variational_parameters() == []

    def fit(closure):
        raise AssertionError("fitted")

    method.loss(batch.to(torch.float64), method.draw(torch.Generator().manual_seed(0), 4, 5), fit)


def test_a_zero_row_is_a_code_for_downstream_tasks_alone(small, batch):
    method, plain = make(small, zero_row=True).eval(), make(small).eval()
    book = method.codebooks()[0]
    assert not book[0].any() and torch.equal(book[1:], plain.codebooks()[0][1:]) and method.quantizer.embedding[0].any()
    audio = batch.audio.double()
    distance = torch.cdist(method.encoder.encode("audio", audio).flatten(0, 1), book)
    assert torch.equal(method.encode("audio", audio).indices.flatten(), distance.argmin(dim=1))
