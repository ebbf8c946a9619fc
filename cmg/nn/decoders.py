"""Decoders: code and modality-specific features -> reconstruction. Used in training only.

Axes: B clips, T seconds, N = B*T frames, H W positions, C channels, D code dimension, S channels of the specific map.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cmg.nn.convolve import convolve
from cmg.nn.encoders import CHANNELS
from cmg.nn.specific import ResidualBlock, Skip


class VectorDecoder(nn.Module):
    """concat(Linear (code), specific) -> Linear -> [..., out]."""

    def __init__(self, code: int, specific: int, out: int, dim: int = 256) -> None:
        super().__init__()
        self.code = nn.Linear(code, dim)
        self.out = nn.Linear(dim + specific, out)

    def forward(self, code: Tensor, specific: Tensor) -> Tensor:
        """`code` [...,code], `specific` [...,specific] -> [...,out]."""
        return self.out(torch.cat([self.code(code), specific], dim=-1))


class VideoDecoder(nn.Module):
    """Code [B,T,D] and specific map [B,T,3,3,S] -> [B,T,7,7,C].

    Linear on the code, copied to the 3x3 positions, before the map; transposed 3x3 to S/2 (3->5), residual block,
    transposed 3x3 to `hidden` (5->7), ReLU, transposed 1x1 to C. The release has hidden = C = 512.
    """

    def __init__(
        self, code: int, width: int = 2048, channels: int = 512, hidden: int = 512, dim: int = 256, skip: Skip = "input"
    ) -> None:
        super().__init__()
        self.code = nn.Linear(code, dim)
        self.up_a = nn.ConvTranspose2d(dim + width, width // 2, 3)
        self.residual = ResidualBlock(width // 2, skip)
        self.up_b = nn.ConvTranspose2d(width // 2, hidden, 3)
        self.up_c = nn.ConvTranspose2d(hidden, channels, 1)

    def forward(self, code: Tensor, specific_map: Tensor) -> Tensor:
        """`code` [B,T,D], `specific_map` [B,T,3,3,S] -> [B,T,7,7,C]."""
        clips, seconds, height, width = specific_map.shape[:4]
        spread = self.code(code)[:, :, None, None].expand(-1, -1, height, width, -1)
        x = torch.cat([spread, specific_map], dim=-1).flatten(0, 1)
        x = convolve(self.up_b, self.residual(convolve(self.up_a, x))).relu()
        x = convolve(self.up_c, x)
        return x.reshape(clips, seconds, *x.shape[1:])


class InputDecoders(nn.Module):
    """Rebuild the inputs from code, coarse specific and (audio, video) fine specific features; text is rebuilt as its
    mean word vector.

    Eq. 18 of FCID: x from D(c^; c-), with the fine specific features that the coarse ones no longer hold.
    """

    def __init__(self, dim: int, width: int, hidden: int, skip: Skip) -> None:
        super().__init__()
        self.video = VideoDecoder(2 * dim, width, CHANNELS["video"], hidden, dim, skip)
        self.audio = VectorDecoder(2 * dim, dim, CHANNELS["audio"], dim)
        self.text = VectorDecoder(dim, dim, CHANNELS["text"], dim)

    def forward(
        self, code: dict[str, Tensor], coarse: dict[str, Tensor], specific: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """`code`, `coarse` [B,T or 1,D] per modality, `specific` audio [B,T,D] and video [B,T,3,3,S] -> audio, video,
        text [B,768]."""
        seconds = specific["audio"].shape[1]
        both = {m: torch.cat([code[m], coarse[m]], dim=-1).expand(-1, seconds, -1) for m in ("video", "audio")}
        rebuilt = {
            "video": self.video(both["video"], specific["video"]),
            "audio": self.audio(both["audio"], specific["audio"]),
        }
        return rebuilt | {"text": self.text(code["text"][:, 0], coarse["text"][:, 0])}


class _AudioVisual(nn.Module):
    """Decoders of audio and video from a vector per second and the fine specific features."""

    def __init__(self, dim: int, width: int, hidden: int, skip: Skip) -> None:
        super().__init__()
        self.video = VideoDecoder(dim, width, CHANNELS["video"], hidden, dim, skip)
        self.audio = VectorDecoder(dim, dim, CHANNELS["audio"], dim)

    def rebuilt(self, code: dict[str, Tensor], specific: dict[str, Tensor]) -> dict[str, Tensor]:
        """`code` [B,T,D] per modality, `specific` audio [B,T,D] and video [B,T,3,3,S] -> video, audio."""
        return {
            "video": self.video(code["video"], specific["video"]),
            "audio": self.audio(code["audio"], specific["audio"]),
        }


class FineDecoders(_AudioVisual):
    """Rebuild audio and video from a vector per second and the fine specific features."""

    def forward(self, code: dict[str, Tensor], specific: dict[str, Tensor]) -> dict[str, Tensor]:
        """As `rebuilt`."""
        return self.rebuilt(code, specific)


class CoarseDecoders(nn.ModuleDict):
    """Rebuild one vector per second (text: per sentence) of each modality from code and coarse specific features;
    `out`: its width."""

    def __init__(self, dim: int, out: dict[str, int]) -> None:
        super().__init__({m: VectorDecoder(dim, dim, width, dim) for m, width in out.items()})

    def forward(self, code: dict[str, Tensor], coarse: dict[str, Tensor]) -> dict[str, Tensor]:
        """`code`, `coarse` [B,T or 1,D] per modality -> [B,T or 1,out]."""
        return {m: decode(code[m], coarse[m]) for m, decode in self.items()}


class ProjectionDecoders(_AudioVisual):
    """The released targets: audio and video from unquantised f, and the three coarse projections from code and coarse
    specific."""

    def __init__(self, dim: int, width: int, hidden: int, skip: Skip) -> None:
        super().__init__(dim, width, hidden, skip)
        self.coarse = CoarseDecoders(dim, {m: dim for m in ("video", "audio", "text")})

    def forward(
        self, fine: dict[str, Tensor], code: dict[str, Tensor], coarse: dict[str, Tensor], specific: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """`fine` f [B,T,D]; `code`, `coarse` [B,1,D]; -> video, audio, coarse_video, coarse_audio, coarse_text."""
        return self.rebuilt(fine, specific) | {f"coarse_{m}": x for m, x in self.coarse(code, coarse).items()}
