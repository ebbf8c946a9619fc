"""The network that turns a code into an embedding: two layers, trained from the codes and embeddings of images alone.

n pictures, Q code dimensions, E embedding values. Targets (missing_tables.md 1.6; the paper does not say which):
`embedding`, the mean squared error to the image's own embedding, whose best answer is the mean embedding of the images
with that code; `diffusion`, the denoising error of the frozen generator, whose loss reaches this network alone.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cmg.files import replacing
from cmg.generation.generator import Generator
from cmg.train.state import unfinished

TARGETS = ("embedding", "diffusion")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Schedule:
    """steps, batch_size: of training; learning_rate: of AdamW; hidden: width of the first layer; target: one of
    `TARGETS`."""

    steps: int
    batch_size: int
    learning_rate: float
    hidden: int = 1024
    target: str = "embedding"
    seed: int = 0
    weight_decay: float = 0.01


@dataclass(frozen=True)
class Examples:
    """codes float32 [n, Q] and embeddings float32 [n, E] of the same pictures uint8 [n, H, W, 3]."""

    codes: np.ndarray
    embeddings: np.ndarray
    pictures: np.ndarray


class Mapper(nn.Module):
    """Q -> hidden -> E with GELU. Codes are divided by the root mean square of those it was trained on, as heads of
    tasks do."""

    scale: Tensor

    def __init__(self, dimensions: int, width: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dimensions, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.register_buffer("scale", torch.ones(()))

    def forward(self, codes: Tensor) -> Tensor:
        """[n, Q] -> [n, E]."""
        return self.layers(codes / self.scale)

    @torch.inference_mode()
    def embed(self, codes: np.ndarray) -> np.ndarray:
        """float32 [n, Q] -> [n, E]; equal codes give equal bits, whatever stands beside them."""
        distinct, place = np.unique(codes, axis=0, return_inverse=True)
        rows = [self(torch.from_numpy(row[None]).to(self.scale.device)) for row in distinct]
        return torch.cat(rows).cpu().numpy()[place.ravel()]


def fit(
    examples: Examples,
    generator: Generator,
    schedule: Schedule,
    device: torch.device,
    work: Path | None = None,
    key: str = "",
    progress: Progress = lambda done, steps: None,
) -> Mapper:
    """Train a mapper; the same bits for the same examples and schedule on the same machine.

    work: file of unfinished training, continued under the same `key` (saved once a minute). Raises ValueError without a
    picture.
    """
    if not len(examples.codes):
        raise ValueError(
            "generation: no image of the train split has a code; see the codes stage and `python -m pipeline check`"
        )
    torch.manual_seed(schedule.seed)
    mapper = Mapper(examples.codes.shape[1], examples.embeddings.shape[1], schedule.hidden)
    mapper.scale.fill_(float(np.sqrt(np.mean(examples.codes.astype(np.float64) ** 2))) or 1.0)
    mapper.to(device)
    optimiser = torch.optim.AdamW(mapper.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay)
    first, saved = _resume(work, key, mapper, optimiser), time.monotonic()
    for step in range(first, schedule.steps):
        loss = _loss(mapper, examples, generator, schedule, step, device)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if work is not None and time.monotonic() - saved > 60:
            _save(work, key, mapper, optimiser, step + 1)
            saved = time.monotonic()
        progress(step + 1, schedule.steps)
    return mapper.eval()


def _loss(
    mapper: Mapper, examples: Examples, generator: Generator, schedule: Schedule, step: int, device: torch.device
) -> Tensor:
    """Of one step; its pictures and its noise are functions of seed and step."""
    draw = np.random.default_rng([schedule.seed, step])
    rows = draw.integers(len(examples.codes), size=schedule.batch_size)
    made = mapper(torch.from_numpy(examples.codes[rows]).to(device))
    if schedule.target == "diffusion":
        noise = torch.Generator().manual_seed(int(draw.integers(2**62)))
        return generator.noise_loss(made, examples.pictures[rows], noise)
    return nn.functional.mse_loss(made, torch.from_numpy(examples.embeddings[rows]).to(device))


def mean_embeddings(examples: Examples, codes: np.ndarray) -> np.ndarray:
    """For each of `codes` [m, Q] the mean embedding [m, E] of the training images with that very code, the mean of all
    where none has it.

    What a mapper with target `embedding` tends to: the training-free row.
    """
    known, place = np.unique(examples.codes, axis=0, return_inverse=True)
    sums = np.zeros((len(known), examples.embeddings.shape[1]))
    np.add.at(sums, place.ravel(), examples.embeddings)
    means = sums / np.bincount(place.ravel())[:, None]
    by_code = {code.tobytes(): mean for code, mean in zip(known, means, strict=True)}
    usual = examples.embeddings.mean(0)
    return np.stack([by_code.get(code.tobytes(), usual) for code in np.ascontiguousarray(codes)]).astype(np.float32)


def unseen(examples: Examples, codes: np.ndarray) -> int:
    """How many of `codes` [m, Q] no training image has."""
    known = {code.tobytes() for code in examples.codes}
    return sum(code.tobytes() not in known for code in np.ascontiguousarray(codes))


def _save(path: Path, key: str, mapper: Mapper, optimiser: torch.optim.Optimizer, step: int) -> None:
    state: dict[str, Any] = {
        "key": key,
        "step": step,
        "mapper": mapper.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    with replacing(path) as temporary, temporary.open("wb") as file:
        torch.save(state, file)


def _resume(path: Path | None, key: str, mapper: Mapper, optimiser: torch.optim.Optimizer) -> int:
    """Steps done by unfinished training of this key; 0 where there is none."""
    state = None if path is None else unfinished(path, key)
    if state is None:
        return 0
    mapper.load_state_dict(state["mapper"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])
