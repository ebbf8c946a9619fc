"""FCID without one modality: audio and video have the fine part alone, audio or video with text the coarse part
alone."""

import numpy as np
import pytest
import torch

from cmg.methods import build, config_class
from cmg.methods.types import Draws

FINE, COARSE = {"club_audio", "club_video", "cpc"}, {"club_text", "club_audiovisual", "infonce"}
NAMES = {"a": "audio", "v": "video", "t": "text"}


def make(small, **options):
    torch.manual_seed(0)
    return build("fcid", {**small, "dropout": 0.0, **options}).train()


def step(method, batch):
    draws = method.draw(torch.Generator().manual_seed(0), batch.size, batch.seconds)
    return method.loss(batch, draws, lambda closure: closure().backward())


@pytest.mark.parametrize("variant", ["paper", "release"])
@pytest.mark.parametrize("modalities", ["av", "vt", "at"])
def test_terms_of_one_part(small, batch, modalities, variant):
    method = make(small, modalities=modalities, variant=variant)
    names = [NAMES[initial] for initial in modalities]
    terms = step(method, batch)
    projected = variant == "release" and modalities != "av"
    rebuilt = {f"recon_{'coarse_' * projected}{m}" for m in names}
    matched = {"cmcm"} if variant == "release" else set()
    assert set(terms.terms) == rebuilt | {"commit"} | matched | (FINE if modalities == "av" else COARSE)
    terms.total.backward()
    none = {n for n, p in method.named_parameters() if p.grad is None}
    assert all(n.startswith(("encoder.pool.affine", "encoder.pool.ave")) for n in none)
    assert all(torch.isfinite(p.grad).all() for n, p in method.named_parameters() if n not in none)
    assert set(method.quantizer.streams) == set(method.modalities) == set(names)
    grouped = [id(p) for group in method.clip_groups().values() for p in group]
    assert len(grouped) == len(set(grouped)) == len(list(method.parameters()))


@pytest.mark.parametrize("modalities", ["av", "vt", "at"])
def test_encoding_of_the_modalities_there_are(small, batch, modalities):
    method = make(small, modalities=modalities).eval()
    for initial, name in NAMES.items():
        features, mask = getattr(batch, name), batch.text_mask if name == "text" else None
        if initial in modalities:
            assert method.encode(name, features, mask).indices.shape == (4, 1 if name == "text" else 5, 1)
        else:
            with pytest.raises(ValueError, match=f"unknown modality '{name}'"):
                method.encode(name, features, mask)
    step(method.train(), batch)
    assert {key for key in method.health() if key.startswith("shared")} == {"shared/0", "shared/1", "shared/2"}


def test_fine_alone_quantises_the_fine_features(small, batch):
    """Each code is the nearest to f of its own second, and reconstruction is from that code and the fine specific
    features."""
    method = make(small, modalities="av")
    x = method(batch, Draws(reset=torch.zeros(12)))
    for name in ("audio", "video"):
        f, codes = x.fine[name].detach().numpy(), x.quantized.codebook.numpy()
        distance = ((f[:, :, None] - codes) ** 2).sum(axis=-1)
        assert np.array_equal(x.quantized.indices[name].numpy(), distance.argmin(axis=-1))
    terms = method.reconstruction(batch, x)
    audio = method.decoders.audio(x.quantized.straight["audio"], x.specific["audio"])
    assert terms["recon_audio"].item() == pytest.approx(np.mean((audio.detach() - batch.audio).numpy() ** 2), rel=1e-5)


def test_coarse_alone_rebuilds_spatial_means_and_mean_words(small, batch):
    method = make(small, modalities="vt")
    x = method(batch, Draws(reset=torch.zeros(12)))
    terms = method.reconstruction(batch, x)
    rebuilt = {
        n: method.decoders[n](x.quantized.straight[n], x.coarse[n].specific).detach().numpy() for n in ("video", "text")
    }
    words = np.stack([t[m].mean(axis=0) for t, m in zip(batch.text.numpy(), batch.text_mask.numpy(), strict=True)])
    expected = {"video": batch.video.numpy().mean(axis=(2, 3)), "text": words[:, None]}
    for name, target in expected.items():
        assert terms[f"recon_{name}"].item() == pytest.approx(np.mean((rebuilt[name] - target) ** 2), rel=1e-5)


def test_coarse_alone_needs_no_second_to_predict(small, batch):
    assert make(small, modalities="at").draw(torch.Generator(), 4, 1).cpc_step == 0
    with pytest.raises(ValueError, match="CPC needs a context and a target"):
        make(small, modalities="av").draw(torch.Generator(), 4, 1)


def test_settings_are_read_in_either_case():
    assert (
        config_class("fcid")(modalities="VT").modalities == "vt"
        and config_class("dcid")(modalities="AV").commit_other == 0.5
    )
    with pytest.raises(ValueError, match="modalities"):
        config_class("codaar")(modalities="vt")
