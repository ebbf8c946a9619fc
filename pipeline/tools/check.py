"""Say per dataset and split what is found, missing or malformed, then whether a run can begin, and what to do next.

The exit status is 1 when something would stop a run.
"""

import argparse

from cmg.datasets.check import Finding, look
from cmg.datasets.listing import read_listing
from cmg.extract.expected import misfits
from cmg.released import samples
from cmg.store import FeatureStore, statistics
from pipeline import paths, readiness, remarks
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "datasets", nargs="*", help="default: every dataset in params.yaml, and whether a run can begin"
    )


def run(args: argparse.Namespace, params: Params) -> int:
    found = {}
    for dataset in args.datasets or params.datasets:
        found[dataset] = _look(dataset, params)
        print(found[dataset].text, end="")
        for line in [f"  warning: {line}" for line in unlike_features(dataset, params)] + remarks.of_dataset(dataset):
            print(line)
        print()
    stops = [f"{dataset} is not ready: see above" for dataset, finding in found.items() if finding.stops]
    clips = {dataset: finding.clips for dataset, finding in found.items()}
    stops += [*readiness.unusable(params, clips), *([] if args.datasets else readiness.problems(params))]
    notes = [] if args.datasets else readiness.warnings(params, clips)
    for line in [*(f"problem: {line}" for line in stops), *(f"warning: {line}" for line in notes)]:
        print(line)
    print(
        "next: mend the problems, then check again: python -m pipeline check"
        if stops
        else "nothing stops a run; next: dvc repro"
    )
    return int(bool(stops))


def _look(dataset: str, params: Params) -> Finding:
    settings = params.dataset(dataset)
    listing = paths.listing(dataset, settings.source)
    listed = read_listing(listing) if listing.is_file() else None
    return look(dataset, paths.dataset_root(dataset, settings.source), settings.source, settings.options, listed)


def unlike_features(dataset: str, params: Params) -> list[str]:
    """What does not fit of the released features of a dataset, or of its stores where these are made."""
    settings, version = params.dataset(dataset), str(params.dataset(dataset).options.get("version", ""))
    lines = []
    for modality in ("audio", "video"):
        store, root = paths.store(dataset, modality), paths.dataset_root(dataset, settings.source)
        if (store / "zarr.json").is_file():
            opened = FeatureStore(store)
            about, found = opened.attrs, statistics.of_store(opened)
        elif settings.source == "released":
            about, found = {"provenance": "released"}, samples.of_folder(root, modality)
        else:
            continue
        lines += misfits(dataset, version, modality, about, found) if found else []
    return lines
