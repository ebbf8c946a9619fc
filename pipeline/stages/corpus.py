"""Note which features and clips of a dataset methods are pretrained on, in one small file that pretraining waits for.

A stage per dataset of `pretrain_on`, so that pretraining waits for these datasets alone and another dataset retrains
nothing.
"""

import argparse

from cmg.files import write_json
from pipeline import paths
from pipeline.orchestration import receipts
from pipeline.params import Params

MODALITIES = ("audio", "video", "text")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset")


def run(args: argparse.Namespace, params: Params) -> None:
    inputs = [paths.index(args.dataset), *(paths.store(args.dataset, modality) for modality in MODALITIES)]
    target = paths.corpus(args.dataset)
    with receipts.record("corpus", args.dataset, inputs=inputs, outputs=[target], params={}):
        write_json(target, receipts.digests(inputs))
