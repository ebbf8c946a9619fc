"""What a page shows of a codebook, as numbers: `maps` and `rows` draw it."""

from dataclasses import dataclass

import numpy as np

from cmg.report.layout import label


@dataclass(frozen=True)
class CodebookMaps:
    """What the maps of one codebook of a run are drawn from.

    kinds [K]: keys of ``MARKS``. modalities: those whose use was counted, on ``dataset``; sentences: how many different
    ones its text is. use [M,K]: each of these modalities' use as shares that sum to 1 (None: not given).
    before, after [K,K]: cosines with all dimensions and with the ``q`` of them that TOC keeps (None where it keeps
    none). places [B,K,2]: the B codebooks on common axes; one per modality, named by ``books``, or one for all. part:
    which codebook, where a run has several.
    """

    run: str
    dataset: str
    modalities: tuple[str, ...]
    kinds: np.ndarray
    before: np.ndarray
    after: np.ndarray | None
    q: int
    places: np.ndarray | None = None
    books: tuple[str, ...] = ()
    part: str = ""
    sentences: int = 0
    use: np.ndarray | None = None

    @property
    def counted(self) -> np.ndarray:
        """``use`` where it was given; ValueError otherwise."""
        return self._given("use", self.use)

    @property
    def placed(self) -> np.ndarray:
        """``places`` where they were given; ValueError otherwise."""
        return self._given("places", self.places)

    @property
    def method(self) -> str:
        return self.run.rpartition("-")[0]

    @property
    def title(self) -> str:
        """Beginning of every map's title."""
        return label(self.method) + (f", {self.part}" if self.part else "")

    @property
    def named(self) -> str:
        """The run and the codebook, in a description."""
        return self.run + (f", {self.part}" if self.part else "")

    def _given(self, name: str, values: np.ndarray | None) -> np.ndarray:
        if values is None:
            raise ValueError(f"maps of {self.named}: expected {name}, found none")
        return values
