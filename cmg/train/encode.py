"""Encode whole feature stores with a trained method.

Axes: N rows of a store, T seconds, G codebooks, D code dimension, E draws.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch

from cmg.methods.base import Method
from cmg.methods.types import Codes
from cmg.nn.attention import ChannelSpatialAttention
from cmg.tasks.codes import StoredCodes
from cmg.train.data import read_padded, word_mask
from cmg.train.standardise import Standardiser


@torch.inference_mode()
def encode_store(
    method: Method,
    store,
    modality: str,
    device: torch.device,
    standardise: Standardiser,
    batch_size: int = 64,
    clip_level: bool = False,
    most: int | None = None,
) -> StoredCodes:
    """Codes of every row of ``store`` in row order; rows without features are encoded as zeros and marked by ``valid``
    0.

    ``clip_level``: one code per clip, image or sentence (T = 1), from the time mean over its own seconds alone, the
    first ``most`` of them.
    """
    method.eval()
    valid = np.minimum(np.asarray(store.valid), np.iinfo(np.int32).max if most is None else most).astype(np.int32)
    level: dict[str, Any] = {"level": "clip"} if clip_level else {}
    found: dict[str, np.ndarray] = {}
    for rows, seconds in _batches(valid, batch_size, clip_level and modality != "text"):
        codes = method.encode(
            modality,
            *_inputs(store, rows, modality, device, standardise, most if seconds is None else seconds),
            **level,
        )
        kind, dtype = ("vectors", np.float32) if codes.indices is None else ("indices", np.int32)
        part = codes.values.cpu().numpy().astype(dtype)
        found.setdefault(kind, np.zeros((len(valid), *part.shape[1:]), dtype))[rows] = part
    return StoredCodes(valid, **found)


@torch.inference_mode()
def encode_draws(
    method: Method,
    store,
    modality: str,
    device: torch.device,
    standardise: Standardiser,
    draws: int,
    seed: int,
    batch_size: int = 64,
    bridge: torch.nn.Linear | None = None,
) -> np.ndarray:
    """Indices [E,N,T,G] int16 of every row, encoded ``draws`` times in training mode, as the released scripts fit their
    heads.

    Only dropout differs between draws: nothing of the method changes, and what comes before the first dropout is
    computed once.
    bridge: mixes the seconds of what the temporal block is given (``time_bridge``). Raises ValueError for a method
    without a codebook.
    """
    found: np.ndarray | None = None
    mixed = nullcontext() if bridge is None else _bridged(method, modality, bridge.to(device))
    with torch.random.fork_rng(), _pooled_once(method), mixed:
        torch.manual_seed(seed)
        method.train()
        for rows, _ in _batches(np.asarray(store.valid), batch_size, False):
            inputs = _inputs(store, rows, modality, device, standardise, None)
            for draw in range(draws):
                indices = _indices(method, method.encode(modality, *inputs))
                if found is None:
                    found = np.zeros((draws, len(store.valid), *indices.shape[1:]), np.int16)
                found[draw, rows] = indices.cpu().numpy()
        method.eval()
    if found is None:
        raise ValueError(
            f"expected clips and draws of their {modality}, found {len(store.valid)} clips and {draws} draws"
        )
    return found


@torch.inference_mode()
def encode_whole(
    method: Method,
    store,
    modality: str,
    device: torch.device,
    standardise: Standardiser,
    lengths: np.ndarray,
    batch_size: int = 64,
) -> StoredCodes:
    """Codes of every second of whole clips [N,T,1], as the released retrieval averages them; of text one per sentence
    [N,1,1].

    ``lengths`` int [N]: seconds that a clip is filled up to with zeros, which take part in attention; rows with 0 are
    left out (``valid``
    0). Of text: whether a sentence counts. Source: facts/codaar_dev.md 2.2.
    """
    method.eval()
    text = modality == "text"
    level: dict[str, Any] = {"level": "sentence" if text else "step"}
    steps = 1 if text else max(int(lengths.max()), 1)
    found = np.zeros((len(store.valid), steps, 1), np.int32)
    for rows, length in _groups(np.minimum(lengths, steps), batch_size):
        given = (store, rows, modality, device, standardise)
        inputs = _inputs(*given, None) if text else _zero_filled(*given, length)
        codes = _indices(method, method.encode(modality, *inputs, **level))
        found[rows, : codes.shape[1]] = codes.cpu().numpy()
    return StoredCodes(np.where(lengths > 0, np.minimum(store.valid, steps), 0).astype(np.int32), found)


def _indices(method: Method, codes: Codes) -> torch.Tensor:
    if codes.indices is None:
        raise ValueError(f"{type(method).__name__} has no codebook: the published protocol needs codes as indices")
    return codes.indices


def _zero_filled(
    store, rows: np.ndarray, modality: str, device: torch.device, standardise: Standardiser, length: int
) -> tuple[torch.Tensor, None]:
    """The first ``length`` seconds of each clip; what the encoder is given of seconds that it does not have is zero."""
    features = standardise(modality, torch.from_numpy(np.ascontiguousarray(store.read(rows)[:, :length])).to(device))
    real = torch.from_numpy(np.arange(length) < np.asarray(store.valid)[rows][:, None]).to(device)
    return features * real.reshape(*real.shape, *(1,) * (features.ndim - 2)), None


def time_bridge(seed: int, slots: int = 10, seconds: int = 5) -> torch.nn.Linear:
    """The layer between the time lines of pretraining and of AVSBench-S4 in the released scripts: 10 word slots, or 5
    seconds of sound twice, to 5 seconds. It is drawn and never trained (facts on CoDAAR, section 6); here the seed
    draws it.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return torch.nn.Linear(slots, seconds)


