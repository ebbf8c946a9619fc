"""One self-contained page: results, what they mean, what was run, how training went, what failed."""

from pathlib import Path

from cmg.report import pagetables
from cmg.report.examples import Drawer, sections
from cmg.report.figures import cell_panel, training_panels
from cmg.report.health import health_panels
from cmg.report.inputs import Group, ReportInputs
from cmg.report.layout import AVERAGE, COLUMNS, TABLE10, label
from cmg.report.maps import map_panels
from cmg.report.page import render
from cmg.report.tables import Row, Table
from cmg.report.write import build_table, write_text

TITLE = "Cross-modal generalization: results"
SECTIONS = (
    ("results", "Results"),
    ("retrieval", "Retrieval"),
    ("examples", "Retrieval examples"),
    ("meaning", "How to read the numbers"),
    ("setting", "What was run on what"),
    ("training", "Training curves"),
    ("codebook", "Codebook usage"),
    ("maps", "Codebook maps"),
    ("failures", "Extraction failures"),
    ("problems", "Problems in the annotations"),
    ("time", "Where time went"),
    ("sources", "Sources and fingerprints"),
)


def write_report(path: Path, inputs: ReportInputs) -> Path:
    """Write the page atomically; its bytes are a function of the inputs. Returns ``path``."""
    return write_text(path, report_html(inputs))


def report_html(inputs: ReportInputs) -> str:
    """The page's text. Every string from data or files is escaped; scripts, styles and figures stand inside; nothing is fetched."""
    return render("template.html.j2", _view(inputs))


def _view(inputs: ReportInputs) -> dict[str, object]:
    table, drawer = build_table(inputs), Drawer()
    examples = sections(inputs.examples, drawer)
    failed, problems = sum(g.count for g in inputs.failures), sum(g.count for g in inputs.problems)
    files, problem_files = inputs.problem_files
    return {
        "title": TITLE,
        "notice": table.notice,
        "sections": SECTIONS,
        "facts": _facts(inputs),
        "verdicts": verdicts(table),
        "dots": [cell_panel(table, column) for column in COLUMNS],
        "scores": pagetables.score_table(table),
        "seeds": pagetables.seed_table(table),
        "retrieval": pagetables.score_table(build_table(inputs, TABLE10)),
        "examples": examples,
        "left_out": drawer.left_out,
        "cells": pagetables.cell_table(inputs.runs),
        "stores": pagetables.store_table(inputs.stores),
        "training": _labelled(training_panels(inputs.histories, codebook=False)),
        "training_ends": pagetables.ends_table("training-ends", "Loss terms at both ends of training.", inputs.histories, codebook=False),
        "health": _labelled(health_panels(inputs.health)),
        "codebook": _labelled(training_panels(inputs.histories, codebook=True)),
        "maps": {label(maps.method): map_panels(maps) for maps in inputs.maps},
        "map_source": inputs.maps[0] if inputs.maps else None,
        "health_ends": pagetables.ends_table(
            "health-ends", "Codebook statistics of the first and the last epoch.", inputs.health, "Epochs"
        ),
        "codebook_ends": pagetables.ends_table("codebook-ends", "Statistics of batches at both ends.", inputs.histories, codebook=True),
        "failure_text": _counted(failed, "clip could not be used", "clips could not be used", files, "features"),
        "problem_text": _counted(
            problems, "annotation line was not used as it stands", "annotation lines were not used as they stand", problem_files, "index"
        ),
        "failures": _groups("failure-groups", "Clips without features, by reason.", "Modality", inputs.failures),
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
    return f"{count} {one if count == 1 else many} {where}. Each is counted with its reason; none of them stopped the run."


def _facts(inputs: ReportInputs) -> list[tuple[str, str]]:
    methods = dict.fromkeys(label(run.method) for run in inputs.runs)
    seeds = sorted({run.seed for run in inputs.runs})
    data = "the generated sample corpus, in at least one dataset" if inputs.sample else "real data"
    weights = "random, seeded: features carry no knowledge of real pictures or sounds" if inputs.random_backbones else "pretrained"
    return [
        ("Data", data),
        ("Feature extractors' weights", weights),
        ("Methods", ", ".join(methods) or "none"),
        ("Seeds", ", ".join(map(str, seeds)) or "none"),
        ("Protocol", ", ".join(sorted({run.protocol for run in inputs.runs})) or "none"),
        *inputs.facts,
    ]


def verdicts(table: Table) -> list[str]:
    """One sentence per control and method: its average beside chance and its own bound; only where all cells were run."""
    lines = []
    for row in table.rows:
        average = row.cells[AVERAGE].mean
        if row.kind not in ("control", "method") or average is None:
            continue
        beside = [
            (name, other.cells[AVERAGE].mean)
            for name, other in (("chance", _find(table, row, "chance")), ("its bound", _find(table, row, "bound")))
            if other
        ]
        words = ", ".join(f"{name} {mean:.1f}" for name, mean in beside if mean is not None)
        lines.append(
            f"{label(row.method, row.toc)} ({row.protocol}): {average:.1f} % on average over the eight cells"
            + (f"; {words}." if words else ".")
        )
    return lines


def _find(table: Table, row: Row, kind: str) -> Row | None:
    for other in table.rows:
        same = kind == "chance" or (other.method, other.variant, other.toc) == (row.method, row.variant, row.toc)
        if other.kind == kind and other.protocol == row.protocol and same:
            return other
    return None
