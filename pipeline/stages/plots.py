"""Training curves for `dvc plots show` and `dvc plots diff`: results/plots/<method>/<loss term>.csv."""

import argparse

from cmg.report.history import read_history
from cmg.report.plots import write_plots
from pipeline import leftovers, paths
from pipeline.orchestration import receipts
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Reads data/checkpoints/*/history.csv of every run."


def run(args: argparse.Namespace, params: Params) -> None:
    leftovers.set_aside(params)
    runs = [paths.run_name(method, seed) for method in params.methods for seed in params.seeds]
    histories = [paths.checkpoint(run) / "history.csv" for run in runs]
    used = {"methods": params.methods, "seeds": params.seeds}
    with receipts.record("plots", "plots", inputs=histories, outputs=[paths.PLOTS], params=used):
        write_plots(paths.PLOTS, [read_history(path) for path in histories])
