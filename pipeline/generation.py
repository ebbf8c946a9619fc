"""What the stages of the generation branch share: the pairs' index and pixels, options from the parameters."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from cmg.datasets.clips import Clip, read_index
from cmg.generation.album import Album
from cmg.generation.generator import Generator
from cmg.generation.ip_adapter import Sampling
from cmg.generation.mapper import Schedule
from cmg.generation.pairs import DATASET
from cmg.store.reader import FeatureStore
from pipeline import disk, paths
from pipeline.params import ParameterError, Params

PIXELS, INDEX = paths.store(DATASET, "pixels"), paths.index(DATASET)


def clips(params: Params) -> Sequence[Clip]:
    """The dataset's index.

    Raises:
        ParameterError: the dataset or its pixels are not among those of params.yaml.
    """
    params.dataset(DATASET)
    if DATASET not in params.stores.pixels:
        raise ParameterError(f"params.yaml: stores.pixels: pictures are made for {DATASET}, which is not listed")
    return read_index(INDEX)


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """uint8 [N, S, S, 3] by index row, and which rows have one, bool [N]."""
    store = FeatureStore(PIXELS)
    valid = np.asarray(store.valid) > 0
    return store.read(np.arange(len(valid)))[:, 0], valid


def used(params: Params) -> dict[str, object]:
    """The parameters of the branch, for receipts and keys."""
    return {**params.generation.model_dump(), **params.active.generation.model_dump()}


def key(used: Mapping[str, object], inputs: Sequence[Path]) -> str:
    """Of work that may be continued: everything that pictures depend on."""
    return hashlib.sha256(
        json.dumps([used, [disk.digest(path) for path in inputs]], sort_keys=True).encode()
    ).hexdigest()[:16]


def album(generator: Generator, work: Path, bar: tqdm) -> Album:
    """Pictures that are kept in a folder of unfinished work, and move a bar."""

    def move() -> None:
        bar.update(1)

    return Album(generator, work, move)


def sampling(params: Params) -> Sampling:
    scale, own = params.active.generation, params.generation
    return Sampling(scale.sampling_steps, own.guidance, own.adapter_scale, scale.size)


def schedule(params: Params, seed: int) -> Schedule:
    scale, own = params.active.generation, params.generation
    return Schedule(scale.steps, scale.batch_size, scale.learning_rate, own.hidden, own.target, seed)
