"""What was run on what: data, weights, methods, schedules, protocol, and what was chosen."""

from collections.abc import Sequence

from cmg.registry import DATASET_TEXTS, METHOD_TEXTS, MethodText
from cmg.report import glossary
from cmg.report.frame import in_order, records, scores
from cmg.report.inputs import ReportInputs, Training
from cmg.report.layout import COLUMN_LABELS, LABELS, label
from cmg.report.pagetables import PageTable, page_table
from cmg.report.protocols import COMPARED
from cmg.report.tablecsv import number
from cmg.results import Run

SOURCES = {"sample": "generated sample corpus", "raw": "official media files", "released": "released features"}


def facts(inputs: ReportInputs) -> list[tuple[str, str]]:
    """Label and text, each thing once."""
    data = origins(inputs.datasets)
    return [
        ("Data", data or ("generated sample corpus, in at least one dataset" if inputs.sample else "real data")),
        *([("What the sample corpus is", glossary.SAMPLE)] if inputs.sample else []),
        ("Protocol", ", ".join(sorted({run.protocol for run in inputs.runs})) or "none"),
        *inputs.facts,
    ]


def origins(datasets: Sequence[tuple[str, str]]) -> str:
    """Which datasets (name, source) are generated, own media, released features."""
    named = {text: [name for name, found in datasets if found == source] for source, text in SOURCES.items()}
    return "; ".join(f"{text}: {', '.join(names)}" for text, names in named.items() if names)


def method_table(runs: Sequence[Run]) -> PageTable:
    """Methods that were run, spelled out, with their variants."""
    rows = []
    for method, variant in dict.fromkeys((run.method, run.variant) for run in runs):
        text = METHOD_TEXTS.get(method, MethodText(method, "", "no explanation in cmg/registry.py"))
        rows.append([label(method), text.title, text.gloss[:1].upper() + text.gloss[1:], variant])
    return page_table(
        "methods-run", "The methods of this page.", ("Name", ">In full", ">What it does", "Variant"), rows
    )


def dataset_table(inputs: ReportInputs) -> PageTable:
    """Datasets, what they are and where they came from."""
    rows = [
        [name, ": ".join(DATASET_TEXTS.get(name, ())), SOURCES.get(source, source)] for name, source in inputs.datasets
    ]
    return page_table(
        "datasets",
        "The datasets of this page. V: video or picture, A: audio, T: text.",
        ("Name", ">What it is", "Source here"),
        rows,
    )


def training_table(training: Sequence[Training]) -> PageTable:
    """Pretraining, a row per method and schedule."""
    found: dict[tuple, list[str]] = {}
    for item in training:
        method, _, seed = item.run.rpartition("-")
        found.setdefault((label(method), *_schedule(item)), []).append(seed)
    rows = [[name, ", ".join(sorted(seeds, key=int)), *rest] for (name, *rest), seeds in found.items()]
    heads = ("Method", "Seeds", "#Clips", "#Epochs", "#Batch", "#Learning rate", "Precision", "Features")
    return page_table("training", "Pretraining: clips of VGGSound-AVEL used, and the schedule.", heads, rows)


def _schedule(item: Training) -> tuple:
    schedule = item.schedule
    if not schedule:
        return ("", "", "", "", "", "imported, not trained here")
    rate = f"{schedule['learning_rate']:g}" if "learning_rate" in schedule else ""
    standardised = "standardised per channel" if schedule.get("standardise") else "as extracted"
    return (
        item.clips,
        schedule.get("epochs"),
        schedule.get("batch_size"),
        rate,
        schedule.get("precision"),
        standardised,
    )


def cell_table(runs: Sequence[Run]) -> PageTable:
    """What each cell was fitted (retrieval: asked) and scored on; one line per distinct setting among the runs."""
    columns = ["cell", "protocol", "metric", "fit_modality", "test_modality", "n_fit", "n_val", "n_test", "classes"]
    found, order = scores(runs), list(COMPARED)
    settings = found.loc[found["cell"].isin(order), [*columns, "chance"]]
    settings = settings.assign(chance=settings["chance"].map(number)).drop_duplicates()
    rows = records(in_order(settings, lambda row: (order.index(row.cell),)))
    about = ("Cell", "Protocol", "Metric", "Fitted on", "Scored on")
    sizes = ("#Fit clips", "#Validation clips", "#Test clips", "#Classes", "#Chance")
    caption = (
        "Each cell: the modality its head was fitted and scored on "
        "(retrieval: which asks and which answers), and sizes."
    )
    lines = ((row | {"cell": COMPARED[row["cell"]]}).values() for row in rows)
    return page_table("cells", caption, (*about, *sizes), map(list, lines))


def kept_table(runs: Sequence[Run]) -> PageTable:
    """Q, the dimensions that TOC kept, per method and cell: one number where all seeds agree, else each seed's."""
    found: dict[str, dict[str, dict[int, int]]] = {}
    for run in runs:
        for cell in run.cells:
            if cell.toc and cell.q is not None and f"{cell.task}_{cell.direction}" in COLUMN_LABELS:
                cells = found.setdefault(label(run.method), {}).setdefault(f"{cell.task}_{cell.direction}", {})
                cells[run.seed] = cell.q
    columns = [key for key in COLUMN_LABELS if any(key in cells for cells in found.values())]
    order = list(LABELS.values())
    rows = [
        [name, *(_seeds(cells.get(key, {})) for key in columns)]
        for name, cells in sorted(found.items(), key=lambda i: _place(order, i[0]))
    ]
    heads = ("Method", *(f"#{COLUMN_LABELS[key]}" for key in columns))
    return page_table("kept", "Q: how many dimensions of a code TOC kept, seed by seed where they differ.", heads, rows)


def _place(order: Sequence[str], name: str) -> tuple[int, str]:
    return (order.index(name) if name in order else len(order), name)


def _seeds(chosen: dict[int, int]) -> str:
    values = [chosen[seed] for seed in sorted(chosen)]
    return ", ".join(map(str, values if len(set(values)) > 1 else values[:1]))
