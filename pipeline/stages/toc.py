"""Training-free optimisation of one run's codebook: score and rank every code dimension."""

import argparse
from dataclasses import asdict

from cmg.methods import METHODS
from cmg.tasks.codes import RunCodes
from cmg.toc import toc_scores
from pipeline import files, paths, receipts
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("seed", type=int)


def run(args: argparse.Namespace, params: Params) -> None:
    run_name = paths.run_name(args.method, args.seed)
    source, target = paths.codes(run_name), paths.toc(run_name)
    options = params.toc.model_dump()
    with receipts.record("toc", run_name, inputs=[source], outputs=[target], params=options):
        scores = [toc_scores(codebook, **options) for codebook in RunCodes.read(source).codebooks]
        files.write_json(target, {"options": options, "codebooks": [_plain(score) for score in scores]})


def _plain(scores) -> dict:
    return {name: value.tolist() if hasattr(value, "tolist") else value for name, value in asdict(scores).items()}
