"""Download weights of the official recipes to ``$CMG_WEIGHTS`` (default ``weights/``); a file with another checksum is
not kept."""

import argparse

from cmg.extract.weights import KNOWN, fetch
from pipeline import paths, progress
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", nargs="+", choices=[name for name, known in KNOWN.items() if known.sha256], metavar="NAME"
    )
    parser.epilog = "Names, and where to get what is no single file: docs/features.md, Trained weights."


def run(args: argparse.Namespace, params: Params) -> None:
    for name in args.names:
        with progress.bar(0, f"weights {name}") as bar:
            bar.unit, bar.unit_scale = "B", True
            file = fetch(name, paths.weights_root(), progress.updater(bar))
        print(f"{file}: checksum as expected")
