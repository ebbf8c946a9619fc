"""Where time and memory went, from `logs/`: results/times.csv, and the papers' tables of cost as table8.csv and .md.

The page shows the same (results/report.html). Times differ from run to run, so these files are no outputs of a stage,
and no fingerprint covers them.
"""

import argparse

from cmg.report.times import write_times
from cmg.results import read_run
from pipeline import paths
from pipeline.page import measured, reporting
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Reads the logs of every stage that has a receipt, and the scores of the runs."


def run(args: argparse.Namespace, params: Params) -> None:
    logs, missing = measured.logs()
    results = [paths.run_result(log.item) for log in logs if log.stage == "pretrain"]
    runs = [read_run(path) for path in results if path.is_file()]
    for path in write_times(paths.RESULTS, logs, reporting.notice(params), runs):
        print(path)
    if missing:
        print(f"no log here of {len(missing)} finished stage{'s' * (len(missing) != 1)}: {', '.join(missing)}")