@contextmanager
def _bridged(method: Method, modality: str, bridge: torch.nn.Linear) -> Iterator[None]:
    """What the modality's temporal block is given, [B,T,C], goes through the bridge first, repeated in time up to its
    slots."""

    def mix(_: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        x = given[0].repeat(1, bridge.in_features // given[0].shape[1], 1)
        return bridge(x.transpose(1, 2)).transpose(1, 2), *given[1:]

    hook = method.get_submodule(f"encoder.temporal.{modality}").register_forward_pre_hook(mix)
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def _pooled_once(method: Method) -> Iterator[None]:
    """Pooling of the 7x7 maps, which has no dropout and costs most, is computed once per input tensor."""
    pools = [module for module in method.modules() if isinstance(module, ChannelSpatialAttention)]
    for pool in pools:
        vars(pool)["forward"] = _remembering(pool.forward)
    try:
        yield
    finally:
        for pool in pools:
            del vars(pool)["forward"]


def _remembering(forward: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
    last: list[torch.Tensor] = []

    def call(features: torch.Tensor) -> torch.Tensor:
        if not last or last[0] is not features:
            last[:] = features, forward(features)
        return last[1]

    return call


def _batches(valid: np.ndarray, size: int, by_length: bool) -> Iterator[tuple[np.ndarray, int | None]]:
    """Rows of each batch, in row order; with ``by_length`` the batch's rows have one number of valid seconds, which
    comes with it."""
    for rows, length in _groups(np.maximum(valid, 1) if by_length else np.ones_like(valid), size):
        yield rows, length if by_length else None


def _groups(lengths: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, int]]:
    """Rows of one positive length at a time, in batches, and that length."""
    for length in np.unique(lengths[lengths > 0]):
        rows = np.flatnonzero(lengths == length)
        for start in range(0, len(rows), size):
            yield rows[start : start + size], int(length)


def _inputs(
    store, rows: np.ndarray, modality: str, device: torch.device, standardise: Standardiser, seconds: int | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """What ``encode`` takes: features and, for text, the mask of its words; of each row the first ``seconds``
    (words)."""
    if modality != "text":
        features = np.ascontiguousarray(read_padded(store, rows)[:, :seconds])
        return standardise(modality, torch.from_numpy(features).to(device)), None
    words = np.ascontiguousarray(store.read(rows)[:, :seconds])
    mask = torch.from_numpy(word_mask(store, rows, words.shape[1])).to(device)
    return standardise(modality, torch.from_numpy(words).to(device)) * mask.unsqueeze(-1), mask
