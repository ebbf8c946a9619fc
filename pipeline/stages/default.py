"""The default point of a method's sweeps: the main run's own scores, nothing trained or scored again."""

import argparse

from cmg.files import write_bytes
from cmg.methods import METHODS
from pipeline import paths
from pipeline.orchestration import receipts
from pipeline.params import Params
from pipeline.sweeps import DEFAULT

ABOVE = ("pretrain", "codes", "toc", "evaluate")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("seed", type=int)


def run(args: argparse.Namespace, params: Params) -> None:
    main, point = paths.run_name(args.method, args.seed), paths.run_name(args.method, args.seed, DEFAULT)
    source, target = paths.run_result(main), paths.run_result(point)
    # so that the tables' fingerprints follow the main run's
    inputs = [source, *(paths.receipt(stage, main) for stage in ABOVE)]
    with receipts.record("default", point, inputs=inputs, outputs=[target], params={}, code_of=args.method):
        write_bytes(target, source.read_bytes())
