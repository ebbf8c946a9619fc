"""Frames to one size, on the device."""

import torch
import torch.nn.functional as F


def resize(frames: torch.Tensor, size: int = 224) -> torch.Tensor:
    """uint8 `[n, H, W, 3]` → float32 `[n, 3, size, size]` in whole grey levels; within one level of OpenCV's bilinear
    resize."""
    channels_first = frames.permute(0, 3, 1, 2).float()
    return F.interpolate(channels_first, (size, size), mode="bilinear", align_corners=False, antialias=False).round_()


def antialiased(frames: torch.Tensor, size: int) -> torch.Tensor:
    """As `resize`, low-passed before it shrinks: for pictures that people or pixel errors look at, not for the official
    recipes."""
    channels_first = frames.permute(0, 3, 1, 2).float()
    return (
        F.interpolate(channels_first, (size, size), mode="bilinear", align_corners=False, antialias=True)
        .round_()
        .clamp_(0, 255)
    )
