"""VGGish's log-mel front end, from its published definition.

Letters: B seconds of sound, frames 10 ms apart, bands 64.
"""

from functools import cache

import torch

RATE = 16_000
WINDOW, HOP, FFT = 400, 160, 512  # samples: 25 ms, 10 ms, next power of two
BANDS, LOW, HIGH = 64, 125.0, 7500.0  # Hz
OFFSET = 0.01
FRAMES = 96  # one example: 0.96 s
NEEDED = (FRAMES - 1) * HOP + WINDOW  # 15,600 samples give one example


def hertz_to_mel(hertz: torch.Tensor) -> torch.Tensor:
    """HTK: 1127 ln(1 + f/700)."""
    return 1127.0 * torch.log1p(hertz / 700.0)


@cache
def mel_matrix() -> torch.Tensor:
    """float32 `[257, 64]`: triangles that are linear in mel, without area normalisation; the DC bin is zero."""
    bins = hertz_to_mel(torch.linspace(0, RATE / 2, FFT // 2 + 1, dtype=torch.float64))[:, None]
    low, high = hertz_to_mel(torch.tensor([LOW, HIGH], dtype=torch.float64)).tolist()
    edges = torch.linspace(low, high, BANDS + 2, dtype=torch.float64)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    matrix = torch.minimum(rising, falling).clamp_min(0.0)
    matrix[0] = 0.0
    return matrix.float()


def log_mel(samples: torch.Tensor) -> torch.Tensor:
    """float32 `[..., n]` at 16 kHz → `[..., 1 + (n - 400) // 160, 64]`: ln(mel magnitude + 0.01), no padding."""
    frames = samples.unfold(-1, WINDOW, HOP)
    window = torch.hann_window(WINDOW, periodic=True, dtype=samples.dtype, device=samples.device)
    magnitude = torch.fft.rfft(frames * window, n=FFT).abs()
    return torch.log(magnitude @ mel_matrix().to(samples) + OFFSET)


def example(seconds: torch.Tensor) -> torch.Tensor:
    """One example per second of sound: float32 `[B, 16000]` → `[B, 96, 64]` (frames 0-95 of 98, 0 to 0.975 s)."""
    return log_mel(seconds)[..., :FRAMES, :]
