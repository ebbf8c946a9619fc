"""List a dataset's files (path, size, quick content fingerprint): the only media dependency of the clip index."""

import argparse

from cmg.datasets.listing import scan, write_listing
from pipeline import paths, progress
from pipeline.orchestration import receipts
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset")
    parser.add_argument("--source", choices=("sample", "raw", "released"), default="raw", help="raw, released: your files under $CMG_DATA")


def run(args: argparse.Namespace, params: Params) -> None:
    root, target = paths.dataset_root(args.dataset, args.source), paths.listing(args.dataset, args.source)
    if args.source != "sample":
        _scan(root, target, args.dataset)
        return
    with receipts.record("scan", args.dataset, inputs=[root], outputs=[target], params={"source": args.source}):
        _scan(root, target, args.dataset)


def _scan(root, target, dataset: str) -> None:
    with progress.bar(0, f"scan {dataset}") as bar:
        listing = scan(root, progress=lambda count, path: bar.update())
    write_listing(target, listing)
    print(f"{target}: {len(listing.entries)} files under {root}, {len(listing.refused)} refused")
    for path, reason in listing.refused:
        print(f"  refused: {path}: {reason}")
