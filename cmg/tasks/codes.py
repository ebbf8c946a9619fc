"""The codes of one run: what every clip became, per dataset and modality, and the codebooks that say what a code is.

N clips (index rows), T seconds, G codebooks, K codes, D code dimensions, E draws.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save

from cmg.files import write_bytes

HELP = "make it again: dvc repro"
UNDER_PUBLISHED = "set evaluate.protocol: published in params.yaml, then run the codes stage: dvc repro"
EITHER = "codes need either indices or vectors"
WHOLE = "whole"  # part of the names of what `RunCodes.whole` holds
# names of tensors
NAMES = re.compile(rf"codebook\.\d+|[^.]+\.[^.]+(\.{WHOLE})?\.(indices|vectors|valid)|[^.]+\.[^.]+\.draws", re.ASCII)


def clip_codes(dataset: str) -> str:
    """Name under which a run holds a second set of codes of a dataset of your own: one per clip, for retrieval."""
    return f"{dataset}+clips"


class CodesError(ValueError):
    """A codes file, or a request to one, that cannot be served; the message names the file."""


@dataclass(frozen=True)
class StoredCodes:
    """Codes of one dataset and modality: `indices` [N, T, G] int32, or `vectors` [N, T, D] float32 where a method has
    no codebook.

    `valid` [N] int32 is the number of seconds with features; 0 marks a clip without usable features.
    """

    valid: np.ndarray
    indices: np.ndarray | None = None
    vectors: np.ndarray | None = None

    @property
    def values(self) -> np.ndarray:
        """What there is of the two."""
        found = self.vectors if self.indices is None else self.indices
        if found is None:
            raise CodesError(EITHER)
        return found

    @property
    def chosen(self) -> np.ndarray:
        """`indices`. Raises CodesError for vectors."""
        if self.indices is None:
            raise CodesError("expected codes of a codebook, found vectors")
        return self.indices

    def __post_init__(self) -> None:
        if self.indices is not None and self.vectors is not None:
            raise CodesError(EITHER)
        if self.values.ndim != 3 or self.valid.shape != self.values.shape[:1]:
            raise CodesError(
                f"codes have shape {self.values.shape} and valid {self.valid.shape}; expected [N, T, G or D] and [N]"
            )


class RunCodes:
    """All codes of one run, keyed by (dataset, modality), and its codebooks [K, D] in concatenation order.

    `whole` holds the codes that the `published` retrieval averages: one per second of a whole clip, or per sentence.
    `draws` [E, N, T, G] int16 holds the codes encoded E times with encoder dropout, where the `published` protocol fits
    heads on them. `aligned` names the M modalities whose codebooks [K, D/M] stand side by side in each codebook; empty
    where all share it.
    """

    def __init__(
        self,
        codebooks: Sequence[np.ndarray],
        entries: Mapping[tuple[str, str], StoredCodes],
        name: str = "codes",
        draws: Mapping[tuple[str, str], np.ndarray] | None = None,
        aligned: Sequence[str] = (),
        whole: Mapping[tuple[str, str], StoredCodes] | None = None,
    ) -> None:
        """Raises CodesError where an index lies outside its codebook or a vector is not finite, naming dataset and
        modality."""
        self.codebooks = [np.ascontiguousarray(book, dtype=np.float32) for book in codebooks]
        self.entries, self.draws, self.whole = dict(entries), dict(draws or {}), dict(whole or {})
        self.name, self.aligned = name, tuple(aligned)
        for kind, held in (("", self.entries), (f".{WHOLE}", self.whole)):
            for key, codes in held.items():
                self._check(".".join(key) + kind, codes)
        for key, drawn in self.draws.items():
            self._check_indices(f"{'.'.join(key)}.draws", drawn)

    def _check(self, key: str, codes: StoredCodes) -> None:
        if codes.indices is not None:
            self._check_indices(f"{key}.indices", codes.indices)
        elif not np.isfinite(codes.values[codes.valid > 0]).all():
            raise CodesError(f"{self.name}: {key}.vectors holds numbers that are not finite; {HELP}")

    def _check_indices(self, what: str, indices: np.ndarray) -> None:
        sizes = [len(book) for book in self.codebooks]
        if indices.shape[-1] != len(sizes):
            raise CodesError(
                f"{self.name}: {what} has {indices.shape[-1]} codebooks, the file holds {len(sizes)}; {HELP}"
            )
        if indices.size and ((indices < 0) | (indices >= np.array(sizes))).any():
            low, high = indices.min(), indices.max()
            raise CodesError(f"{self.name}: {what} runs from {low} to {high}; the codebooks have {sizes} codes; {HELP}")

    @classmethod
    def read(cls, path: str | Path) -> "RunCodes":
        """Read a codes file. Raises CodesError naming the file where it is not one, FileNotFoundError where it is
        absent."""
        try:
            tensors, aligned = load_file(path), _aligned(path)
        except SafetensorError as error:
            raise CodesError(f"{path}: not a safetensors file ({error}); {HELP}") from error
        if strange := [name for name in tensors if not NAMES.fullmatch(name)]:
            raise CodesError(
                f"{path}: expected the tensors of a codes file, found {', '.join(map(repr, strange[:3]))}; {HELP}"
            )
        books = sorted(
            (int(name.split(".")[1]), tensor) for name, tensor in tensors.items() if name.startswith("codebook.")
        )
        held: dict[str, dict[tuple[str, str], StoredCodes]] = {"": {}, WHOLE: {}}
        for name, valid in tensors.items():
            key, _, kind = name.rpartition(".")
            if kind != "valid":
                continue
            found = {kind: tensors[f"{key}.{kind}"] for kind in ("indices", "vectors") if f"{key}.{kind}" in tensors}
            if len(found) != 1:
                raise CodesError(
                    f"{path}: {key} has {sorted(found) or 'neither'} of indices and vectors; expected one; {HELP}"
                )
            dataset, modality, *part = key.split(".")
            held[".".join(part)][dataset, modality] = StoredCodes(valid, **found)
        drawn = {
            name.removesuffix(".draws").partition("."): tensor
            for name, tensor in tensors.items()
            if name.endswith(".draws")
        }
        draws = {(dataset, modality): tensor for (dataset, _, modality), tensor in drawn.items()}
        return cls([book for _, book in books], held[""], str(path), draws, aligned, held[WHOLE])

    def write(self, path: str | Path) -> None:
        """Write the codes file (deterministic bytes, atomic)."""
        tensors = {f"codebook.{g}": book for g, book in enumerate(self.codebooks)}
        for more, held in (("", self.entries), (f".{WHOLE}", self.whole)):
            for (dataset, modality), codes in held.items():
                kind, dtype = ("indices", np.int32) if codes.vectors is None else ("vectors", np.float32)
                tensors[f"{dataset}.{modality}{more}.{kind}"] = np.ascontiguousarray(codes.values, dtype=dtype)
                tensors[f"{dataset}.{modality}{more}.valid"] = np.ascontiguousarray(codes.valid, dtype=np.int32)
        for (dataset, modality), drawn in self.draws.items():
            tensors[f"{dataset}.{modality}.draws"] = np.ascontiguousarray(drawn, dtype=np.int16)
        write_bytes(Path(path), save(tensors, {"aligned": ",".join(self.aligned)} if self.aligned else None))

    def get(self, dataset: str, modality: str) -> StoredCodes:
        """Codes of one dataset and modality. Raises KeyError naming what the file holds."""
        if (dataset, modality) not in self.entries:
            held = ", ".join(".".join(key) for key in sorted(self.entries)) or "nothing"
            raise KeyError(f"{self.name}: no codes of {dataset}.{modality}; the file holds {held}; {HELP}")
        return self.entries[dataset, modality]

    @property
    def has_codebook(self) -> bool:
        """False for a method that yields vectors; TOC has nothing to choose from there."""
        return bool(self.codebooks)

    def dimensions(self, dataset: str, modality: str) -> int:
        """D of `embed`: the dimensions of all codebooks together, or of the vectors."""
        codes = self.get(dataset, modality)
        return codes.values.shape[2] if codes.indices is None else sum(book.shape[1] for book in self.codebooks)

    def embed(self, dataset: str, modality: str, rows: np.ndarray, dims: np.ndarray | None = None) -> np.ndarray:
        """Code vectors of index rows, [n, T, D] float32: the codewords of all codebooks side by side.

        `dims` [Q] keeps these dimensions, in this order (the TOC slice, after quantisation): [n, T, Q].
        """
        codes = self.get(dataset, modality)
        if codes.indices is None:
            vectors = codes.values[rows].astype(np.float32, copy=False)
            return vectors if dims is None else vectors[..., dims]
        return self._look_up(codes.indices[rows], dims)

    def embed_draw(
        self, dataset: str, modality: str, rows: np.ndarray, draw: int, dims: np.ndarray | None = None
    ) -> np.ndarray:
        """As `embed`, from the codes of one draw with encoder dropout. Raises CodesError where the file has too few
        draws."""
        drawn = self.draws.get((dataset, modality), np.empty(0))
        if draw >= len(drawn):
            raise CodesError(
                f"{self.name}: {dataset}.{modality} has {len(drawn)} draws with encoder dropout, "
                f"draw {draw + 1} is needed; {UNDER_PUBLISHED}"
            )
        return self._look_up(drawn[draw, rows], dims)

    def get_whole(self, dataset: str, modality: str) -> StoredCodes:
        """Codes that the `published` retrieval averages. Raises CodesError where the file has none."""
        if (dataset, modality) not in self.whole:
            raise CodesError(f"{self.name}: {dataset}.{modality} has no codes of whole clips; {UNDER_PUBLISHED}")
        return self.whole[dataset, modality]

    def embed_mean(self, dataset: str, modality: str, rows: np.ndarray, dims: np.ndarray | None = None) -> np.ndarray:
        """Mean of the code vectors of each clip's own seconds, [n, 1, D] float32; `dims` as in `embed`, taken before
        the mean."""
        held = self.get_whole(dataset, modality)
        real = np.arange(held.chosen.shape[1]) < held.valid[rows][:, None]
        vectors = self._look_up(held.chosen[rows], dims) * real[..., None]
        return vectors.sum(axis=1, keepdims=True, dtype=np.float32) / np.maximum(real.sum(axis=1), 1)[
            :, None, None
        ].astype(np.float32)

    def _look_up(self, chosen: np.ndarray, dims: np.ndarray | None) -> np.ndarray:
        vectors = np.concatenate([book[chosen[..., g]] for g, book in enumerate(self.codebooks)], axis=-1)
        return vectors if dims is None else vectors[..., dims]


def _aligned(path: str | Path) -> list[str]:
    """Modalities with a codebook each, as the file's metadata has them."""
    with safe_open(path, "numpy") as file:
        return [name for name in (file.metadata() or {}).get("aligned", "").split(",") if name]
