"""Specific encoders: the two residual skips, shapes, sign."""

import torch

from cmg.nn.specific import MLP, LinearReLU, MapProjection, ResidualBlock, VideoSpecific


def test_residual_skips_differ_by_the_negative_part():
    torch.manual_seed(0)
    z = torch.randn(2, 3, 3, 3)
    plain, quirk = ResidualBlock(3, "input"), ResidualBlock(3, "relu")
    quirk.load_state_dict(plain.state_dict())
    branch = plain.conv1(plain.conv3(z.permute(0, 3, 1, 2).relu()).relu()).permute(0, 2, 3, 1)
    torch.testing.assert_close(plain(z), (z + branch).relu())
    torch.testing.assert_close(quirk(z), (z.relu() + branch).relu())
    assert not torch.equal(plain(z), quirk(z))


def test_map_and_projection():
    video = torch.randn(2, 3, 7, 7, 512)
    found = VideoSpecific(512, 4)(video)
    assert found.shape == (2, 3, 3, 3, 4) and (found >= 0).all()
    assert MapProjection(4, 6)(found).shape == (2, 3, 6)


def test_frames_do_not_mix():
    torch.manual_seed(0)
    module, video = VideoSpecific(512, 4), torch.randn(2, 2, 7, 7, 512)
    torch.testing.assert_close(module(video)[1, 0], module(video[1:, :1])[0, 0], rtol=1e-4, atol=1e-5)


def test_signs():
    x = torch.randn(50, 8)
    assert (LinearReLU(8, 8)(x) >= 0).all()
    assert (MLP(8, 8)(x) < 0).any()
