"""Say per dataset and split what is found, missing or malformed, and what to do next."""

import argparse

from cmg.datasets.check import report
from pipeline import paths
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("datasets", nargs="*", help="default: every dataset in params.yaml")


def run(args: argparse.Namespace, params: Params) -> int:
    for dataset in args.datasets or params.datasets:
        settings = params.dataset(dataset)
        print(report(dataset, paths.dataset_root(dataset, settings.source), settings.source, settings.options))
    return 0
