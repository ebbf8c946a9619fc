"""Where time and memory went: tables from the logs of stages. No other stage reads them: the next run takes other
times."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib import rc_context

from cmg.files import write_bytes
from cmg.report.costs import HEADS, READING, Cost, comment, costs, costs_csv, costs_markdown, fields
from cmg.report.figures import LINES, STYLE, Panel, ascii_label, make_axes, make_panel
from cmg.report.layout import label
from cmg.report.logs import PER_RUN, Log
from cmg.report.pagetables import PageTable, page_table
from cmg.report.tablecsv import csv_text, number
from cmg.results import Run

ORDER = (
    "sample",
    "scan",
    "index",
    "exclusions",
    "corpus",
    "features",
    *PER_RUN,
    "tables",
    "report",
    "protocols",
    "default",
    "sweep",
)
POINT = "+"  # between a method and a point of its sweeps


def write_times(folder: Path, logs: Sequence[Log], notice: str = "", runs: Sequence[Run] = ()) -> list[Path]:
    """Write ``times.csv``, ``table8.csv`` and ``table8.md``, each atomically; their paths. notice: what is not real
    about the data."""
    logs, rows = sorted(logs, key=_order), costs(logs, runs)
    texts = {
        "times.csv": times_csv(logs, notice),
        "table8.csv": costs_csv(rows, notice),
        "table8.md": costs_markdown(rows, notice),
    }
    for name, text in texts.items():
        write_bytes(folder / name, text.encode())
    return [folder / name for name in texts]


def _order(log: Log) -> tuple:
    return (ORDER.index(log.stage) if log.stage in ORDER else len(ORDER), log.stage, log.item)


def times_csv(logs: Sequence[Log], notice: str = "") -> str:
    """A line per stage item."""
    names = ("stage", "item", "method", "seconds", "peak_memory_gib", "processor")
    rows = ({**vars(log), "method": log.method, "seconds": str(log.seconds)} for log in logs)
    return csv_text(names, rows, comment(notice), digits={"peak_memory_gib": 3})


def times_view(logs: Sequence[Log], runs: Sequence[Run] = ()) -> dict[str, object]:
    """What the page's template asks for about times and costs; points of sweeps are in the tables of times alone."""
    logs, rows = sorted(logs, key=_order), [row for row in costs(logs, runs) if POINT not in row.method]
    stages, methods = (
        by_stage(logs),
        {method: parts for method, parts in by_method(logs).items() if POINT not in method},
    )
    return {
        "total": f"{sum(stages.values()):.0f}",
        "count": len(logs),
        "stages": stage_table(logs),
        "stage_panel": bar_panel("Seconds per stage", {stage: {"": seconds} for stage, seconds in stages.items()}),
        "methods": method_table(logs),
        "method_panel": bar_panel(
            "Seconds per method, main runs", {label(method): parts for method, parts in methods.items()}
        ),
        "reading": READING,
        "cost": cost_table(rows),
        "each": item_table(logs),
    }


def hardware(logs: Sequence[Log]) -> list[str]:
    """Processors of the stages and GPUs of pretraining, by name."""
    gpus = {str(log.notes["training"]["gpu"]) for log in logs if "gpu" in log.notes.get("training", {})}
    return sorted({log.processor for log in logs if log.processor} | gpus)


def by_stage(logs: Sequence[Log]) -> dict[str, float]:
    """``{stage: seconds}``, in the order of the data flow."""
    found: dict[str, float] = {}
    for log in sorted(logs, key=_order):
        found[log.stage] = found.get(log.stage, 0.0) + log.seconds
    return found


def by_method(logs: Sequence[Log]) -> dict[str, dict[str, float]]:
    """``{method: {stage: seconds over all its seeds}}``."""
    found: dict[str, dict[str, float]] = {}
    for log in sorted(logs, key=_order):
        if log.method:
            parts = found.setdefault(log.method, {})
            parts[log.stage] = parts.get(log.stage, 0.0) + log.seconds
    return found


