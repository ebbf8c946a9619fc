"""Backbones that give feature maps of four stages (strides 4, 8, 16, 32): libraries' networks, loaded from official
files.

Axes: N frames, S pixels a side, C channels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torchvision.models import resnet50
from transformers import PvtV2Backbone, PvtV2Config

from cmg.segmentation.errors import SegmentationError

STAGES = 4
PVT_B5 = {
    "depths": [3, 6, 40, 3],
    "hidden_sizes": [64, 128, 320, 512],
    "num_attention_heads": [1, 2, 5, 8],
    "mlp_ratios": [4, 4, 4, 4],
    "sr_ratios": [8, 4, 2, 1],
    "drop_path_rate": 0.1,
}
OFFICIAL_EPS = 1e-5  # of the layer norms of patch embedding and reduction; the library has 1e-6 everywhere
PVT_NAMES = (  # official name -> the library's
    (r"^patch_embed(\d)\.norm\.", r"layers.\1.patch_embedding.layer_norm."),
    (r"^patch_embed(\d)\.", r"layers.\1.patch_embedding."),
    (r"^block(\d)\.", r"layers.\1.blocks."),
    (r"^norm(\d)\.", r"layers.\1.layer_norm."),
    (r"\.norm(\d)\.", r".layer_norm_\1."),
    (r"\.attn\.norm\.", ".attention.layer_norm."),
    (r"\.attn\.q\.", ".attention.query."),
    (r"\.attn\.sr\.", ".attention.spatial_reduction."),
    (r"\.attn\.", ".attention."),
    (r"\.fc(\d)\.", r".dense\1."),
)


class PvtV2(nn.Module):
    """PVT-v2; without arguments b5, 81.4 million parameters. `widths` are the channels of its four maps."""

    def __init__(self, **sizes: object) -> None:
        super().__init__()
        config = PvtV2Config(**{**PVT_B5, **sizes}, out_features=[f"stage{n}" for n in range(1, STAGES + 1)])
        self.net, self.widths = PvtV2Backbone(config), tuple(config.hidden_sizes)
        for name, module in self.net.named_modules():
            if name.endswith(("patch_embedding.layer_norm", "attention.layer_norm")):
                module.eps = OFFICIAL_EPS

    def forward(self, frames: Tensor) -> tuple[Tensor, ...]:
        """[N,3,S,S] -> four maps [N,C,s,s]."""
        return self.net(frames).feature_maps

    def load_official(self, state: Mapping[str, Tensor]) -> None:
        """Take weights under the official names (`pvt_v2_b5.pth`), the classifier left out. Raises SegmentationError
        where they do not fit.
        """
        load(self.net, {f"encoder.{name}": value for name, value in pvt_state(state).items()})


class ResNet50(nn.Module):
    """ResNet-50 without its classifier."""

    widths = (256, 512, 1024, 2048)

    def __init__(self) -> None:
        super().__init__()
        self.net = resnet50()
        self.net.avgpool, self.net.fc = nn.Identity(), nn.Identity()

    def forward(self, frames: Tensor) -> tuple[Tensor, ...]:
        """[N,3,S,S] -> four maps [N,C,s,s]."""
        net = self.net
        x, maps = net.maxpool(net.relu(net.bn1(net.conv1(frames)))), []
        for stage in (net.layer1, net.layer2, net.layer3, net.layer4):
            x = stage(x)
            maps.append(x)
        return tuple(maps)

    def load_official(self, state: Mapping[str, Tensor]) -> None:
        """Take torchvision's weights (`resnet50-19c8e357.pth`), the classifier left out. Raises SegmentationError where
        they do not fit.
        """
        load(self.net, {name: value for name, value in state.items() if not name.startswith("fc.")})


BACKBONES = {"pvt_v2_b5": PvtV2, "resnet50": ResNet50}


def pvt_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Official names of PVT-v2 to the library's, below `encoder.`; keys and values of attention, one matrix there, are
    two here.
    """
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.startswith("head."):
            continue
        renamed = library_name(name)
        if ".attention.kv." in renamed:
            found |= dict(
                zip((renamed.replace(".kv.", f".{part}.") for part in ("key", "value")), value.chunk(2), strict=True)
            )
        else:
            found[renamed] = value
    return found


def library_name(name: str) -> str:
    """One official name of PVT-v2 as the library has it; stages count from 1 there, from 0 here."""
    for pattern, new in PVT_NAMES:
        name = re.sub(pattern, new, name)
    return re.sub(r"^layers\.(\d)", lambda found: f"layers.{int(found[1]) - 1}", name)


def load(net: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load `state` whole. Raises SegmentationError naming what is missing, left over or of another shape."""
    own = net.state_dict()
    counters = {name for name in own if name.endswith("num_batches_tracked")}  # files older than torch 0.4.1 have none
    wrong = sorted((own.keys() - counters) ^ (state.keys() - counters)) or sorted(
        name for name in own.keys() & state.keys() if own[name].shape != state[name].shape
    )
    if wrong:
        what = f"{len(wrong)} names missing, left over or of another shape, such as {wrong[0]}"
        raise SegmentationError(f"weights do not fit {type(net).__name__}: {what}")
    with torch.no_grad():
        net.load_state_dict({**own, **state})
