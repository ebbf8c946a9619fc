"""Training-free optimisation of one run's codebook: score and rank every code dimension by each of the three scores."""

import argparse

from cmg.tasks.codes import RunCodes
from cmg.toc import Score, TocScores, toc_scores, write_toc
from pipeline import paths
from pipeline.orchestration import receipts
from pipeline.params import Params
from pipeline.sweeps import add_run_arguments

SCORES: tuple[Score, ...] = ("full", "similarity", "variance")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_arguments(parser)


def run(args: argparse.Namespace, params: Params) -> None:
    run_name = paths.run_name(args.method, args.seed, args.point)
    source, target = paths.codes(run_name), paths.toc(run_name)
    options = params.toc.model_dump()
    with receipts.record("toc", run_name, inputs=[source], outputs=[target], params=options, code_of=args.method):
        codebooks = RunCodes.read(source).codebooks
        results: dict[str, TocScores] = {
            score: toc_scores(codebooks, score=score, **options) for score in SCORES if codebooks
        }
        target.parent.mkdir(parents=True, exist_ok=True)
        write_toc(target, results, **options)
