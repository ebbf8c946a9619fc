"""What the tables look like: their cells, the order of their rows, and the labels that people read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from cmg.registry import DATASET_TEXTS, METHOD_TEXTS, RETRIEVAL
from cmg.results import Cell, Run

CHANCE = "chance"
CONTROLS = tuple(name for name, text in METHOD_TEXTS.items() if text.kind == "control")
METHODS = tuple(name for name in METHOD_TEXTS if name not in CONTROLS)
LABELS = {CHANCE: "Chance", **{name: text.label for name, text in METHOD_TEXTS.items()}}
SAME_MODALITY = {"va": "aa", "av": "vv"}


def arrow(direction: str) -> str:
    """``V→A``."""
    return f"{direction[0].upper()}→{direction[1].upper()}"


@dataclass(frozen=True)
class CellSpec:
    """One score column: a task and a direction (``va``: head fitted on video codes, scored on audio codes)."""

    task: str
    direction: str
    label: str

    @property
    def key(self) -> str:
        """Column prefix in files, e.g. ``ave_va``."""
        return f"{self.task}_{self.direction}"

    @property
    def bound_direction(self) -> str:
        """The same-modality direction with the same scored modality: ``va`` is bounded by ``aa``, ``av`` by ``vv``."""
        return SAME_MODALITY[self.direction]

    def value(self, run: Run, toc: bool, bound: bool) -> float | None:
        """The run's score in percent, None when it was not run."""
        found = run.cell_of(self.task, self.bound_direction if bound else self.direction, toc)
        return None if found is None else found.score

    def chances(self, run: Run) -> list[float]:
        """Chance of each of the run's cells that this one shows."""
        return [
            c.chance for c in run.cells if (c.task, c.direction) == (self.task, self.direction) and c.chance is not None
        ]


@dataclass(frozen=True)
class RecallSpec:
    """One recall column: R@k of a dataset, mean over both directions, as the papers print it."""

    task: str
    directions: tuple[str, str]
    k: int
    label: str

    @property
    def key(self) -> str:
        """Column prefix in files, e.g. ``mscoco_r10``."""
        return f"{self.task}_r{self.k}"

    def value(self, run: Run, toc: bool, bound: bool) -> float | None:
        """Mean over directions in percent, None when one was not run; retrieval has no same-modality bound."""
        found = [] if bound else [run.cell_of(self.task, direction, toc) for direction in self.directions]
        return _side_mean(found, f"r{self.k}")

    def chances(self, run: Run) -> list[float]:
        """The recall of a random order."""
        value = _side_mean(
            [run.cell_of(self.task, direction, False) for direction in self.directions], f"chance_r{self.k}"
        )
        return [] if value is None else [value]


def _side_mean(scores: Sequence[Cell | None], name: str) -> float | None:
    known = [score for score in scores if score is not None]
    return fmean(score.side[name] for score in known) if known and len(known) == len(scores) else None


CELLS = tuple(
    CellSpec(task, direction, f"{name} {arrow(direction)}")
    for task, name in (("ave", "AVE"), ("avvp", "AVVP"), ("ave_avvp", "AVE→AVVP"), ("ucf_vgg", "UCF(v)↔VGG(a)"))
    for direction in ("va", "av")
)
AVERAGE = "avg"
COLUMNS = (*(cell.key for cell in CELLS), AVERAGE)
PAIRS = tuple(
    (name, f"{DATASET_TEXTS[name][0]}({sides[0].upper()}↔{sides[1].upper()})", (sides, sides[::-1]))
    for name, sides in RETRIEVAL.items()
)
WAYS = {  # of retrieval, by the key of a task and a direction
    f"{task}_{way}": f"{name.partition('(')[0]} {arrow(way)}" for task, name, both in PAIRS for way in both
}
RECALLS = tuple(
    RecallSpec(task, directions, k, f"{name} R@{k}") for task, name, directions in PAIRS for k in (1, 5, 10)
)
RETRIEVAL_AVERAGE = "retrieval_avg"
CROSS_DATASET = tuple(cell for cell in CELLS if cell.task in ("ave_avvp", "ucf_vgg"))
CROSS_DATASET_AVERAGE = "cross_dataset_avg"
SPECS: tuple[CellSpec | RecallSpec, ...] = (*CELLS, *RECALLS)
COLUMN_LABELS = {cell.key: cell.label for cell in SPECS}
COLUMN_LABELS |= dict.fromkeys((AVERAGE, RETRIEVAL_AVERAGE, CROSS_DATASET_AVERAGE), "Average")


