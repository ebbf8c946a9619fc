"""Say per dataset and split what is found, missing or malformed, what was decided for usable clips, and what to do next."""

import argparse

from cmg.datasets.check import report
from cmg.extract.expected import misfits
from cmg.store import FeatureStore, statistics
from pipeline import paths, remarks
from pipeline.params import Params

PAPERS = (
    ("mscoco", "pairs", 500),
    ("mscoco", "words", 30),
    ("flickrsound", "held_out", 500),
    ("clotho", "seconds", 30),
    ("clotho", "words", 30),
    ("celeba_hq", "count", 30_000),
    ("celeba_hq", "held_out", 1_000),
)
"""Dataset, key, value at the papers' size; params.yaml ships with what the sample corpus holds."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("datasets", nargs="*", help="default: every dataset in params.yaml")


def run(args: argparse.Namespace, params: Params) -> int:
    for dataset in args.datasets or params.datasets:
        settings = params.dataset(dataset)
        print(report(paths.plain(dataset), paths.dataset_root(dataset, settings.source), settings.source, settings.options))
        for line in [f"  warning: {line}" for line in unlike_features(dataset, params)] + remarks.of_dataset(dataset):
            print(line)
    for line in sample_values(params):
        print(line)
    return 0


def sample_values(params: Params) -> list[str]:
    """At ``scale: paper``, a line per value of params.yaml that is made for the sample corpus."""
    if params.scale != "paper":
        return []
    drawn = [name for name, dataset in params.datasets.items() if dataset.source == "sample"]
    found = [f"params.yaml: datasets.{name}.source is sample: {_advice(name, params)}" for name in drawn]
    for name, key, value in PAPERS:
        section = params.datasets.get(name)
        if section and section.model_dump().get(key) != value:
            found.append(f"params.yaml: datasets.{name}.{key} is {section.model_dump().get(key)}; {value} in the papers")
    if "codis" in params.methods and not params.sections["codis"].get("queue"):
        found.append("params.yaml: codis.queue is 0, for small corpora; 2048 with real data")
    return found


def _advice(name: str, params: Params) -> str:
    if name == params.reconstruction.dataset:
        return "table 3 is of generated pictures, and says so; where you have no others, leave it (docs/reconstruction.md)"
    return "generated clips stand in the tables; delete the dataset there and under stores"


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
            about, found = {"provenance": "released"}, statistics.of_folder(root, modality)
        else:
            continue
        lines += misfits(dataset, version, modality, about, found) if found else []
    return lines
