"""Tell DVC what a Snakemake run made (the Snakefile does this by itself when a run ends)."""

import argparse

from pipeline.orchestration import handover
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Stages whose code, parameters or inputs changed since the job are refused and stay stale."


def run(args: argparse.Namespace, params: Params) -> int:
    with handover.alone():
        done, refused = handover.record()
    print(f"recorded: {', '.join(done) or 'nothing'}")
    if refused:
        print(f"refused (changed since they ran): {', '.join(refused)}; run again: snakemake or dvc repro")
    return 1 if refused else 0
