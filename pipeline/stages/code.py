"""Write what the code of every stage means, one small file per stage and item: what every other stage waits for in
place of code.

A file whose meaning has not changed stays as it is, so that an edit redoes the stages that use what was edited and no
other. It is the first stage, so it says before anything long starts what of params.yaml would stop a later one.
"""

import argparse

from pipeline import readiness
from pipeline.orchestration import code
from pipeline.params import ParameterError, Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace, params: Params) -> None:
    if found := readiness.contradictions(params):
        raise ParameterError("\n".join(found))
    code.write(name for name, dataset in params.datasets.items() if dataset.source == "csv")
