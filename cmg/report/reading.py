"""What stands above a table: how its numbers are to be read. It follows the table's cells and rows."""

from collections.abc import Iterable, Sequence

from cmg.report.conditions import METRICS as PRINTED
from cmg.report.conditions import Condition, condition_of
from cmg.report.layout import BOUND, COLUMN_LABELS, LABELS, PUBLISHED, Layout, RecallSpec, label
from cmg.report.published import SOURCES, SWEEPS, USUAL, Published, lookup, printed_rows, read_published, subset_beside
from cmg.report.tables import Table

SPREAD = "Percent; mean ± sample standard deviation (n − 1) over seeds; *published number in italics*."
LOCALISATION = ("avvp", "ave_avvp")
METRICS = {"strict": "segment-level F-score", "published": "F1 over all seconds and columns, background included"}
DIRECTIONS = "V→A: the head is fitted on video codes and scored on audio codes."
ORIENTATION = (
    "Published numbers were made with heads fitted on tested clips and F1 with background (docs/protocols.md): "
    "beside the protocol `strict` they are for orientation."
)
RELEASED = (
    "Under the protocol `published` the epoch is picked on the test score (docs/protocols.md); "
    "the released scripts look codes up, so a method without a codebook has n/a there."
)
BOUNDS = "Same modality: the bound, fitted and scored on the scored modality."
EMPTY = (
    "A cell that was not run is empty; n/a: TOC chooses among the dimensions of a codebook, and the method has none."
)
RECALL = "R@k: share of queries with a right answer among the first k, mean over both directions"
TIES = {
    "expected": "equal codes count in expectation over random orders",
    "release": "equal codes stand in the order of the released sort (`evaluate.ties: release`)",
}
NINE = "Average: over R@1, R@5 and R@10 of the three datasets."


def reading(table: Table) -> str:
    """Markdown: one paragraph, then the layout's details where it has some."""
    layout, kinds = table.layout, {row.kind for row in table.rows}
    if all(isinstance(spec, RecallSpec) for spec in layout.cells):
        parts = [SPREAD, "; ".join([RECALL, *_ties(table)]) + ".", NINE]
    else:
        protocols = sorted({row.protocol for row in table.rows if row.protocol}, reverse=True)
        parts = [SPREAD, _metrics(layout, protocols), DIRECTIONS, ORIENTATION]
        parts += [RELEASED] * ("published" in protocols) + [BOUNDS] * (BOUND in kinds)
    parts += [_contrasts(table)] + ([_printed(*layout.source)] if layout.source else [])
    return " ".join([*filter(None, [*parts, other_subset(table)]), EMPTY]) + layout.details + _measured(table)


def _measured(table: Table) -> str:
    """How the published numbers of the table were measured; nothing where there are none."""
    lines = measured_lines(table, (*read_published(), *read_published(SWEEPS)))
    return (
        "\n\nPublished numbers, how they were measured as far as it is known:\n\n" + "\n".join(lines) if lines else ""
    )


def other_subset(table: Table) -> str:
    """That the published numbers beside ours are of models pretrained on another subset; empty where they are not."""
    published, ours = read_published(), dict.fromkeys(row.pretraining for row in table.rows if row.kind != PUBLISHED)
    others = [subset for subset in ours if subset_beside(published, subset) != subset]
    if not others:
        return ""
    return (
        f"Ours, pretrained on {' and '.join(others)}, stand beside published numbers of models pretrained on {USUAL}: "
        "for orientation, no difference is taken."
    )


def _metrics(layout: Layout, protocols: list[str]) -> str:
    """What each task of the layout is scored by, under the protocols of the rows."""
    names = {spec.task: spec.label.rpartition(" ")[0] for spec in layout.cells}
    clips = " and ".join(name for task, name in names.items() if task not in LOCALISATION)
    localised = " and ".join(name for task, name in names.items() if task in LOCALISATION)
    if len(protocols) > 1:
        score = ", ".join(f"{METRICS[protocol]} under `{protocol}`" for protocol in protocols)
    else:
        score = METRICS[protocols[0] if protocols else "strict"]
    return "; ".join(f"{name}: {metric}" for name, metric in ((clips, "top-1"), (localised, score)) if name) + "."


def _ties(table: Table) -> list[str]:
    """How equal codes count in the runs of the table."""
    if len(table.ties) < 2:
        return [TIES[name] for name in table.ties]
    return ["in some runs " + ", in others ".join(TIES[name] for name in table.ties)]


def _contrasts(table: Table) -> str:
    """Temperature and similarity of the methods with InfoNCE, those that share them together; empty where there is
    none."""
    methods: dict[str, list[str]] = {}
    for method in dict.fromkeys(row.method for row in table.rows if row.method in table.contrasts):
        methods.setdefault(table.contrasts[method], []).append(label(method))
    settings = [f"{setting} ({', '.join(names)})" for setting, names in methods.items()]
    return f"InfoNCE: {'; '.join(settings)}." if settings else ""


def _printed(paper: str, name: str) -> str:
    return (
        f"Rows of kind `{PUBLISHED}`: {name} of {SOURCES[paper]}, as printed, by what was pretrained on; "
        "nothing was run for them."
    )


def measured_lines(table: Table, published: Sequence[Published]) -> list[str]:
    """Markdown list: how the published numbers beside the rows of a table were measured, a line per kind of number."""
    found: dict[tuple[str, str, Condition], dict[str, None]] = {}
    for entry in _beside(table, tuple(published)):
        condition = condition_of(entry)
        if condition.metric != "mean":
            key = (entry.table, entry.pretraining if condition.pretraining != "*" else "", condition)
            found.setdefault(key, {})[entry.method.partition("+")[0]] = None
    return [_line(*key, methods) for key, methods in found.items()]


def _beside(table: Table, published: tuple[Published, ...]) -> Iterable[Published]:
    """The printed numbers that stand in a table."""
    printed = printed_rows(published, *table.layout.source) if table.layout.source else {}
    for row in table.rows:
        if row.kind == PUBLISHED:
            known = printed[row.method, bool(row.toc), row.pretraining]
        else:
            known = (
                lookup(published, row.method, bool(row.toc), subset_beside(published, row.pretraining))
                if row.kind != "bound"
                else {}
            )
        yield from (known[column] for column, cell in row.cells.items() if cell.published and column in known)


def _line(table: str, pretraining: str, condition: Condition, methods: Iterable[str]) -> str:
    names = ", ".join(LABELS.get(name, name) for name in methods)
    columns = {
        task: label.partition(" ")[0] for key, label in COLUMN_LABELS.items() for task in (key.rpartition("_")[0],)
    }
    tasks = ", ".join(dict.fromkeys(columns.get(task, task) for task in condition.tasks))
    subset = f", {pretraining}" * bool(pretraining)
    return (
        f"- {table}, {names}{subset}, {tasks}: {PRINTED[condition.metric]}; "
        f"{condition.conditions} ({condition.known_from})."
    )
