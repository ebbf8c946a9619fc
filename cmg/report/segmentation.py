"""The table of segmentation with codes as queries: CSV and Markdown.

A row is a method and a direction. Its scores are three questions put to the same head on the same frames: the right
query, none, a wrong one. All in percent, mean over seeds.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cmg.report.layout import CONTROLS, label
from cmg.report.markdown import escape, mark, markdown_page, markdown_table, shown
from cmg.report.tablecsv import csv_text
from cmg.report.tables import Summary, fingerprint_of, summarise
from cmg.results import Run

TITLE = "Segmentation with codes as queries (AVSBench-S4)"
PUBLISHED = Path(__file__).with_name("published_segmentation.csv")
SOURCE = "CMG (DCID), NeurIPS 2023"
MEASURES = {  # column: heading, and its name in a run's result
    "miou": ("mIoU", "right_miou"),
    "f": ("F", "right_f"),
    "missing_miou": ("mIoU, missing query", "missing_miou"),
    "wrong_miou": ("mIoU, wrong query", "wrong_miou"),
    "right_minus_wrong": ("right − wrong", "right_minus_wrong"),
}
DIRECTIONS = {"at": "A→T", "ta": "T→A", "aa": "A→A", "tt": "T→T"}
BOUNDS = ("aa", "tt")
REFERENCES = {"no_query": "No query", "class_query": "The class as query"}
FLOORS = {"foreground": "All foreground", "constant": "Best single mask (chance)"}
READING = (
    "A→T: the head was fitted with codes of sounds and is asked with codes of sentences. A→A and T→T are same-"
    "modality bounds. What counts is right − wrong: mIoU with the right query less mIoU with the query of another"
    " class. mIoU alone can be had without listening: a head that paints what stands out in a frame is right "
    "wherever one object does, as in most frames of AVSBench-S4, and trained models go on segmenting it under "
    "silence or noise (Li et al., arXiv 2502.00358). No query: a head that was never asked anything. The class as"
    " query: a head that is told the class, the best that a code could do. Missing: the trained head is given "
    "zeros. All foreground and the best single mask look at nothing."
)


@dataclass(frozen=True)
class SegmentationRow:
    """One line; ``printed`` is mIoU and F of the paper."""

    name: str
    direction: str
    kind: str
    variant: str = ""
    protocol: str = ""
    seeds: tuple[int, ...] = ()
    cells: Mapping[str, Summary] = field(default_factory=dict)
    printed: tuple[str, str] = ("", "")
    fingerprint: str = ""

    @property
    def arrow(self) -> str:
        """``A→T``; empty for a reference, which has one source of queries."""
        return DIRECTIONS.get(self.direction, "")

    def cell(self, column: str) -> Summary:
        """One of ``MEASURES``; empty where it was not run."""
        return self.cells.get(column, Summary())


def rows_of(runs: Sequence[Run], fingerprints: Mapping[str, str]) -> list[SegmentationRow]:
    """Floors, references, controls and methods, their bounds, published rows; runs of a method in the order of
    ``runs``.
    """
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.method, []).append(run)
    references = [groups.pop(name) for name in REFERENCES if name in groups]
    wanted = [(group, group[0].method) for group in references]
    wanted += [
        (group, way)
        for bound in (False, True)
        for group in groups.values()
        for way in DIRECTIONS
        if (way in BOUNDS) == bound
    ]
    measured = [_row(group, way, fingerprints) for group, way in wanted if _values(group, way, "right_miou")]
    return [*(row for group in references[:1] for row in _floors(group, fingerprints)), *measured, *_printed_rows()]


def _row(group: list[Run], direction: str, fingerprints: Mapping[str, str]) -> SegmentationRow:
    first = group[0]
    kind = "bound" if direction in BOUNDS else "control" if first.method in CONTROLS else "method"
    name, kind = (REFERENCES[first.method], "reference") if first.method in REFERENCES else (label(first.method), kind)
    printed = {
        (line["method"], line["direction"]): (line["miou"], line["f"]) for line in read_printed() if line["method"]
    }
    return SegmentationRow(
        name,
        direction,
        kind,
        first.variant,
        first.protocol,
        tuple(run.seed for run in group),
        {column: summarise(_values(group, direction, key)) for column, (_, key) in MEASURES.items()},
        printed.get((first.method, direction), ("", "")),
        fingerprint_of([run.name for run in group], fingerprints),
    )


def _values(group: list[Run], direction: str, key: str) -> list[float]:
    """One figure of each run that has it, in the order of the runs."""
    return [cell.side[key] for run in group for cell in run.cells if cell.direction == direction and key in cell.side]


def _floors(group: list[Run], fingerprints: Mapping[str, str]) -> Iterator[SegmentationRow]:
    """What answers that look at nothing score on the same frames, which are the same for every seed."""
    for key, name in FLOORS.items():
        values = {column: _values(group, group[0].method, f"{key}_{column}")[:1] for column in ("miou", "f")}
        cells = {column: summarise(value) for column, value in values.items()}
        mark = fingerprint_of([run.name for run in group], fingerprints)
        yield SegmentationRow(name, "", "chance", protocol=group[0].protocol, cells=cells, fingerprint=mark)


def read_printed(path: Path = PUBLISHED) -> list[dict[str, str]]:
    """Published numbers, in the order of the paper."""
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _printed_rows() -> list[SegmentationRow]:
    return [
        SegmentationRow(
            f"{line['source_row']} ({SOURCE}, {line['table']})",
            line["direction"],
            "published",
            printed=(line["miou"], line["f"]),
        )
        for line in read_printed()
    ]


def segmentation_csv(rows: Sequence[SegmentationRow], notice: str) -> str:
    """``# notice`` first when there is one, then a line per row; the same rows give the same bytes."""
    measures = [f"{column}_{part}" for column in MEASURES for part in ("mean", "sd", "seeds")]
    about = ("method", "direction", "kind", "variant", "protocol", "seeds")
    lines = (
        {**vars(row), "method": row.name, "direction": row.arrow, **row.cells}
        | {"published_miou": row.printed[0], "published_f": row.printed[1]}
        for row in rows
    )
    return csv_text((*about, *measures, "published_miou", "published_f", "fingerprint"), lines, notice)


def segmentation_markdown(rows: Sequence[SegmentationRow], notice: str) -> str:
    """The Markdown text, notice in the first line when there is one."""
    measures = [f"#{text}" for text, _ in MEASURES.values()]
    heads = ["Query", "Direction", "Kind", "Protocol", "Seeds", *measures]
    lines = []
    for row in rows:
        about = [escape(row.name), row.arrow, row.kind, row.protocol, ", ".join(map(str, row.seeds))]
        scores = [shown(row.cell(column), 1) for column in MEASURES]
        lines.append([*about, *scores, *(f"*{value}*" * bool(value) for value in row.printed), mark(row.fingerprint)])
    table = markdown_table([*heads, "#Published mIoU", "#Published F", "Fingerprint"], lines)
    return markdown_page(notice, f"# {TITLE}", READING, table)
