"""Encode whole feature stores with a trained method.

Axes: N rows of a store, T seconds, G codebooks, D code dimension.
"""

import numpy as np
import torch

from cmg.methods.base import Method
from cmg.tasks.codes import Codes as StoredCodes
from cmg.train.data import read_padded, word_mask
from cmg.train.standardise import Standardiser


@torch.inference_mode()
def encode_store(
    method: Method, store, modality: str, device: torch.device, standardise: Standardiser, batch_size: int = 64
) -> StoredCodes:
    """Codes of every row of ``store`` in row order; rows without features are encoded as zeros and marked by ``valid`` 0."""
    method.eval()
    indices, vectors = [], []
    for start in range(0, len(store.valid), batch_size):
        rows = np.arange(start, min(start + batch_size, len(store.valid)))
        codes = method.encode(modality, *_inputs(store, rows, modality, device, standardise))
        if codes.indices is not None:
            indices.append(codes.indices.to(torch.int32).cpu().numpy())
        else:
            vectors.append(codes.vectors.float().cpu().numpy())
    valid = np.asarray(store.valid).astype(np.int32)
    return StoredCodes(valid, np.concatenate(indices) if indices else None, np.concatenate(vectors) if vectors else None)


def _inputs(
    store, rows: np.ndarray, modality: str, device: torch.device, standardise: Standardiser
) -> tuple[torch.Tensor, torch.Tensor | None]:
    if modality != "text":
        return torch.from_numpy(standardise(modality, read_padded(store, rows))).to(device, torch.float32), None
    words = store.read(rows)
    mask = torch.from_numpy(word_mask(store, rows, words.shape[1])).to(device)
    return torch.from_numpy(standardise(modality, words)).to(device, torch.float32), mask
