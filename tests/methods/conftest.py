"""Small batches for every method test, and the released FCID and the inputs of DCID as stored in the reference
folder."""

import pytest
import torch

from cmg.methods import build
from cmg.methods.fcid.keys import CLUBS, CPC, DECODER, ENCODER
from cmg.methods.keys import own_names
from cmg.methods.types import Batch
from tests.methods.dcid.released_dcid import read_inputs
from tests.methods.golden import load

SMALL = {
    "codebook_size": 12,
    "embedding_dim": 8,
    "specific_channels": 4,
    "decoder_channels": 8,
    "heads": 2,
    "feedforward": 16,
}


@pytest.fixture
def small():
    """Sizes at which a step takes milliseconds."""
    return dict(SMALL)


@pytest.fixture
def batch():
    """Four clips of five seconds with three to six words."""
    g = torch.Generator().manual_seed(1)
    words = torch.tensor([3, 6, 4, 5])
    mask = torch.arange(6) < words[:, None]
    text = torch.randn(4, 6, 768, generator=g) * mask[..., None]
    audio, video = torch.randn(4, 5, 128, generator=g).relu(), torch.randn(4, 5, 7, 7, 512, generator=g).relu()
    return Batch(audio, video, text, mask)


@pytest.fixture
def golden(reference):
    """golden(name) -> dict of arrays of one reference file as tensors (integers kept, floats as stored)."""

    return lambda name: load(reference, name)


@pytest.fixture
def golden_batch(golden):
    """The reference inputs in float64; padding is not masked in the release, so the mask is all true."""
    x = {k: v.double() for k, v in golden("inputs").items()}
    return Batch(x["audio"], x["video"], x["text"], torch.ones(x["text"].shape[:2], dtype=torch.bool))


@pytest.fixture
def released(golden):
    """released(dropout) -> FCID, variant release, float64, with the reference weights and its warm codebook."""

    def make(dropout: float = 0.1):
        method = build("fcid", {"variant": "release", "specific_channels": 32, "dropout": dropout}).double()
        parts = [
            ("encoder_state_small", ENCODER),
            ("decoder_state_small", DECODER),
            ("cpc_state", CPC),
            ("club_states", CLUBS),
        ]
        state = {k: v for name, table in parts for k, v in own_names(golden(name), table).items()}
        result = method.load_state_dict(state, strict=False)
        assert result.missing_keys == ["quantizer.hits"] and not result.unexpected_keys
        return method

    return make


@pytest.fixture
def dcid(reference):
    """Folder of the reference files of DCID."""
    return reference / "golden" / "dcid"


@pytest.fixture
def dcid_inputs(dcid):
    return read_inputs(dcid)
