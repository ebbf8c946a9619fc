"""What a sample corpus is to hold: clip counts per split, frame size, rates and the seed."""

from dataclasses import asdict, dataclass, field
from typing import Any

DATASETS = (
    "vggsound_avel", "ave", "avvp", "ucf101", "clotho", "mscoco", "flickrsound", "valor32k", "avsbench_s4", "celeba_hq",
)  # fmt: skip
# parts that do not exist
ABSENT = {"ucf101": ("val",), "mscoco": ("train", "val"), "flickrsound": ("val",), "celeba_hq": ("val",)}
LENDERS = {"vggsound_avel": ("ave", "avvp"), "ave": ("avvp",)}  # whose clips a dataset lists too
LEAST_FOR_DEFECTS = 16


@dataclass(frozen=True)
class Split:
    """Rows per split; a row is a clip, except in AVE where a few rows share a video."""

    train: int
    val: int
    test: int

    @property
    def total(self) -> int:
        return self.train + self.val + self.test


@dataclass(frozen=True)
class CorpusSpec:
    """Everything that decides the bytes of a sample corpus.

    `classes` keeps the first so many of the sixteen concepts (`concepts.py`); the order is such that any prefix of two
    or more gives every dataset at least two classes. `seconds` is the clip length (UCF101 clips vary around it),
    `width` and `height` are pixels (even), `fps` frames per second, `sample_rates` the audio rates in hertz among which
    a clip draws. `defects` adds the damaged files and annotation rows of the official sets and needs at least sixteen
    rows in AVEL train, AVE train, AVVP val and test, Clotho, MSCOCO and FlickrSound test, VALOR, S4 and CelebA train.
    """

    seed: int = 0
    classes: int = 16
    vggsound_avel: Split = field(default=Split(300, 60, 110))
    ave: Split = field(default=Split(170, 60, 90))
    avvp: Split = field(default=Split(10, 110, 120))
    ucf101: Split = field(default=Split(120, 0, 70))
    clotho: Split = field(default=Split(12, 8, 100))
    mscoco: Split = field(default=Split(0, 0, 110))
    flickrsound: Split = field(default=Split(200, 0, 100))
    valor32k: Split = field(default=Split(36, 12, 12))
    avsbench_s4: Split = field(default=Split(200, 24, 40))
    celeba_hq: Split = field(default=Split(600, 0, 64))
    width: int = 192
    height: int = 144
    fps: int = 8
    seconds: int = 10
    sample_rates: tuple[int, ...] = (16000, 22050)
    defects: bool = True

    def __post_init__(self) -> None:
        self._check_sizes()
        for dataset in DATASETS:
            split = self.split(dataset)
            if min(split.train, split.val, split.test) < 0:
                raise ValueError(f"{dataset}: clip counts must not be negative, found {split}")
            for part in ABSENT.get(dataset, ()):
                if getattr(split, part):
                    raise ValueError(
                        f"{dataset} has no {part} part here: expected {part}=0, found {getattr(split, part)}"
                    )
        if self.defects:
            self._check_room_for_defects()

    def split(self, dataset: str) -> Split:
        """Rows per split of `dataset`; ValueError for a dataset that the sample corpus does not have."""
        if dataset not in DATASETS:
            raise ValueError(f"no sample corpus for dataset {dataset!r}: expected one of {', '.join(DATASETS)}")
        return getattr(self, dataset)

    def of(self, dataset: str) -> dict[str, Any]:
        """What the files of `dataset` are made from, as plain values: everything but the counts of datasets that lend
        it no clip."""
        kept = {dataset, *LENDERS.get(dataset, ())}
        return {name: value for name, value in asdict(self).items() if name in kept or name not in DATASETS}

    def _check_sizes(self) -> None:
        if not 2 <= self.classes <= 16:
            raise ValueError(f"classes must lie in 2..16, found {self.classes}")
        if self.width % 2 or self.height % 2 or min(self.width, self.height) < 32:
            raise ValueError(f"frame size must be even and at least 32, found {self.width}x{self.height}")
        if self.fps < 1 or self.seconds < 2:
            raise ValueError(
                f"fps must be at least 1 and seconds at least 2, found fps={self.fps}, seconds={self.seconds}"
            )
        if not self.sample_rates or min(self.sample_rates) < 16000:
            raise ValueError(f"sample rates must be at least 16000 Hz, found {self.sample_rates}")

    def _check_room_for_defects(self) -> None:
        rows = {
            "vggsound_avel train": self.vggsound_avel.train,
            "ave train": self.ave.train,
            "avvp val": self.avvp.val,
            "avvp test": self.avvp.test,
            "clotho test": self.clotho.test,
            "mscoco test": self.mscoco.test,
            "flickrsound test": self.flickrsound.test,
            "valor32k train": self.valor32k.train,
            "avsbench_s4 train": self.avsbench_s4.train,
            "celeba_hq train": self.celeba_hq.train,
        }
        small = {name: n for name, n in rows.items() if n < LEAST_FOR_DEFECTS}
        if small:
            raise ValueError(
                f"defects=True needs at least {LEAST_FOR_DEFECTS} rows each, found {small}; "
                "add rows or set defects=False"
            )
