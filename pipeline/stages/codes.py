"""Encode every dataset and modality with one trained run: the last stage that runs an encoder.

Under `evaluate.protocol: published` it also stores one encoding with dropout per epoch of the released heads, and the
codes of whole clips that the released retrieval averages.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cmg.datasets.clips import read_index
from cmg.extract.expected import disagreement
from cmg.methods.base import Method
from cmg.registry import RETRIEVAL
from cmg.store import statistics
from cmg.store.reader import FeatureStore
from cmg.tasks.codes import RunCodes, clip_codes
from cmg.tasks.recipes import clip_code_of, draws_needed, scripts_of
from cmg.tasks.retrieval_pairs import filled_up
from cmg.train import checkpoint
from cmg.train.encode import encode_draws, encode_store, encode_whole
from cmg.train.origin import check_origin, met_in_training
from cmg.train.standardise import Standardiser
from pipeline import paths, progress
from pipeline.device import prepare
from pipeline.orchestration import receipts
from pipeline.params import Params
from pipeline.sweeps import add_run_arguments

CODED = ("video", "audio", "text")  # pixels and masks have no codes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_arguments(parser)


def run(args: argparse.Namespace, params: Params) -> None:
    run_name = paths.run_name(args.method, args.seed, args.point)
    stores = {
        (dataset, modality): paths.store(dataset, modality)
        for modality, names in params.stores
        if modality in CODED
        for dataset in names
    }
    indices = {dataset: paths.index(dataset) for dataset in params.datasets if dataset in RETRIEVAL}
    inputs = [paths.checkpoint(run_name), *stores.values(), *indices.values()]
    protocol, target = params.evaluate.protocol, paths.codes(run_name)
    used = {"protocol": protocol, "retrieval_batch": params.evaluate.retrieval_batch}
    with receipts.record("codes", run_name, inputs=inputs, outputs=[target], params=used, code_of=args.method) as notes:
        device = prepare(params)
        method, about = checkpoint.load(paths.checkpoint(run_name), device)
        standardise = Standardiser.load(paths.checkpoint(run_name), about)
        opened = {key: FeatureStore(path) for key, path in sorted(stores.items()) if key[1] in method.modalities}
        for (_, modality), store in opened.items():
            check_origin(about.get("features", {}), store, modality)
        for line in _unlike(opened, params.pretrain_on):
            print(f"warning: {line}", file=sys.stderr)
        encoded = {
            (dataset, modality): encode_store(
                method, store, modality, device, standardise, **_extent(dataset, modality, about)
            )
            for (dataset, modality), store in progress.over(opened.items(), f"codes of {run_name}")
        }
        averaged = protocol == "published" and clip_code_of(args.method) == "mean_of_codes"
        whole = {
            (dataset, modality): encode_whole(
                method, store, modality, device, standardise, _filled_up(dataset, modality, store, params)
            )
            for (dataset, modality), store in opened.items()
            if averaged and dataset in indices
        }
        needed = _draws_needed(args.method, method, protocol)
        draws = {
            key: encode_draws(method, opened[key], key[1], device, standardise, count, args.seed)
            for key, count in progress.over(
                [item for item in sorted(needed.items()) if item[0] in opened], f"draws of {run_name}"
            )
        }
        own = {name for name, dataset in params.datasets.items() if dataset.source == "csv"}
        encoded |= {
            (clip_codes(dataset), modality): encode_store(
                method, store, modality, device, standardise, **_clip_level(modality, about)
            )
            for (dataset, modality), store in opened.items()
            if dataset in own
        }
        codebooks = [codebook.detach().float().cpu().numpy() for codebook in method.codebooks()]
        target.parent.mkdir(parents=True, exist_ok=True)
        RunCodes(codebooks, encoded, draws=draws, aligned=method.aligned, whole=whole).write(target)
        notes["rows"] = {f"{dataset}.{modality}": len(codes.valid) for (dataset, modality), codes in encoded.items()}


def _unlike(opened: Mapping[tuple[str, str], FeatureStore], trained_on: Sequence[str]) -> list[str]:
    """Sound and picture features of another kind than those of the first dataset that was trained on, where imported
    ones are among them.

    Own extractions have one recipe and one digest of weights, which `check_origin` compares.
    """
    lines = []
    for (dataset, modality), store in opened.items():
        trained = opened.get((trained_on[0], modality)) if trained_on else None
        if modality == "text" or dataset in trained_on or trained is None:
            continue
        if "released" in (store.attrs["provenance"], trained.attrs["provenance"]):
            known, found = statistics.of_store(trained), statistics.of_store(store)
            lines += [disagreement(dataset, modality, known, found)] if known and found else []
    return [line for line in lines if line]


def _extent(dataset: str, modality: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """Retrieval: one code per clip, of as many seconds or words as the method met in training."""
    return _clip_level(modality, about) if dataset in RETRIEVAL else {}


def _clip_level(modality: str, about: Mapping[str, Any]) -> dict[str, Any]:
    return {"clip_level": True, "most": met_in_training(about, modality)}


def _filled_up(dataset: str, modality: str, store: FeatureStore, params: Params) -> np.ndarray:
    """What `encode_whole` is told of each row: seconds with zeros behind them, or that a sentence counts."""
    valid = np.asarray(store.valid)
    if modality == "text":
        return valid
    return filled_up(dataset, read_index(paths.index(dataset)), valid, params.evaluate.retrieval_batch)


def _draws_needed(name: str, method: Method, protocol: str) -> dict[tuple[str, str], int]:
    """Encodings with dropout by dataset and modality; none for a method without a codebook, which the released scripts
    cannot evaluate."""
    if protocol != "published":
        return {}
    if not method.codebooks():
        print(
            f"{name}: no codebook, so the released scripts do not apply to it; "
            "under `published` its cells of their tasks are n/a"
        )
        return {}
    return draws_needed(scripts_of(name))
