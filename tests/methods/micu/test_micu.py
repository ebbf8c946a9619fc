"""MICU: options that the comparison with the release does not reach."""

import pytest
import torch

from cmg.methods import build


def loss(options, batch):
    torch.manual_seed(0)
    method = build("micu", {**options, "dropout": 0.0}).train()
    return method, method.loss(
        batch, method.draw(torch.Generator().manual_seed(0), batch.size, batch.seconds), lambda closure: None
    )


def test_terms_and_switches(small, batch):
    _, terms = loss(small, batch)
    assert list(terms.terms)[-3:] == ["fcmi_fine", "fcmi_coarse", "jigsaw"] and len(terms.terms) == 9
    _, few = loss({**small, "losses": {"recon": False, "commit": False, "jigsaw": False, "fine": False}}, batch)
    assert list(few.terms) == ["fcmi_coarse"]


def test_audio_and_video_only(small, batch):
    method, terms = loss({**small, "modalities": "av"}, batch)
    assert not any("text" in name for name in [*terms.terms, *method.state_dict()])
    with pytest.raises(ValueError, match="unknown modality 'text'"):
        method.encode("text", batch.text)


def test_two_forwards_move_the_codebook_twice(small, batch):
    once, _ = loss(small, batch)
    twice, _ = loss({**small, "forwards": 2}, batch)
    for method, n in ((once, 1), (twice, 2)):
        expected = 12 * 0.99**n + 3 * batch.size * batch.seconds * (1 - 0.99**n)
        assert method.quantizer.ema_count.sum().item() == pytest.approx(expected)


def test_the_mask_is_shared_and_drawn_anew(small, batch):
    method, _ = loss({**small, "mask_ratio": 0.5}, batch)
    g = torch.Generator().manual_seed(0)
    one, two = (method.draw(g, 64, 10).masks["query"] for _ in range(2))
    assert one.shape == (64, 10) and not torch.equal(one, two) and abs(one.float().mean() - 0.5) < 0.1


def test_released_options_by_name(small):
    config = build("micu", {**small, "variant": "release"}).config
    assert (config.forwards, config.zero_row, config.commit_own, config.clip_jigsaw) == (2, True, 2.0, False)
