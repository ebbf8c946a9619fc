"""Encode the sounds and sentences of AVSBench-S4 with one trained run: the codes that segmentation heads are asked
with.

A sentence has one code, a sound one per second. Under `evaluate.protocol: published` also one encoding with dropout
per epoch of the heads, where released scripts segment with the method.
"""

import argparse

import torch

from cmg.methods import METHODS
from cmg.methods.base import Method
from cmg.segmentation.queries import MODALITIES
from cmg.segmentation.scenes import DATASET
from cmg.store.reader import FeatureStore
from cmg.tasks.codes import RunCodes
from cmg.tasks.recipes import SEGMENTING
from cmg.train import checkpoint
from cmg.train.encode import encode_draws, encode_store, time_bridge
from cmg.train.origin import check_origin
from cmg.train.standardise import Standardiser
from pipeline import paths
from pipeline.device import prepare
from pipeline.orchestration import receipts
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("seed", type=int)


def run(args: argparse.Namespace, params: Params) -> None:
    run_name = paths.run_name(args.method, args.seed)
    name, source = f"{paths.SEGMENTATION}/{run_name}", paths.checkpoint(run_name)
    stores, target = {m: paths.store(paths.S4, m) for m in MODALITIES.values()}, paths.codes(name)
    draws = params.active.segmentation.epochs if _drawn(args.method, params) else 0
    inputs = [source, *stores.values()]
    with receipts.record(
        "queries", name, inputs=inputs, outputs=[target], params={"draws": draws}, code_of=args.method
    ):
        device = prepare(params)
        method, about = checkpoint.load(source, device)
        opened = {m: FeatureStore(path) for m, path in stores.items() if m in method.modalities}
        for modality, store in opened.items():
            check_origin(about.get("features", {}), store, modality)
        _codes(method, opened, device, Standardiser.load(source, about), draws, args.seed).write(target)


def _drawn(method: str, params: Params) -> bool:
    return params.evaluate.protocol == "published" and method in SEGMENTING


def _codes(
    method: Method,
    stores: dict[str, FeatureStore],
    device: torch.device,
    standardise: Standardiser,
    draws: int,
    seed: int,
) -> RunCodes:
    entries = {
        (DATASET, modality): encode_store(method, store, modality, device, standardise, clip_level=modality == "text")
        for modality, store in stores.items()
    }
    drawn = {
        (DATASET, modality): encode_draws(
            method, store, modality, device, standardise, draws, seed, bridge=time_bridge(seed)
        )
        for modality, store in stores.items()
        if draws
    }
    codebooks = [codebook.detach().float().cpu().numpy() for codebook in method.codebooks()]
    return RunCodes(codebooks, entries, draws=drawn, aligned=method.aligned)
