import pytest
import torch

from cmg.nn.attention import ChannelSpatialAttention
from cmg.nn.classify import ClipClassifier
from cmg.nn.semantic import SemanticEncoders


def make(modalities=("audio", "video", "text"), **options):
    torch.manual_seed(0)
    return SemanticEncoders(modalities, dim=8, heads=2, hidden=16, text_hidden=4, **options).eval()


def test_shapes_and_levels():
    encoders = make()
    words, mask = torch.randn(2, 6, 768), torch.arange(6) < torch.tensor([[2], [6]])
    assert encoders.inputs("text", words, mask, 5).shape == (2, 5, 8)
    assert encoders.encode("text", words, mask).shape == (2, 6, 8)
    z = encoders.encode("audio", torch.randn(2, 5, 128))
    assert z.shape == (2, 5, 8)
    video = torch.randn(2, 5, 7, 7, 512)
    clip, second = (encoders.encode("video", video, level=level) for level in ("clip", "step"))
    torch.testing.assert_close(clip, second.mean(dim=1, keepdim=True))


def test_a_modality_that_the_model_lacks():
    with pytest.raises(ValueError, match="unknown modality 'text', expected one of audio, video"):
        make(("audio", "video")).encode("text", torch.randn(1, 4, 768))


def test_gated_map_sums_to_inert_pooling():
    torch.manual_seed(0)
    pool, video = ChannelSpatialAttention(16, 4, 8, spatial="inert"), torch.randn(2, 3, 7, 7, 16)
    torch.testing.assert_close(pool.gated(video).sum(dim=(2, 3)), pool(video), rtol=1e-4, atol=1e-4)


def test_clip_classifier_takes_the_maximum_over_time():
    net, codes = ClipClassifier(4, 3), torch.randn(2, 5, 4)
    assert torch.equal(net(codes), net(codes.flip(1))) and net(codes).shape == (2, 3)
