"""Write a trained or imported model of ``variant: release`` as the authors release theirs: their names, shapes and
number types."""

import argparse
from pathlib import Path

from cmg.released import checkpoints as released
from cmg.train import checkpoint
from cmg.train.standardise import Standardiser
from pipeline import paths
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help="a run, such as fcid-0, or a folder that holds a checkpoint")
    parser.add_argument("file", type=Path, help="the file to write, such as FCID.pt")


def run(args: argparse.Namespace, params: Params) -> int:
    """The exit status is 1 when there is no such checkpoint or it has no released form: another variant, or
    standardised features."""
    folder = Path(args.run) if Path(args.run).is_dir() else paths.checkpoint(args.run)
    try:
        method, about = checkpoint.load(folder)
        if Standardiser.load(folder, about).mean:
            raise released.CheckpointError(
                f"{folder}: this model reads standardised features, "
                "and a released file has no place for their statistics: who reads it would get other scores. "
                f"Train with scales.{params.scale}.pretrain.standardise: false to export"
            )
        args.file.parent.mkdir(parents=True, exist_ok=True)
        written = released.export(args.file, method, about)
    except (FileNotFoundError, released.CheckpointError) as error:
        print(error)
        return 1
    print(f"{args.file}: " + ", ".join(f"{module} ({tensors} tensors)" for module, tensors in written.items()))
    return 0
