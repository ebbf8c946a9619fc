"""Where time and memory went, from `logs/`: results/times.html, times.csv, and the papers' tables of cost as table8.csv and .md.

Times differ from run to run, so none of these is an output of a stage, and no fingerprint covers them.
"""

import argparse
from pathlib import Path

from cmg.report.logs import read_logs
from cmg.report.times import write_times
from pipeline import paths, receipts, reporting
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Reads the logs of every stage that has a receipt."


def run(args: argparse.Namespace, params: Params) -> None:
    logs, missing = read_logs(map(log_of, receipts.load_all()))
    for path in write_times(paths.RESULTS, logs, len(missing), reporting.notice(params)):
        print(path)


def log_of(name: str) -> Path:
    """The log of a receipt, `<stage>/<item>`."""
    stage, _, item = name.partition("/")
    return paths.log(stage, item)
