"""List datasets' files (path, size, quick content fingerprint): the only media dependency of the clip index."""

import argparse
from pathlib import Path

from cmg.datasets.listing import check_root, scan, write_listing
from pipeline import paths, progress
from pipeline.orchestration import receipts
from pipeline.params import Params

SOURCES = ("sample", "raw", "released", "csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("datasets", nargs="*", help="default: every dataset of params.yaml that is not generated")
    parser.add_argument(
        "--source", choices=SOURCES, help="default: as params.yaml says; raw for a dataset that is generated there"
    )


def run(args: argparse.Namespace, params: Params) -> None:
    own = [name for name, dataset in params.datasets.items() if dataset.source != "sample"]
    for dataset in args.datasets or own:
        _one(dataset, args.source or _source(params.dataset(dataset).source))
    if not args.datasets and not own:
        print("every dataset of params.yaml is generated, and `dvc repro` lists it by itself")


def _source(given: str) -> str:
    return "raw" if given == "sample" else given


def _one(dataset: str, source: str) -> None:
    root, target = paths.dataset_root(dataset, source), paths.listing(dataset, source)
    if source != "sample":
        _scan(root, target, dataset)
        return
    with receipts.record("scan", dataset, inputs=[root], outputs=[target], params={"source": source}):
        _scan(root, target, dataset)


def _scan(root: Path, target: Path, dataset: str) -> None:
    check_root(root)
    with progress.bar(0, f"scan {dataset}") as bar:
        listing = scan(root, progress=lambda count, path: bar.update())
    write_listing(target, listing)
    print(f"{target}: {len(listing.entries)} files under {root}, {len(listing.refused)} refused")
    for path, reason in listing.refused:
        print(f"  refused: {path}: {reason}")
