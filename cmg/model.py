"""A trained model and what it makes of raw features: the same codes as the pipeline's stage `codes`.

Axes: B clips (sentences), T seconds (words), G codebooks, K codes, D code dimension.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from cmg.methods.base import Method
from cmg.store.reader import FeatureStore
from cmg.tasks.codes import RunCodes
from cmg.train import checkpoint
from cmg.train.encode import encode_store
from cmg.train.origin import check_origin, met_in_training
from cmg.train.standardise import Standardiser

SHAPES = {"audio": (128,), "video": (7, 7, 512), "text": (768,)}  # of a second, or of a word
AXES = {"audio": "B, T", "video": "B, T", "text": "B, L"}
Level = Literal["second", "clip"]


@dataclass(frozen=True)
class Encoded:
    """`vectors` [B,T,D] float32 and, where the method has a codebook, the `indices` [B,T,G] int32 of the codes that
    they are.

    `valid` [B] int32: seconds of each clip; 0 where a store has no features. What lies behind them repeats the last
    one.
    """

    vectors: np.ndarray
    valid: np.ndarray
    indices: np.ndarray | None = None


@dataclass(frozen=True)
class Held:
    """Features in memory, read as a store is."""

    features: np.ndarray
    valid: np.ndarray

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Features [n,T,…] of these rows."""
        return self.features[rows]


class Model:
    """A trained model in evaluation mode; `cmg.load` makes it.

    Attributes:
        method: the network, a `torch.nn.Module`.
        about: what was recorded with it: method, configuration, seed, how its features were made.
        codebooks: [K,D] float32 each, in the order in which their codes are joined; empty for a method without one.
    """

    def __init__(self, folder: Path | str, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        method, about = checkpoint.load(Path(folder), self.device)
        self.method: Method = method
        self.about: dict[str, Any] = about
        self.codebooks = [codebook.detach().float().cpu().numpy() for codebook in method.codebooks()]
        self._standardise = Standardiser.load(Path(folder), about)
        self._name = str(folder)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Those that it encodes, of audio, video and text."""
        return self.method.modalities

    def encode(
        self,
        *,
        audio: Any = None,
        video: Any = None,
        text: Any = None,
        valid: Sequence[int] | np.ndarray | None = None,
        level: Level = "second",
    ) -> Encoded:
        """Codes of one modality, from its raw features, which are standardised here as they were in training.

        Args:
            audio, video, text: one of them: audio [B,T,128], video [B,T,7,7,512], text [B,L,768] word vectors, as
                arrays or tensors of any float type and device; or a `FeatureStore`, whose recipe must be that of
                training.
            valid: seconds (words) of each clip that hold content, [B], 0 where there are no features; None: all but the
                zeros at its end, as stores are padded.
            level: a code per second (of a sentence as many as the method has), or one per clip from the mean of its
                seconds, as zero-shot retrieval has.

        Raises:
            ValueError: not exactly one modality, one that the model does not have, or features of another shape.
            OtherFeatures: a store that was made in another way than the features of training.
        """
        given = {
            name: value for name, value in (("audio", audio), ("video", video), ("text", text)) if value is not None
        }
        if len(given) != 1:
            raise ValueError(f"encode: expected one of audio, video and text, found {', '.join(given) or 'none'}")
        if level not in ("second", "clip"):
            raise ValueError(f"encode: level {level!r}; expected second or clip")
        ((modality, features),) = given.items()
        if modality not in self.modalities:
            raise ValueError(
                f"{self._name}: {self.about['method']} has no {modality}; it encodes {', '.join(self.modalities)}"
            )
        store = features if isinstance(features, FeatureStore) else _held(modality, features, valid)
        if isinstance(store, FeatureStore):
            check_origin(self.about.get("features", {}), store, modality)
        return self._encoded(modality, store, level)

    def _encoded(self, modality: str, store: FeatureStore | Held, level: Level) -> Encoded:
        extent: dict[str, Any] = (
            {"clip_level": True, "most": met_in_training(self.about, modality)} if level == "clip" else {}
        )
        codes = encode_store(self.method, store, modality, self.device, self._standardise, **extent)
        looked_up = RunCodes(self.codebooks, {(self._name, modality): codes}, self._name)
        vectors = looked_up.embed(self._name, modality, np.arange(len(codes.valid)))
        return Encoded(vectors, codes.valid, codes.indices)


def load(folder: Path | str, device: torch.device | str = "cpu") -> Model:
    """The model of a checkpoint folder, `data/checkpoints/fcid-0`, that a run left or `import-checkpoint --out` made of
    a released file.

    Raises:
        FileNotFoundError: the folder holds no checkpoint, or not the statistics that its features are standardised by.
        ValueError: weights that do not fit the recorded configuration.
    """
    return Model(folder, device)


def _held(modality: str, features: Any, valid: Sequence[int] | np.ndarray | None) -> Held:
    array = _array(features)
    shape = SHAPES[modality]
    if array.ndim != 2 + len(shape) or array.shape[2:] != shape or 0 in array.shape or array.dtype.kind != "f":
        wanted = f"[{AXES[modality]}, {', '.join(map(str, shape))}]"
        raise ValueError(
            f"encode: expected {modality} features {wanted} of a float type, found {array.dtype} {list(array.shape)}"
        )
    return Held(array, _content(array) if valid is None else _checked(valid, array))


def _array(features: Any) -> np.ndarray:
    if not isinstance(features, torch.Tensor):
        return np.asarray(features)
    found = features.detach().cpu()
    return (found.float() if found.dtype == torch.bfloat16 else found).numpy()


def _content(array: np.ndarray) -> np.ndarray:
    """Seconds before the zeros at a clip's end, [B] int32; at least one."""
    filled = (array != 0).reshape(*array.shape[:2], -1).any(axis=2)
    last = array.shape[1] - filled[:, ::-1].argmax(axis=1)
    return np.where(filled.any(axis=1), last, 1).astype(np.int32)


def _checked(valid: Sequence[int] | np.ndarray, array: np.ndarray) -> np.ndarray:
    found = np.asarray(valid)
    if (
        found.shape != array.shape[:1]
        or found.dtype.kind not in "iu"
        or not ((found >= 0) & (found <= array.shape[1])).all()
    ):
        raise ValueError(
            f"encode: expected valid, {len(array)} whole numbers from 0 to {array.shape[1]}, found {found.tolist()}"
        )
    return found.astype(np.int32)
