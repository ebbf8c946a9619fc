import numpy as np
import torch

from cmg.extract.logmel import example, log_mel, mel_matrix


def published(samples: np.ndarray) -> np.ndarray:
    """The published definition, in plain NumPy and float64."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    frames = np.stack([samples[start : start + 400] * hann for start in range(0, len(samples) - 399, 160)])
    magnitude = np.abs(np.fft.rfft(frames, 512))
    mel = 1127.0 * np.log(1.0 + np.arange(257) * 16000 / 512 / 700.0)
    edges = np.linspace(1127.0 * np.log(1 + 125 / 700), 1127.0 * np.log(1 + 7500 / 700), 66)
    bands = np.zeros((257, 64))
    for band in range(64):
        low, centre, high = edges[band : band + 3]
        bands[:, band] = np.maximum(0, np.minimum((mel - low) / (centre - low), (high - mel) / (high - centre)))
    bands[0] = 0
    return np.log(magnitude @ bands + 0.01)


def test_log_mel_equals_the_published_definition():
    time = np.arange(16_000) / 16_000
    rng = np.random.default_rng(0)
    samples = (0.5 * np.sin(2 * np.pi * 1000 * time) + 0.1 * rng.standard_normal(16_000)).astype(np.float32)
    found = log_mel(torch.from_numpy(samples)).numpy()
    assert found.shape == (98, 64)
    np.testing.assert_allclose(found, published(samples.astype(np.float64)), atol=2e-4)


def test_frame_counts_have_no_padding():
    assert log_mel(torch.zeros(15_600)).shape == (96, 64)
    assert log_mel(torch.zeros(15_599)).shape == (95, 64)
    assert example(torch.zeros(3, 16_000)).shape == (3, 96, 64)


def test_silence_is_the_log_of_the_offset():
    assert torch.allclose(log_mel(torch.zeros(16_000)), torch.tensor(0.01).log())


def test_bands_are_triangles_between_125_and_7500_hertz():
    matrix = mel_matrix()
    hertz = torch.linspace(0, 8000, 257)
    heard = matrix.sum(1) > 0
    assert not matrix[0].any() and hertz[heard].min() > 125 and hertz[heard].max() < 7500
    assert matrix.max() <= 1 and (matrix.sum(0) > 0).all()


def test_a_tone_is_loudest_in_its_band():
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(16_000) / 16_000)
    edges = np.linspace(1127 * np.log(1 + 125 / 700), 1127 * np.log(1 + 7500 / 700), 66)
    nearest = np.abs(700 * (np.exp(edges[1:-1] / 1127) - 1) - 1000).argmin()
    assert int(example(tone[None]).mean(1).argmax()) == nearest
