"""Pretrain one method with one seed on VGGSound-AVEL features."""

import argparse
import hashlib
import json

import numpy as np
import torch
from pydantic import ValidationError

from cmg.datasets.clips import read_index
from cmg.datasets.labels import pretraining_exclusions
from cmg.methods import METHODS, build
from cmg.methods.base import Method
from cmg.store.reader import FeatureStore
from cmg.train import checkpoint, history
from cmg.train.data import PairedFeatures
from cmg.train.loop import TrainOptions, train
from cmg.train.origin import origin
from cmg.train.pairs import pair
from cmg.train.standardise import Standardiser
from pipeline import files, paths, progress, receipts
from pipeline.device import prepare
from pipeline.params import ParameterError, Params

CORPUS = "vggsound_avel"
MODALITIES = ("audio", "video", "text")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("seed", type=int)


def run(args: argparse.Namespace, params: Params) -> None:
    run_name = paths.run_name(args.method, args.seed)
    stores = {modality: paths.store(CORPUS, modality) for modality in MODALITIES}
    inputs = [*stores.values(), *map(paths.index, params.datasets)]
    schedule = params.active.pretrain
    used = {"seed": args.seed, "config": params.method_config(args.method), "pretrain": schedule.model_dump(exclude={"method"})}
    folder = paths.checkpoint(run_name)
    module = METHODS[args.method].partition(":")[0]
    with receipts.record("pretrain", run_name, inputs=inputs, outputs=[folder], params=used, code=[module]) as notes:
        device = prepare(params)
        options = TrainOptions(schedule.epochs, schedule.batch_size, schedule.learning_rate, seed=args.seed)
        torch.manual_seed(args.seed)
        method = _build(args.method, params).to(device)
        data, counts = _data(stores, params, device)
        notes["clips"] = counts
        digests = {path.as_posix(): files.digest(path) for path in inputs}
        work = paths.work("pretrain", f"{run_name}.pt")
        with progress.bar(0, f"pretrain {run_name}") as bar:
            done = train(method, data, options, work, _key(used, digests), lambda step, total, row: _show(bar, step, total, row))
        features = {modality: origin(FeatureStore(path)) for modality, path in stores.items()}
        about = {"method": args.method, **used, "steps": done.step, "clips": counts, "inputs": digests, "features": features}
        checkpoint.save(folder, method, about)
        data.standardise.save(folder / "statistics.safetensors")
        files.write_bytes(folder / "history.csv", history.to_csv(done).encode())
        files.write_bytes(folder / "codebook.csv", history.health_csv(done).encode())
        work.unlink(missing_ok=True)


def _build(name: str, params: Params) -> Method:
    try:
        return build(name, params.method_config(name))
    except ValidationError as error:
        lines = [f"params.yaml: {'.'.join([name, *map(str, item['loc'])])}: {item['msg']}" for item in error.errors()]
        raise ParameterError("\n".join(lines)) from error


def _data(stores: dict, params: Params, device: torch.device) -> tuple[PairedFeatures, dict[str, int]]:
    opened = {modality: FeatureStore(path) for modality, path in stores.items()}
    clips = read_index(paths.index(CORPUS))
    excluded, counts = pretraining_exclusions({name: read_index(paths.index(name)) for name in params.datasets})
    pairs = pair(clips, opened["audio"], opened["video"], opened["text"], excluded)
    print(f"pretraining clips: {pairs.counts}; ids held out for downstream test sets: {counts}")
    rows = {"audio": pairs.clips, "video": pairs.clips, "text": np.unique(pairs.sentences)}
    standardise = Standardiser.fit(opened if params.active.pretrain.standardise else {}, rows)
    return PairedFeatures(**opened, clips=pairs.clips, sentences=pairs.sentences, device=device, standardise=standardise), pairs.counts


def _key(used: dict, digests: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps([used, digests], sort_keys=True).encode()).hexdigest()


def _show(bar, step: int, total: int, row: dict[str, float]) -> None:
    bar.set_postfix(loss=f"{row['total']:.3f}", refresh=False)
    progress.updater(bar)(step, total)
