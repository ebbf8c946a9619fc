"""Channel and spatial attention written out in NumPy, both forms."""

import numpy as np
import pytest
import torch

from cmg.nn.attention import ChannelSpatialAttention


def layer(spatial):
    torch.manual_seed(0)
    return ChannelSpatialAttention(6, 3, 4, positions=4, spatial=spatial).double()


def weights(module):
    return {k: v.numpy() for k, v in module.state_dict().items()}


def gate(w, mean):
    hidden = np.maximum(w["se_layer.0.weight"] @ mean, 0)
    return 1 / (1 + np.exp(-w["se_layer.2.weight"] @ hidden))


@pytest.mark.parametrize("spatial", ["softmax", "inert"])
def test_written_out(spatial):
    module = layer(spatial)
    video = torch.rand(1, 2, 2, 2, 6, dtype=torch.float64)
    w = weights(module)
    for t in range(2):
        x = video[0, t].reshape(4, 6).numpy()
        mean = x.mean(axis=0)
        y = x * (1 + gate(w, mean))
        query = np.maximum(w["affine_video_ave.weight"] @ mean + w["affine_video_ave.bias"], 0)
        key = np.maximum(y @ w["affine_video_self.weight"].T + w["affine_video_self.bias"], 0)
        score = np.exp(np.tanh((key * query) @ w["ave_v_att.weight"][0] + w["ave_v_att.bias"]))
        share = score / score.sum() if spatial == "softmax" else np.ones(4)
        np.testing.assert_allclose(module(video)[0, t].detach().numpy(), share @ y, rtol=1e-10)


def test_weights_sum_to_one_and_follow_the_positions():
    module = layer("softmax")
    x = torch.rand(1, 1, 4, 6, dtype=torch.float64)
    share = module.weights(x, x.mean(dim=2))
    torch.testing.assert_close(share.sum(dim=-1), torch.ones(1, 1, dtype=torch.float64))
    order = [2, 0, 3, 1]
    torch.testing.assert_close(module.weights(x[:, :, order], x.mean(dim=2)), share[..., order])


def test_inert_attention_needs_only_means():
    module, video = layer("inert"), torch.rand(1, 3, 2, 2, 6, dtype=torch.float64)
    torch.testing.assert_close(module(video.mean(dim=(2, 3))), module(video))
    with pytest.raises(ValueError, match=r"found \(1, 3, 6\)"):
        layer("softmax")(video.mean(dim=(2, 3)))
