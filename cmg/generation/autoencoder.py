"""The sample corpus' generator: a small autoencoder. Its encoder stands for CLIP, its decoder for adapter and Stable Diffusion.

A random Stable Diffusion gives noise whatever the code, so that no distance would mean anything (missing_tables.md 1.10).
n pictures, E embedding values, Z noise values, S pixels a side.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from cmg.extract.resize import antialiased
from cmg.extract.weights import digest
from cmg.generation.generator import GeneratorError

E, Z = 64, 16
WIDTHS = (32, 64, 64)
NOISE = 0.05  # added to embeddings in training, so that near embeddings give near pictures
FIGURE = "sample: an autoencoder trained on the corpus' own pictures in place of a diffusion model"


class Autoencoder(nn.Module):
    """The generator `sample`, for pictures of S = `size`, a multiple of 8."""

    width = E

    def __init__(self, size: int) -> None:
        super().__init__()
        if size % 8:
            raise GeneratorError(f"generation size: expected a multiple of 8, found {size}")
        self.size, side = size, size // 8
        self.encoder = nn.Sequential(*_down(), nn.Flatten(), nn.Linear(WIDTHS[-1] * side**2, E), nn.LayerNorm(E))
        start = nn.Sequential(nn.Linear(E + Z, WIDTHS[-1] * side**2), nn.Unflatten(1, (WIDTHS[-1], side, side)), nn.ReLU())
        self.decoder = nn.Sequential(start, *_up(), nn.Tanh())

    @property
    def digest(self) -> str:
        return digest(self.state_dict())

    @torch.inference_mode()
    def embed(self, pictures: np.ndarray) -> np.ndarray:
        """As `Generator.embed`."""
        return torch.cat([self.encoder(self._place(picture[None])) for picture in pictures]).cpu().numpy()

    @torch.inference_mode()
    def generate(self, embeddings: np.ndarray, seeds: Sequence[int]) -> np.ndarray:
        """As `Generator.generate`."""
        made = [self._one(embedding, seed) for embedding, seed in zip(embeddings, seeds, strict=True)]
        return np.stack(made)

    def noise_loss(self, embeddings: Tensor, pictures: np.ndarray, generator: torch.Generator) -> Tensor:
        """Raises GeneratorError."""
        raise GeneratorError(
            "generation.target diffusion needs a diffusion model: set generation.generator to ip_adapter, or target to embedding"
        )

    def _one(self, embedding: np.ndarray, seed: int) -> np.ndarray:
        noise = torch.randn(Z, generator=torch.Generator().manual_seed(seed))
        values = torch.cat([torch.from_numpy(embedding), noise])[None].to(next(self.parameters()).device)
        picture = (self.decoder(values)[0].permute(1, 2, 0) + 1) * 127.5
        return picture.round().clamp(0, 255).to(torch.uint8).cpu().numpy()

    def _place(self, pictures: np.ndarray) -> Tensor:
        """uint8 [n, H, W, 3] -> float32 [n, 3, S, S] in -1..1."""
        return antialiased(torch.from_numpy(pictures).to(next(self.parameters()).device), self.size) / 127.5 - 1


def _down() -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in zip((3, *WIDTHS), WIDTHS, strict=False):
        layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.ReLU()]
    return layers


def _up() -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in zip(WIDTHS[::-1], (*WIDTHS[-2::-1], 3), strict=True):
        layers += [nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
    return layers[:-1]


def train_autoencoder(pictures: np.ndarray, size: int, steps: int, batch_size: int, seed: int, device: torch.device) -> Autoencoder:
    """An autoencoder of pictures uint8 [n, H, W, 3], mirrored at random; Adam 1e-3, mean squared error. Deterministic under `seed`."""
    torch.manual_seed(seed)
    model = Autoencoder(size).to(device)
    targets = model._place(pictures)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        batch = targets[torch.randint(len(targets), (batch_size,), generator=generator)]
        mirrored = torch.rand(batch_size, generator=generator) < 0.5
        batch = torch.where(mirrored[:, None, None, None].to(device), batch.flip(3), batch)
        codes = model.encoder(batch)
        noise = torch.randn(batch_size, E + Z, generator=generator).to(device)
        made = model.decoder(torch.cat([codes + NOISE * noise[:, :E], noise[:, E:]], dim=1))
        loss = nn.functional.mse_loss(made, batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()
