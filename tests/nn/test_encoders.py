"""General encoders: levels, masks, errors."""

import pytest
import torch

from cmg.nn.encoders import GeneralEncoders


@pytest.fixture
def encoders():
    torch.manual_seed(0)
    return GeneralEncoders(8, heads=2, hidden=16, dropout=0.0).eval()


def test_levels(encoders):
    audio = torch.randn(2, 5, 128)
    assert encoders.encode("audio", audio).shape == (2, 5, 8)
    clip = encoders.encode("audio", audio, level="clip")
    assert clip.shape == (2, 1, 8)
    mean = encoders.fine("audio", audio).mean(dim=1, keepdim=True)
    torch.testing.assert_close(clip, encoders.coarse("audiovisual", mean)[1])


def test_text_is_one_vector_that_padding_does_not_touch(encoders):
    text, mask = torch.randn(2, 4, 768), torch.tensor([[True, True, False, False]] * 2)
    found = encoders.encode("text", text, mask)
    assert found.shape == (2, 1, 8)
    torch.testing.assert_close(found, encoders.encode("text", text[:, :2], mask[:, :2]), rtol=1e-4, atol=1e-5)
    unmasked = GeneralEncoders(8, heads=2, hidden=16, dropout=0.0, mask_text=False).eval()
    unmasked.load_state_dict(encoders.state_dict())
    assert not torch.allclose(unmasked.encode("text", text, mask), found)


def test_unknown_modality(encoders):
    with pytest.raises(ValueError, match="unknown modality 'depth'"):
        encoders.encode("depth", torch.zeros(1, 1, 1))
