"""One self-contained page: what the numbers mean, what was run, results, how training went, what failed, where time
went."""

import base64
from pathlib import Path

from cmg.report import figure10, glossary, headline, openset, pagetables, setting, table3
from cmg.report.classes import class_panels
from cmg.report.curves import training_panels
from cmg.report.figures import Panel, cell_panel, inline_svg
from cmg.report.health import health_panels
from cmg.report.inputs import Group, ReportInputs
from cmg.report.latex import table_latex
from cmg.report.layout import COLUMNS, LAYOUTS, TABLE1, Layout, RecallSpec, label
from cmg.report.maps import counted_on, map_panels
from cmg.report.measured import Measured, measured_view
from cmg.report.own import own_csv, own_tables
from cmg.report.page import render
from cmg.report.retrieved import Drawer, sections
from cmg.report.rows import row_panels
from cmg.report.tablecsv import table_csv
from cmg.report.tables import Table
from cmg.report.write import build_table, write_text

TITLE = "Cross-modal generalization: results"
SECTIONS = (
    ("headline", "In short"),
    ("results", "Results"),
    ("retrieval", "Retrieval"),
    ("own", "Your own files"),
    ("classes", "Classes and confusions"),
    ("meaning", "How to read the numbers"),
    ("setting", "What was run on what"),
    ("examples", "Retrieval examples"),
    ("openset", "Open set"),
    ("reconstruction", "Pictures from part of a code"),
    ("further", "Ablations, and both protocols"),
    ("training", "Training curves"),
    ("codebook", "Codebook usage"),
    ("maps", "Codebook maps"),
    ("failures", "Extraction failures"),
    ("problems", "Problems in the annotations"),
    ("time", "Where time went"),
    ("sources", "Sources and fingerprints"),
)


def write_report(path: Path, inputs: ReportInputs, measured: Measured) -> Path:
    """Write the page atomically; its bytes are a function of the inputs but for what stands between the marks of
    ``measured``."""
    return write_text(path, report_html(inputs, measured))


def report_html(inputs: ReportInputs, measured: Measured) -> str:
    """The page's text. Every string from data or files is escaped; scripts, styles and figures stand inside; nothing is
    fetched.

    What comes from ``measured`` stands between ``<!--measured-->`` and ``<!--/measured-->``; the rest is a function of
    ``inputs``.
    """
    table, own = build_table(inputs), own_tables(inputs.runs)
    sections = [section for section in SECTIONS if own or section[0] != "own"]
    settings: dict[str, object] = {"title": TITLE, "notice": table.notice, "sections": sections}
    settings |= {"origins": setting.origins(inputs.datasets)}
    settings |= {
        "own": own,
        "own_files": [_file("own.csv", "text/csv", own_csv(inputs.runs, inputs.fingerprints, inputs.notice))],
    }
    settings |= {"measured": measured_view(measured, inputs.runs)}
    return render(
        "template.html.j2",
        {
            **settings,
            **_setting(inputs),
            **_scores(inputs, table),
            **_reconstruction(inputs),
            **_training(inputs),
            **_sources(inputs, table),
        },
    )


def _setting(inputs: ReportInputs) -> dict[str, object]:
    ties = sorted({str(cell.side["ties"]) for run in inputs.runs for cell in run.cells if "ties" in cell.side})
    return {
        "reading": glossary.reading({run.protocol for run in inputs.runs}),
        "ties": " ".join(glossary.TIES[kind] for kind in ties),
        "warnings": inputs.warnings,
        "drawn": glossary.DRAWN if inputs.sample else "",
        "facts": setting.facts(inputs),
        "methods": setting.method_table(inputs.runs),
        "datasets": setting.dataset_table(inputs),
        "schedules": setting.training_table(inputs.training),
        "kept": setting.kept_table(inputs.runs),
        "cells": setting.cell_table(inputs.runs),
        "stores": pagetables.store_table(inputs.stores),
    }


def _scores(inputs: ReportInputs, table: Table) -> dict[str, object]:
    drawer = Drawer()
    shown, contained = _layouts()
    built = [table if layout == TABLE1 else build_table(inputs, layout) for layout in shown]
    pages = [_parts(one) for one in built]
    asked = [isinstance(layout.cells[0], RecallSpec) for layout in shown]
    return {
        "said": [said for column in headline.leading(table) if (said := headline.sentence(table, column))],
        "charts": [headline.chart(table, column) for column in headline.leading(table)],
        "average": bool(headline.shown_rows(table)),
        "dots": [cell_panel(table, column) for column in COLUMNS if headline.shown_rows(table, column)],
        "scores": [page for page, recall in zip(pages, asked, strict=True) if not recall],
        "retrieval": [page for page, recall in zip(pages, asked, strict=True) if recall],
        "contained": contained,
        "classes": class_panels(inputs.answers),
        "examples": sections(inputs.examples, inputs.exhibits, drawer),
        "left_out": drawer.left_out,
        "openset": openset.open_table(inputs.runs),
    }


