"""Encoding reads the encoders and the codebook, and nothing else of a model."""

import pytest
import torch

from cmg.methods import METHODS, build

KEPT = ("encoder", "shared", "quantizer")


def coded(method, modality, features, *mask):
    """Indices, or vectors where the method has no codebook."""
    codes = method.encode(modality, features, *mask)
    return codes.vectors if codes.indices is None else codes.indices


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("variant", ["paper", "release"])
def test_codes_without_the_rest_of_the_model(small, batch, name, variant):
    options = {"variant": variant} if name in ("fcid", "dcid", "codaar") else {}
    torch.manual_seed(0)
    method = build(name, small | options)
    method.eval().finish([batch])
    given = {"audio": (batch.audio,), "video": (batch.video,), "text": (batch.text, batch.text_mask)}
    before = {m: coded(method, m, *x) for m, x in given.items()}
    for part, _ in list(method.named_children()):
        if part not in KEPT:
            delattr(method, part)
    assert all(torch.equal(coded(method, m, *x), before[m]) for m, x in given.items())


@pytest.mark.parametrize(("name", "parameters"), [("fcid", 3_059_200), ("dcid", 6_349_056), ("codaar", 6_349_056)])
def test_parameters_that_encoding_needs_at_the_official_size(name, parameters):
    """Facts on FCID 9, and on CoDAAR 3: channel gate, temporal blocks without templates, text BiLSTM; DCID has the
    same."""
    with torch.device("meta"):
        encoder = build(name, {"variant": "release"}).encoder
    inert = ("pool.affine_video_ave", "pool.affine_video_self", "pool.ave_v_att")
    assert sum(p.numel() for n, p in encoder.named_parameters() if not n.startswith(inert)) == parameters
