"""Write what the code of every stage means, one small file per stage and item: what every other stage waits for in place of code.

A file whose meaning has not changed stays as it is, so that an edit redoes the stages that use what was edited and no other.
"""

import argparse

from pipeline.orchestration import code
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace, params: Params) -> None:
    code.write()