def _parts(table: Table) -> dict[str, object]:
    """A table as the page shows it: the rows that are compared, what is folded away, and its files."""
    name, title = table.layout.name, table.layout.title
    apart = {"bound": f"{title}: bounds, head and score in the same modality", "published": f"{title}: rows as printed"}
    folded = [pagetables.score_table(table, (kind,), f"{name}-{kind}", text) for kind, text in apart.items()]
    ours = [row for row in table.rows if row.kind in ("control", "method")]
    return {
        "title": title,
        "ran": any(cell.mean is not None for row in ours for cell in row.cells.values()),
        "table": pagetables.score_table(table, ("chance", "control", "method")),
        "folded": [part for part in folded if part.rows],
        "seeds": pagetables.seed_table(table),
        "files": [
            _file(f"{name}.csv", "text/csv", table_csv(table)),
            _file(f"{name}.tex", "application/x-tex", table_latex(table)),
        ],
    }


def _file(name: str, kind: str, text: str) -> tuple[str, str]:
    """Name and address of a file that stands inside the page."""
    return name, f"data:{kind};charset=utf-8;base64,{base64.b64encode(text.encode()).decode()}"


def _reconstruction(inputs: ReportInputs) -> dict[str, object]:
    title, described = "Figure 10: the paper's Figure 4 is a part of it", figure10.words(inputs.rebuilt)
    svg = inline_svg(inputs.figure10, title, described) if inputs.figure10 and inputs.rebuilt else ""
    return {
        "rebuilt": table3.page_tables(inputs.rebuilt) if inputs.rebuilt else [],
        "rebuilt_reading": (table3.READING, table3.OPEN),
        "figure10": [Panel(title, described, svg)] if svg else [],
    }


def _layouts() -> tuple[list[Layout], list[str]]:
    """Layouts to show, and a sentence per layout that another one contains column by column."""
    inside = {layout.name: other for layout in LAYOUTS for other in LAYOUTS if set(layout.columns) < set(other.columns)}
    contained = [
        f"{layout.title} of the paper is the part of {inside[layout.name].title} with the columns "
        f"{', '.join(layout.labels.values())}, so it is not shown again."
        for layout in LAYOUTS
        if layout.name in inside
    ]
    return [layout for layout in LAYOUTS if layout.name not in inside], contained


def _training(inputs: ReportInputs) -> dict[str, object]:
    maps: dict[str, list] = {}
    for item in inputs.maps:
        maps.setdefault(label(item.method), []).extend([*map_panels(item), *row_panels(item)])
    return {
        "training": _labelled(training_panels(inputs.histories, codebook=False)),
        "training_ends": pagetables.ends_table(
            "training-ends", "Loss terms at both ends of training.", inputs.histories, codebook=False
        ),
        "health": _labelled(health_panels(inputs.health)),
        "codebook": _labelled(training_panels(inputs.histories, codebook=True)),
        "maps": maps,
        "counted": counted_on(inputs.maps),
        "health_ends": pagetables.ends_table(
            "health-ends", "Codebook statistics of the first and the last epoch.", inputs.health, "Epochs"
        ),
        "codebook_ends": pagetables.ends_table(
            "codebook-ends", "Statistics of batches at both ends.", inputs.histories, codebook=True
        ),
    }


def _sources(inputs: ReportInputs, table: Table) -> dict[str, object]:
    failed, problems = sum(g.count for g in inputs.failures), sum(g.count for g in inputs.problems)
    files, problem_files, remark_files = inputs.problem_files
    return {
        "failure_text": _counted(failed, "clip could not be used", "clips could not be used", files, "features"),
        "problem_text": _counted(
            problems,
            "annotation line was not used as it stands",
            "annotation lines were not used as they stand",
            problem_files,
            "index",
        ),
        "failures": _groups("failure-groups", "Clips without features, by reason.", "Modality", inputs.failures),
        "remarked": _counted(
            sum(g.count for g in inputs.remarks),
            "decision was made for a usable clip",
            "decisions were made for usable clips",
            remark_files,
            "features",
        ),
        "remarks": _groups("remark-groups", "Decisions for usable clips, by kind.", "Modality", inputs.remarks),
        "problems": _groups("problem-groups", "Annotation lines, by reason.", "File", inputs.problems),
        "published": pagetables.published_table(inputs.published),
        "fingerprints": pagetables.fingerprint_table(table),
    }


def _labelled(panels: dict[str, list]) -> dict[str, list]:
    return {label(method): items for method, items in panels.items()}


def _groups(name: str, caption: str, place: str, groups: tuple[Group, ...], most: int = 200) -> pagetables.PageTable:
    cut = f" The {most} first of {len(groups)} reasons." if len(groups) > most else ""
    return pagetables.group_table(name, caption + cut, place, groups[:most])


def _counted(count: int, one: str, many: str, files: int, kind: str) -> str:
    if not files:
        return f"No list from the {kind} stage was given, so nothing is known here."
    where = f"({files} {'list' if files == 1 else 'lists'} read)"
    if not count:
        return f"None {where}."
    return (
        f"{count} {one if count == 1 else many} {where}. Each is counted with its reason; none of them stopped the run."
    )
