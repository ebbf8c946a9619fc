"""The papers' tables of cost (FCID's Table 8, CoDAAR's Table 9): time per epoch, memory and epochs, ours measured,
published beside.

A row is a method on one kind of hardware with one schedule; its numbers are means over seeds. Percent stand beside DCID
on the same hardware and schedule, as FCID's Table 8 prints them, where DCID ran too.
"""

import csv
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cmg.report.layout import CELLS, CONTROLS, METHODS, label
from cmg.report.logs import Log
from cmg.report.markdown import escape, markdown_page, markdown_table, shown
from cmg.report.published import SOURCES
from cmg.report.tablecsv import csv_text, number
from cmg.report.tables import Summary, summarise
from cmg.results import Run

PUBLISHED = Path(__file__).with_name("published_costs.csv")
REFERENCE = "dcid"
OURS = "ours"
MEASURED = "times and memory as measured on the hardware named; another run or machine gives others"
READING = (
    "Minutes per epoch: median over the epochs of a run without its first, from the end of one to the end of the next; "
    "mean ± sample standard deviation over seeds. Memory of one process, in GiB: on a GPU the most that torch "
    "allocated, of which the training features kept there are named apart; on a CPU the most that the process held. "
    "The papers print GB and do not say how it was taken. Percent: beside DCID on the same hardware with the same "
    "schedule; empty where DCID was not run. Average: of table 1's four cells of AVE and AVVP without TOC, in percent, "
    "under the protocol of the runs. Published rows: as printed; Table 9 prints one average beside both lists."
)
HEADS = {
    "method": "Method",
    "source": "Source",
    "hardware": "Hardware",
    "pretraining": "Training clips",
    "batch_size": "Batch",
    "precision": "Precision",
    "epochs": "Epochs",
    "seeds": "Seeds",
    "minutes_per_epoch": "Minutes per epoch",
    "memory": "Memory",
    "features": "of it features",
    "time_percent": "Time, % of DCID",
    "memory_percent": "Memory, % of DCID",
    "average": "Average of AVE and AVVP",
}
AVERAGED = tuple(cell for cell in CELLS if cell.task in ("ave", "avvp"))


@dataclass(frozen=True)
class Cost:
    """One row. ``minutes``, ``memory`` (GiB) and ``average`` (percent) over seeds; ``features`` GiB of the memory.

    What is not known is empty or None.
    """

    method: str
    source: str
    hardware: str
    pretraining: str
    batch_size: str
    precision: str
    epochs: str
    seeds: int
    minutes: Summary
    memory: Summary
    features: float | None = None
    time_percent: float | None = None
    memory_percent: float | None = None
    average: Summary = field(default_factory=Summary)


def costs(logs: Iterable[Log], runs: Iterable[Run] = (), published: Sequence[Cost] | None = None) -> list[Cost]:
    """Rows of runs whose log holds measurements of training, then published ones, methods in the papers' order.

    runs: results that the averages are taken from; without those of all seeds a row has none.
    """
    scores = {run.name: [cell.value(run, toc=False, bound=False) for cell in AVERAGED] for run in runs}
    averages = {name: average for name, found in scores.items() if (average := _mean_of_all(found)) is not None}
    ours = _beside_reference(
        [_measured(method, setting, group, averages) for (method, *setting), group in _groups(logs).items()]
    )
    known = (*CONTROLS, *METHODS)
    place = {method: known.index(method) for method in known}
    rows = [*ours, *(read_published_costs() if published is None else published)]
    return sorted(rows, key=lambda row: (place.get(row.method, len(known)), row.method, row.source != OURS))


