"""The papers' tables from all runs, with published numbers beside ours."""

import argparse

from pipeline import paths, receipts, reporting
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = __doc__


def run(args: argparse.Namespace, params: Params) -> None:
    from cmg.report import write_tables

    inputs = reporting.run_inputs(params)
    outputs = [paths.TABLE1, paths.TABLE1.with_suffix(".md"), paths.METRICS]
    with receipts.record("tables", "table1", inputs=inputs, outputs=outputs, params=reporting.parameters(params)):
        write_tables(paths.RESULTS, reporting.load(params))
