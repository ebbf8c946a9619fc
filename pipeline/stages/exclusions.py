"""List the training clips whose video a downstream dataset tests on; pretraining leaves them out.

A stage of its own, so that a new dataset retrains nothing unless it holds out further clips.
"""

import argparse

from cmg.datasets import exclusions
from cmg.datasets.clips import read_index
from pipeline import paths
from pipeline.orchestration import receipts
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace, params: Params) -> None:
    inputs = [paths.index(name) for name in params.datasets]
    used = {"splits": params.active.pretrain.splits, "pretrain_on": params.pretrain_on}
    with receipts.record("exclusions", "exclusions", inputs=inputs, outputs=[paths.EXCLUSIONS], params=used) as notes:
        indices = {name: read_index(paths.index(name)) for name in params.datasets}
        found = [
            item
            for name in params.pretrain_on
            for item in exclusions.exclusions(indices, name, params.active.pretrain.splits)
        ]
        exclusions.write_exclusions(paths.EXCLUSIONS, found)
        notes["clips"] = exclusions.counts(found)
        print(
            f"training clips held out: {len({(item.corpus, item.row) for item in found})}; by dataset: {notes['clips']}"
        )
