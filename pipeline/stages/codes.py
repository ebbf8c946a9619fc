"""Encode every dataset and modality with one trained run: the last stage that runs an encoder.

Under `evaluate.protocol: published` it also stores one encoding with dropout per epoch of the released heads.
"""

import argparse

from cmg.methods import METHODS
from cmg.methods.base import Method
from cmg.store.reader import FeatureStore
from cmg.tasks.codes import CLIP_LEVEL, RunCodes
from cmg.tasks.recipes import draws_needed, scripts_of
from cmg.train import checkpoint
from cmg.train.encode import encode_draws, encode_store
from cmg.train.origin import check_origin
from cmg.train.standardise import Standardiser
from pipeline import paths, receipts
from pipeline.device import prepare
from pipeline.params import Params
from pipeline.sweeps import add_run_arguments

CODED = ("video", "audio", "text")  # pixels and masks have no codes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_arguments(parser)


def run(args: argparse.Namespace, params: Params) -> None:
    run_name = paths.run_name(args.method, args.seed, args.point)
    stores = {
        (dataset, modality): paths.store(dataset, modality) for modality, names in params.stores if modality in CODED for dataset in names
    }
    inputs = [paths.checkpoint(run_name), *stores.values()]
    module = METHODS[args.method].partition(":")[0]
    protocol, target = params.evaluate.protocol, paths.codes(run_name)
    with receipts.record("codes", run_name, inputs=inputs, outputs=[target], params={"protocol": protocol}, code=[module]) as notes:
        device = prepare(params)
        method, about = checkpoint.load(paths.checkpoint(run_name), device)
        standardise = Standardiser.load(paths.checkpoint(run_name), about)
        opened = {key: FeatureStore(path) for key, path in sorted(stores.items()) if key[1] in method.modalities}
        for (_, modality), store in opened.items():
            check_origin(about.get("features", {}), store, modality)
        encoded = {
            (dataset, modality): encode_store(method, store, modality, device, standardise, clip_level=dataset in CLIP_LEVEL)
            for (dataset, modality), store in opened.items()
        }
        needed = _draws_needed(args.method, method, protocol)
        draws = {
            key: encode_draws(method, opened[key], key[1], device, standardise, count, args.seed)
            for key, count in sorted(needed.items())
            if key in opened
        }
        codebooks = [codebook.detach().float().cpu().numpy() for codebook in method.codebooks()]
        target.parent.mkdir(parents=True, exist_ok=True)
        RunCodes(codebooks, encoded, draws=draws, aligned=method.aligned).write(target)
        notes["rows"] = {f"{dataset}.{modality}": len(codes.valid) for (dataset, modality), codes in encoded.items()}


def _draws_needed(name: str, method: Method, protocol: str) -> dict[tuple[str, str], int]:
    """Encodings with dropout by dataset and modality; none for a method without a codebook, which the released scripts cannot evaluate."""
    if protocol != "published":
        return {}
    if not method.codebooks():
        print(f"{name}: no codebook, so the released scripts do not apply to it; under `published` its cells of their tasks are n/a")
        return {}
    return draws_needed(scripts_of(name))