def _mean_of_all(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return statistics.fmean(known) if len(known) == len(scores) else None


def _groups(logs: Iterable[Log]) -> dict[tuple, list[Log]]:
    """Pretraining runs by method, hardware, clips, batch size, precision and epochs, in the order of the logs."""
    found: dict[tuple, list[Log]] = {}
    for log in logs:
        training = log.notes.get("training")
        if log.stage == "pretrain" and training and "seconds_per_epoch" in training:
            clips = log.notes.get("clips", {}).get("used", "")
            setting = (clips, training["batch_size"], training["precision"], training["epochs"])
            found.setdefault((log.method, _hardware(log), *map(str, setting)), []).append(log)
    return found


def _hardware(log: Log) -> str:
    """The GPU of each process, or the CPU and the threads used of it."""
    training = log.notes["training"]
    one = training.get("gpu") or f"{log.processor}, {training['threads']} used"
    return one if training["processes"] == 1 else f"{training['processes']} × {one}"


def _measured(method: str, setting: Sequence[str], logs: Sequence[Log], averages: Mapping[str, float]) -> Cost:
    noted = [log.notes["training"] for log in logs]
    minutes = summarise([training["seconds_per_epoch"] / 60 for training in noted])
    memory = summarise(
        [training.get("gpu_memory_gib", log.peak_memory_gib) for training, log in zip(noted, logs, strict=True)]
    )
    kept = [training["features_on_gpu_gib"] for training in noted if "features_on_gpu_gib" in training]
    hardware, clips, batch, precision, epochs = setting
    features = statistics.fmean(kept) if kept else None
    scored = [averages[log.item] for log in logs if log.item in averages]
    average = summarise(scored if len(scored) == len(logs) else [])
    return Cost(
        method, OURS, hardware, clips, batch, precision, epochs, len(logs), minutes, memory, features, average=average
    )


def _beside_reference(rows: list[Cost]) -> list[Cost]:
    by_setting = {
        (row.hardware, row.pretraining, row.batch_size, row.precision): row for row in rows if row.method == REFERENCE
    }
    return [
        _percent(row, by_setting.get((row.hardware, row.pretraining, row.batch_size, row.precision))) for row in rows
    ]


def _percent(row: Cost, reference: Cost | None) -> Cost:
    if reference is None:
        return row
    pairs = ((row.minutes, reference.minutes), (row.memory, reference.memory))
    time, memory = (100 * a.mean / b.mean if a.mean is not None and b.mean else None for a, b in pairs)
    return replace(row, time_percent=time, memory_percent=memory)


def read_published_costs(path: Path = PUBLISHED) -> list[Cost]:
    """Published rows, in the order of the file.

    Raises:
        ValueError: a field that should be a number is none; names file and line.
    """
    with path.open(newline="", encoding="utf-8") as handle:
        return [_published(row, f"{path} line {line}") for line, row in enumerate(csv.DictReader(handle), start=2)]


def _published(row: dict[str, str], where: str) -> Cost:
    try:
        names = ("minutes_per_epoch", "memory", "average")
        minutes, memory, average = (Summary(_optional(row[name]), published=row[name]) for name in names)
        of_time, of_memory = (_optional(row[name]) for name in ("time_percent", "memory_percent"))
    except ValueError as error:
        raise ValueError(f"{where}: expected numbers, found {row}; correct the row from its source table") from error
    if row["paper"] not in SOURCES:
        raise ValueError(f"{where}: expected one of {', '.join(SOURCES)}, found {row['paper']!r}")
    source = f"{label({'fcid_toc': 'fcid'}.get(row['paper'], row['paper']))}, {row['table']}"
    setting = (row["hardware"], row["pretraining"], row["batch_size"], "", row["epochs"])
    return Cost(row["method"], source, *setting, 0, minutes, memory, None, of_time, of_memory, average)


def _optional(text: str) -> float | None:
    return float(text) if text else None


def costs_csv(rows: Sequence[Cost], notice: str = "") -> str:
    """The CSV text; its first line says what the numbers are."""
    cells = ("minutes_per_epoch", "memory", "average")
    names = [f"{name}{part}" for name in HEADS for part in (("", "_sd", "_seeds") if name in cells else ("",))]
    digits = {name: 4 for name in names if name.startswith("minutes")} | {"time_percent": 0, "memory_percent": 0}
    lines = ({**vars(row), "seeds": row.seeds or None, "minutes_per_epoch": row.minutes} for row in rows)
    return csv_text(names, lines, comment(notice), digits=digits)


def comment(notice: str) -> str:
    """First line of what is made from measurements."""
    return "; ".join(part for part in (" ".join(notice.split()), MEASURED) if part)


def fields(row: Cost) -> list[str]:
    """What people read, in the order of ``HEADS``."""
    digits = 2 if (row.minutes.mean or 1) >= 1 else 4
    measured = [
        row.minutes.published or shown(row.minutes, digits),
        row.memory.published or shown(row.memory, 2),
        number(row.features),
    ]
    percent = [number(row.time_percent, 0), number(row.memory_percent, 0)]
    head = [label(row.method), row.source, row.hardware, row.pretraining, row.batch_size, row.precision, row.epochs]
    return [*head, str(row.seeds or ""), *measured, *percent, row.average.published or shown(row.average, 1)]


def costs_markdown(rows: Sequence[Cost], notice: str = "") -> str:
    """The Markdown text."""
    table = markdown_table(list(HEADS.values()), ([escape(text) for text in fields(row)] for row in rows))
    return markdown_page(comment(notice), "# Table 8: cost of pretraining", READING, table)
