"""A trained method of every kind comes back from its checkpoint."""

import pytest
import torch

from cmg.methods import METHODS, build
from cmg.methods.types import Batch
from cmg.train import checkpoint

SIZES = {
    "codebook_size": 12,
    "embedding_dim": 8,
    "specific_channels": 4,
    "decoder_channels": 8,
    "heads": 2,
    "feedforward": 16,
}


def small_batch():
    g = torch.Generator().manual_seed(1)
    mask = torch.arange(6) < torch.tensor([3, 6, 4, 5])[:, None]
    audio, video = torch.randn(4, 5, 128, generator=g).relu(), torch.randn(4, 5, 7, 7, 512, generator=g).relu()
    return Batch(audio, video, torch.randn(4, 6, 768, generator=g) * mask[..., None], mask)


@pytest.mark.parametrize("name", METHODS)
def test_codes_are_the_same_after_saving_and_loading(name, tmp_path):
    torch.manual_seed(0)
    batch, method = small_batch(), build(name, SIZES).train()
    method.loss(batch, method.draw(torch.Generator().manual_seed(0), 4, 5), lambda closure: None)
    method.eval().finish([batch])
    checkpoint.save(tmp_path, method, {"method": name, "config": SIZES})
    torch.manual_seed(1)
    loaded, _ = checkpoint.load(tmp_path)
    for m, features, mask in (
        ("audio", batch.audio, None),
        ("video", batch.video, None),
        ("text", batch.text, batch.text_mask),
    ):
        before, after = method.encode(m, features, mask), loaded.encode(m, features, mask)
        one, other = (codes.vectors if codes.indices is None else codes.indices for codes in (before, after))
        assert torch.equal(one, other), m
    assert all(torch.equal(a, b) for a, b in zip(method.codebooks(), loaded.codebooks(), strict=True))
