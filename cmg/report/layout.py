"""What table 1 looks like: its eight cells, the order of its rows, and the labels that people read."""

from dataclasses import dataclass

CHANCE = "chance"
CONTROLS = ("baseline", "infonce_kmeans")
METHODS = ("codis", "turn", "cmcm", "simmmdg", "dcid", "micu", "fcid", "codaar")
LABELS = {
    CHANCE: "Chance",
    "baseline": "Baseline",
    "infonce_kmeans": "InfoNCE + k-means",
    "codis": "CODIS",
    "turn": "TURN",
    "cmcm": "CMCM",
    "simmmdg": "SimMMDG",
    "dcid": "DCID",
    "micu": "MICU",
    "fcid": "FCID",
    "codaar": "CoDAAR",
}
SAME_MODALITY = {"va": "aa", "av": "vv"}


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


CELLS = tuple(
    CellSpec(task, direction, f"{name} {arrow}")
    for task, name in (("ave", "AVE"), ("avvp", "AVVP"), ("ave_avvp", "AVE→AVVP"), ("ucf_vgg", "UCF(v)↔VGG(a)"))
    for direction, arrow in (("va", "V→A"), ("av", "A→V"))
)
AVERAGE = "avg"
COLUMNS = (*(cell.key for cell in CELLS), AVERAGE)
COLUMN_LABELS = {**{cell.key: cell.label for cell in CELLS}, AVERAGE: "Average"}
KINDS = ("chance", "control", "method", "bound")


def kind_of(method: str) -> str:
    """``control`` for methods that only say what the numbers mean, else ``method``."""
    return "control" if method in CONTROLS else "method"


def label(method: str, toc: bool | None = None, kind: str = "method") -> str:
    """Row label, e.g. ``FCID+TOC`` or ``FCID (same modality)``; an unknown method keeps its own name."""
    name = LABELS.get(method, method) + ("+TOC" if toc else "")
    return f"{name} (same modality)" if kind == "bound" else name


def row_order(kind: str, method: str, toc: bool | None, variant: str, protocol: str) -> tuple:
    """Sort key: chance, controls, methods as in the paper (all without TOC, then all with), bounds; other methods by name."""
    known = (*CONTROLS, *METHODS)
    place = known.index(method) if method in known else len(known)
    toc_last = bool(toc) if kind != "control" else False
    return (protocol, KINDS.index(kind), toc_last, place, method, variant, bool(toc))


def sample_notice(sample: bool, random_backbones: bool) -> str:
    """The first line of everything made from sample data or random backbones; empty when data and weights are real."""
    parts = (["sample corpus"] if sample else []) + (["random backbones"] if random_backbones else [])
    if not parts:
        return ""
    return f"{', '.join(parts)}: these numbers show that the workflow runs; they do not measure the papers' methods on the papers' data"
