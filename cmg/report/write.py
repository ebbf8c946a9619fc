"""Write table 1 in its three forms, and the open-set scores."""

import os
from pathlib import Path

from cmg.report.inputs import ReportInputs
from cmg.report.markdown import table_markdown
from cmg.report.metrics import metrics_json
from cmg.report.openset import openset_csv
from cmg.report.tablecsv import table_csv
from cmg.report.tables import Table, table1


def build_table1(inputs: ReportInputs) -> Table:
    """Table 1 of these inputs."""
    return table1(inputs.runs, inputs.published, inputs.fingerprints, inputs.notice, inputs.pretraining)


def write_tables(out_dir: Path, inputs: ReportInputs) -> list[Path]:
    """Write the tables, ``metrics.json`` and ``openset.csv`` into ``out_dir``; each atomically, bytes a function of the inputs."""
    table = build_table1(inputs)
    texts = {"table1.csv": table_csv(table), "table1.md": table_markdown(table), "metrics.json": metrics_json(table)}
    texts["openset.csv"] = openset_csv(inputs.runs, inputs.fingerprints, inputs.notice)
    return [write_text(out_dir / name, text) for name, text in texts.items()]


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text under its final name only when whole; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    os.replace(temporary, path)
    return path
