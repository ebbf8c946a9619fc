"""The convolutions of the VQ-VAE: sizes, and that a code's place in the grid is its place in the picture."""

import pytest
import torch

from cmg.methods.vqvae.pictures import PictureDecoder, PictureEncoder


@pytest.mark.parametrize("halvings", [1, 2, 3])
def test_a_picture_becomes_a_coarser_grid_and_back(halvings):
    encoder, decoder = PictureEncoder(6, 8, 4, halvings), PictureDecoder(6, 8, 4, halvings)
    grid = encoder(torch.rand(2, 3, 32, 16))
    assert grid.shape == (2, 6, 32 >> halvings, 16 >> halvings)
    assert decoder(grid).shape == (2, 3, 32, 16)


def test_the_form_is_van_den_oords():
    """Two convolutions of window 4 and stride 2, two residual blocks of ReLU, 3x3, ReLU, 1x1; the decoder mirrors
    it."""
    kinds = [
        (type(layer).__name__, layer.kernel_size[0], layer.stride[0])
        for layer in _convolutions(PictureEncoder(6, 8, 4, 2))
    ]
    assert kinds == [("Conv2d", 4, 2)] * 2 + [("Conv2d", 3, 1), ("Conv2d", 1, 1)] * 2 + [("Conv2d", 1, 1)]
    kinds = [
        (type(layer).__name__, layer.kernel_size[0], layer.stride[0])
        for layer in _convolutions(PictureDecoder(6, 8, 4, 2))
    ]
    assert kinds == [("Conv2d", 3, 1)] + [("Conv2d", 3, 1), ("Conv2d", 1, 1)] * 2 + [("ConvTranspose2d", 4, 2)] * 2


def _convolutions(module):
    return [layer for layer in module.modules() if hasattr(layer, "kernel_size")]


def test_what_is_far_away_in_the_picture_does_not_reach_a_place():
    encoder = PictureEncoder(6, 8, 4, 2).double()
    picture = torch.rand(1, 3, 64, 64, dtype=torch.float64)
    changed = picture.clone()
    changed[..., 48:, 48:] += 1
    difference = (encoder(picture) - encoder(changed)).abs().amax(dim=1)[0]
    assert difference[:9, :9].max() == 0 and difference[12:, 12:].min() > 0
