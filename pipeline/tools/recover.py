"""Mend what a killed DVC or Snakemake left half-written, and record what it had finished; then run the same command
again.

Snakemake does this by itself when it starts; before `dvc repro`, which cannot, run it when DVC does not start any more.
"""

import argparse

from pipeline.orchestration import handover
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Mended are locks of dead processes, dvc.lock where it was cut, "
        "and stores that were recorded incomplete. docs/reliability.md"
    )


def run(args: argparse.Namespace, params: Params) -> int:
    mended = handover.recover()
    print("\n".join(mended) or "nothing to mend")
    return 0