@dataclass(frozen=True)
class Layout:
    """One table: the cells it is made from, the key of their average, and the columns it shows. ``digits`` [cells,
    average].

    source: paper and table whose printed rows stand whole below ours. details: Markdown below the text on how to read
    the table.
    """

    name: str
    cells: tuple[CellSpec | RecallSpec, ...]
    average: str
    columns: tuple[str, ...]
    digits: tuple[int, int]
    source: tuple[str, str] | None = None
    details: str = ""

    @property
    def title(self) -> str:
        method, _, place = self.name.rpartition("_")
        return f"{LABELS.get(method, method)} {place}".strip().replace("table", "Table ").replace("figure", "Figure ")

    @property
    def labels(self) -> Mapping[str, str]:
        return {column: COLUMN_LABELS[column] for column in self.columns}

    def digits_of(self, column: str) -> int:
        """Decimals shown to people, as in the papers."""
        return self.digits[column == self.average]


TABLE1 = Layout("table1", CELLS, AVERAGE, COLUMNS, (1, 2))
TABLE10 = Layout("table10", RECALLS, RETRIEVAL_AVERAGE, (*(cell.key for cell in RECALLS), RETRIEVAL_AVERAGE), (2, 2))
TABLE2 = Layout(
    "table2", RECALLS, RETRIEVAL_AVERAGE, (*(cell.key for cell in RECALLS if cell.k == 10), RETRIEVAL_AVERAGE), (2, 2)
)
CODAAR_TABLE8 = Layout(
    "codaar_table8",
    CROSS_DATASET,
    CROSS_DATASET_AVERAGE,
    (*(c.key for c in CROSS_DATASET), CROSS_DATASET_AVERAGE),
    (1, 1),
    source=("codaar", "Table 8"),
)
LAYOUTS = (TABLE1, TABLE2, TABLE10, CODAAR_TABLE8)
BOUND = "bound"
PUBLISHED = "published"
KINDS = (CHANCE, "control", "method", BOUND, PUBLISHED)


def kind_of(method: str) -> str:
    """``control`` for methods that only say what the numbers mean, else ``method``."""
    return "control" if method in CONTROLS else "method"


def label(method: str, toc: bool | None = None, kind: str = "method") -> str:
    """Row label: ``FCID+TOC``, ``FCID codebook_256`` (a sweep's point), ``FCID (same modality)``, ``MICU (published)``.

    Unknown methods keep their name.
    """
    base, _, point = method.partition("+")
    if point == "toc_random" and toc:
        return f"{LABELS.get(base, base)}+random Q"
    name = f"{LABELS.get(base, base)} {point}".strip() + ("+TOC" if toc else "")
    return name + {BOUND: " (same modality)", PUBLISHED: " (published)"}.get(kind, "")


def row_order(kind: str, method: str, toc: bool | None, variant: str, protocol: str) -> tuple:
    """Sort key: chance, controls, methods as in the paper (all without TOC, then all with), bounds; other methods by
    name.

    Published rows have no protocol and are not sorted: they stand as in their source.
    """
    known = (*CONTROLS, *METHODS)
    place = known.index(method) if method in known else len(known)
    toc_last = bool(toc) if kind != "control" else False
    return (protocol, KINDS.index(kind), toc_last, place, method, variant, bool(toc))


def sample_notice(sample: bool, random_backbones: bool) -> str:
    """The first line of everything made from sample data or random backbones; empty when data and weights are real."""
    parts = (["sample corpus"] if sample else []) + (["random backbones"] if random_backbones else [])
    if not parts:
        return ""
    return (
        f"{', '.join(parts)}: these numbers show that the workflow runs; "
        "they do not measure the papers' methods on the papers' data"
    )
