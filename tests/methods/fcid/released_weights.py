"""Rule-made weights of the full-size reference: each tensor from a generator seeded with the CRC-32 of its released
name."""

import zlib

import numpy as np
import torch

from cmg.methods.keys import released_names


def rule(name: str, shape: tuple[int, ...], scale: float = 0.02) -> torch.Tensor:
    values = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape) * scale
    return torch.from_numpy(values.astype(np.float32)).double()


def rule_state(module: torch.nn.Module, table: dict[str, str], prefix: str) -> None:
    """Fill a part of the model whose parameters are called `prefix` + name in ours."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            released = next(iter(released_names({prefix + name: 0}, table)))
            parameter.copy_(rule(released, tuple(parameter.shape)))
