"""Let DVC and Snakemake know a sweep's or side branch's stages; until then `dvc status`, `dvc pull` and `dvc push` mean
the main line.

Makes FOLDER/dvc.yaml, a link to FOLDER/stages.yaml. Removing the link takes the stages out again; what they made stays.
"""

import argparse
from pathlib import Path

from pipeline import paths
from pipeline.params import Params
from pipeline.yamlfile import ParameterError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help=f"below {' or '.join(paths.ASIDE)}: ablations/fcid")


def run(args: argparse.Namespace, params: Params) -> int:
    known = [folder.as_posix() for folder in paths.aside()]
    if args.folder.as_posix() not in known:
        raise ParameterError(f"{args.folder}: no sweep or side branch; there are: {', '.join(known) or 'none'}")
    link = args.folder / "dvc.yaml"
    if not link.exists():
        link.unlink(missing_ok=True)  # a link that leads nowhere
        link.symlink_to("stages.yaml")
    print(f"{args.folder} is enabled: dvc repro {link}; DVC's bare commands mean it, too, until: rm {link}")
    return 0
