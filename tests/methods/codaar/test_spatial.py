"""CoDAAR's video projection."""

import pytest
import torch

from cmg.methods.codaar.spatial import SpatialStack


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_spatial_stack(norm):
    torch.manual_seed(0)
    stack, video = SpatialStack(8, 4, norm), torch.randn(2, 3, 7, 7, 8)
    found = stack(video)
    assert found.shape == (2, 3, 3, 3, 4) and (found >= 0).all()
    shifted = stack(video[:1])  # one clip alone: the same without batch statistics
    assert torch.allclose(shifted, found[:1], atol=1e-6) == (norm == "none")
