"""Write the tables in their forms, and the open-set scores."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from cmg.files import write_bytes
from cmg.report.inputs import ReportInputs
from cmg.report.layout import LAYOUTS, TABLE1, Layout
from cmg.report.markdown import table_markdown
from cmg.report.metrics import metrics_json
from cmg.report.openset import openset_csv
from cmg.report.own import own_csv, own_markdown
from cmg.report.randomq import random_q_csv
from cmg.report.tablecsv import table_csv
from cmg.report.tables import Table, make_table


def build_table(inputs: ReportInputs, layout: Layout = TABLE1) -> Table:
    """One table of these inputs."""
    table = make_table(inputs.runs, inputs.published, inputs.fingerprints, inputs.notice, inputs.pretraining, layout)
    return replace(table, remark=inputs.remark, contrasts=inputs.contrasts)


def write_tables(
    out_dir: Path, inputs: ReportInputs, shown: Callable[[Sequence[Layout]], Iterable[Layout]] = iter
) -> list[Path]:
    """Write ``tableN.csv``, ``tableN.md``, ``own.csv``, ``own.md``, ``metrics.json``, ``random_q.csv`` and
    ``openset.csv`` into ``out_dir``; each atomically.

    The bytes are a function of the inputs. shown: gives the layouts one by one, and may show how far it is.
    """
    tables = [build_table(inputs, layout) for layout in shown(LAYOUTS)]
    texts = {
        f"{t.layout.name}{ending}": form(t)
        for t in tables
        for ending, form in ((".csv", table_csv), (".md", table_markdown))
    }
    texts["metrics.json"] = metrics_json(tables)
    texts["random_q.csv"] = random_q_csv(inputs.runs, inputs.fingerprints, inputs.notice)
    texts["openset.csv"] = openset_csv(inputs.runs, inputs.fingerprints, inputs.notice)
    texts["own.csv"] = own_csv(inputs.runs, inputs.fingerprints, inputs.notice)
    texts["own.md"] = own_markdown(inputs.runs, inputs.notice)
    return [write_text(out_dir / name, text) for name, text in texts.items()]


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text under its final name only when whole; returns the path."""
    write_bytes(path, text.encode())
    return path
