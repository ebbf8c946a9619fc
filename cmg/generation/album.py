"""Pictures by embedding and seed, each made once: one code gives one picture, and interrupted work goes on at the
picture."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from cmg.files import replacing
from cmg.generation.generator import Generator


class Album:
    """folder: of unfinished work, a PNG per picture under its key; None: pictures are kept in memory alone. given:
    called after each."""

    def __init__(
        self, generator: Generator, folder: Path | None = None, given: Callable[[], None] = lambda: None
    ) -> None:
        self.generator, self.folder, self.given = generator, folder, given
        self.pictures: dict[str, np.ndarray] = {}

    def get(self, embeddings: np.ndarray, seeds: Sequence[int]) -> np.ndarray:
        """Pictures uint8 [n, S, S, 3] of embeddings float32 [n, E]: equal embedding and seed, equal bytes."""
        return np.stack([self._one(embedding, seed) for embedding, seed in zip(embeddings, seeds, strict=True)])

    def _one(self, embedding: np.ndarray, seed: int) -> np.ndarray:
        key = hashlib.sha256(f"{self.generator.digest}:{seed}:".encode() + embedding.tobytes()).hexdigest()[:32]
        if key not in self.pictures:
            self.pictures[key] = self._read(key) if self._kept(key) else self._make(key, embedding, seed)
        self.given()
        return self.pictures[key]

    def _make(self, key: str, embedding: np.ndarray, seed: int) -> np.ndarray:
        picture = self.generator.generate(embedding[None], [seed])[0]
        if self.folder is not None:
            with replacing(self._file(key)) as temporary:
                Image.fromarray(picture).save(temporary, "PNG")
        return picture

    def _kept(self, key: str) -> bool:
        """Whether a whole picture lies in the folder; a damaged one is made again."""
        if self.folder is None or not self._file(key).is_file():
            return False
        try:
            with Image.open(self._file(key)) as image:
                image.verify()
        except (UnidentifiedImageError, OSError, SyntaxError):
            return False
        return True

    def _read(self, key: str) -> np.ndarray:
        with Image.open(self._file(key)) as image:
            return np.array(image.convert("RGB"))

    def _file(self, key: str) -> Path:
        return Path(self.folder or ".") / f"{key}.png"
