"""The papers' tables from all runs, with published numbers beside ours."""

import argparse

from cmg.report.layout import LAYOUTS
from cmg.report.write import write_tables
from pipeline import leftovers, paths, progress
from pipeline.orchestration import receipts
from pipeline.page import reporting
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Reads results/runs/ and receipts/; writes tableN.csv, tableN.md, metrics.json and more into results/."
    )


def run(args: argparse.Namespace, params: Params) -> None:
    leftovers.set_aside(params)
    tables = [paths.table(layout.name, ending) for layout in LAYOUTS for ending in ("csv", "md")]
    outputs = [*tables, paths.METRICS, paths.RANDOM_Q, paths.OPENSET, *paths.OWN]
    used = reporting.parameters(params)
    with receipts.record("tables", "table1", inputs=reporting.table_inputs(params), outputs=outputs, params=used):
        write_tables(paths.RESULTS, reporting.load(params), lambda layouts: progress.over(layouts, "tables"))