def bar_panel(title: str, bars: Mapping[str, Mapping[str, float]]) -> Panel:
    """A horizontal bar per name, its parts side by side; the description holds every number."""
    parts = list(dict.fromkeys(part for found in bars.values() for part in found))
    with rc_context(STYLE):
        figure, axes = make_axes(7.0, 0.9 + 0.24 * max(len(bars), 1))
        ends = [0.0] * len(bars)
        for number_, part in enumerate(parts):
            lengths = [found.get(part, 0.0) for found in bars.values()]
            colour, hatch = LINES[number_ % len(LINES)], ("", "//", "..", "xx")[number_ % 4]
            axes.barh(range(len(bars)), lengths, left=ends, color=colour, hatch=hatch, label=part or None)
            ends = [end + length for end, length in zip(ends, lengths, strict=True)]
        axes.set_yticks(range(len(bars)), [ascii_label(name) for name in bars])
        axes.invert_yaxis()
        axes.set_xlabel("seconds")
        if any(parts):
            figure.legend(loc="outside right upper", frameon=False)
        words = "; ".join(f"{name} {_words(found)}" for name, found in bars.items())
        return make_panel(figure, title, f"{words or 'Nothing was measured'}.")


def _words(parts: Mapping[str, float]) -> str:
    return ", ".join(f"{part} {seconds:.1f} s".strip() for part, seconds in parts.items())


def stage_table(logs: Sequence[Log]) -> PageTable:
    """Items, seconds, share, the longest item and the most memory of each stage."""
    total = sum(log.seconds for log in logs) or 1.0
    rows = []
    for stage, seconds in by_stage(logs).items():
        group = [log for log in logs if log.stage == stage]
        longest = max(group, key=lambda log: log.seconds)
        peaks = [log.peak_memory_gib for log in group if log.peak_memory_gib is not None]
        share, most = number(100 * seconds / total, 1), number(max(peaks, default=None))
        rows.append([stage, len(group), number(seconds, 1), share, longest.item, number(longest.seconds, 1), most])
    heads = ("Stage", "#Items", "#Seconds", "#% of all", "Longest item", "#its seconds", "#Most memory, GiB")
    return page_table("stage-times", "Wall seconds of every stage's latest run, added up.", heads, rows)


def method_table(logs: Sequence[Log]) -> PageTable:
    """Seconds of each method by stage, over all its seeds."""
    rows = []
    for method, parts in by_method(logs).items():
        seeds = len({log.item for log in logs if log.method == method})
        rows.append(
            [label(method), seeds, *(number(parts.get(stage), 1) for stage in PER_RUN), number(sum(parts.values()), 1)]
        )
    heads = ("Method", "#Runs", *(f"#{stage}" for stage in PER_RUN), "#Seconds in all")
    return page_table("method-times", "Wall seconds of each method's runs, by stage.", heads, rows)


def cost_table(rows: Sequence[Cost]) -> PageTable:
    """Table 8."""
    texts = {"method", "source", "hardware", "precision"}
    heads = [text if name in texts else f"#{text}" for name, text in HEADS.items()]
    caption = (
        "Time per epoch, memory and epochs, and what the runs reach: ours as measured here, the papers' as printed."
    )
    return page_table("cost-table", caption, heads, map(fields, rows))


def item_table(logs: Sequence[Log]) -> PageTable:
    """A row per stage item."""
    rows = [
        [log.stage, log.item, number(log.seconds, 2), number(log.peak_memory_gib, 2), log.processor, _rate(log)]
        for log in logs
    ]
    heads = ("Stage", "Item", "#Seconds", "#Most memory, GiB", "Processor", "Noted")
    return page_table("item-times", "Every stage's latest run.", heads, rows)


def _rate(log: Log) -> str:
    """What an extraction noted of itself."""
    if "units" not in log.notes:
        return ""
    rate = log.notes.get("units_per_second")
    return f"{log.notes['units']} computed" + (f", {rate:.3g} a second" if rate else "")
