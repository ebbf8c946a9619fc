"""Read a dataset's official annotations into its clip index."""

import argparse

from cmg.datasets import MODULES, index_dataset
from cmg.datasets.clips import write_index, write_problems
from cmg.datasets.listing import read_listing
from pipeline import paths, receipts
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", choices=MODULES)


def run(args: argparse.Namespace, params: Params) -> None:
    name, options = args.dataset, params.datasets[args.dataset].model_dump()
    source = options.pop("source")
    listing, target, problems = paths.listing(name, source), paths.index(name), paths.problems(name)
    used = {"source": source, **options}
    with receipts.record("index", name, inputs=[listing], outputs=[target, problems], params=used, code=[MODULES[name]]) as notes:
        result = index_dataset(name, paths.dataset_root(name, source), read_listing(listing), options)
        write_index(target, result.clips)
        write_problems(problems, result.problems)
        notes["clips"], notes["problems"] = len(result.clips), len(result.problems)
        print(f"{name}: {len(result.clips)} clips, {len(result.problems)} annotation problems")
