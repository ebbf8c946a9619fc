"""Read a dataset's official annotations into its clip index."""

import argparse

from cmg.datasets.clips import write_index
from cmg.datasets.feature_files import with_released
from cmg.datasets.listing import read_listing
from cmg.datasets.problems import write_problems
from cmg.datasets.readers import index_dataset
from pipeline import paths
from pipeline.orchestration import receipts
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", help="of params.yaml")


def run(args: argparse.Namespace, params: Params) -> None:
    name, plain, settings = args.dataset, paths.plain(args.dataset), params.dataset(args.dataset)
    listing, target, problems = paths.listing(name, settings.source), paths.index(name), paths.problems(name)
    used, read_as = settings.model_dump(), settings.source if settings.source == "csv" else plain
    with receipts.record(
        "index", name, inputs=[listing], outputs=[target, problems], params=used, code_of=read_as
    ) as notes:
        found = read_listing(listing)
        result = index_dataset(
            plain, paths.dataset_root(name, settings.source), found, settings.options, settings.source
        )
        clips = with_released(result.clips, found, plain) if settings.source == "released" else result.clips
        write_index(target, clips)
        write_problems(problems, result.problems)
        notes["clips"], notes["problems"] = len(result.clips), len(result.problems)
        print(f"{name}: {len(result.clips)} clips, {len(result.problems)} annotation problems")
