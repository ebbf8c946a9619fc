"""Compare the code dependencies in dvc.yaml and ablations/*/dvc.yaml with what the stages import; ``--fix`` writes them."""

import argparse

from pipeline import dag, stagecode
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fix", action="store_true", help="rewrite the code dependencies, and the rows that tables of sweeps wait for")


def run(args: argparse.Namespace, params: Params) -> int:
    if args.fix:
        print(f"rewritten: {', '.join(stagecode.rewrite()) or 'nothing'}")
        return 0
    wrong = list(differences())
    print("\n".join(wrong) or "every dvc.yaml lists the code that its stages import")
    return 1 if wrong else 0


def differences() -> list[str]:
    """One line per stage whose listed code is not the imported code."""
    every = dag.stages()
    needed = stagecode.needed(every)
    lines = []
    for stage in every:
        item = stage.name.partition("@")[2]
        expected = {dep.replace(stagecode.METHOD, item.rpartition("-")[0]) for dep in needed[stage.file, stage.group]}
        listed = {dep for dep in stage.deps if stagecode.is_computed(dep)}
        lines += [f"{stage.name}: not listed: {dep}" for dep in sorted(expected - listed)]
        lines += [f"{stage.name}: listed, not imported: {dep}" for dep in sorted(listed - expected)]
    return lines
