"""Generate the sample corpus of one dataset: real media files and annotation files in the official layout."""

import argparse
from typing import Any

from cmg.files import write_bytes
from cmg.synth import CorpusSpec, Split, generate
from pipeline import paths, progress
from pipeline.orchestration import receipts
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset")


def run(args: argparse.Namespace, params: Params) -> None:
    root = paths.dataset_root(args.dataset, "sample")
    used = {"corpus": params.active.corpus, "source": params.dataset(args.dataset).source}
    with receipts.record("sample", args.dataset, inputs=[], outputs=[root], params=used) as notes:
        if used["source"] != "sample":
            write_bytes(
                root / "README.txt",
                f"Not generated: {args.dataset} has source {used['source']} in params.yaml.\n".encode(),
            )
            return
        with progress.bar(0, f"sample {args.dataset}") as bar:
            summary = generate(
                paths.plain(args.dataset), root, _spec(params.active.corpus), params.threads, progress.updater(bar)
            )
        notes["summary"] = str(summary)


def _spec(values: dict[str, Any]) -> CorpusSpec:
    given: dict[str, Any] = {key: Split(**value) if isinstance(value, dict) else value for key, value in values.items()}
    return CorpusSpec(**given)
