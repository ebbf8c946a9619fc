"""Pretrain one method with one seed on the datasets in `pretrain_on`, or import its released checkpoint
(`<method>.checkpoint`)."""

import argparse
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cmg.datasets.clips import read_index
from cmg.datasets.exclusions import read_exclusions
from cmg.files import file_digest, write_bytes
from cmg.methods import build
from cmg.released import checkpoints as released
from cmg.store.joined import Joined
from cmg.store.reader import FeatureStore
from cmg.train import checkpoint, history
from cmg.train.data import PairedFeatures, fits, resident
from cmg.train.loop import train
from cmg.train.origin import check_origin, origin
from cmg.train.pairs import Pairs, join, pair
from cmg.train.standardise import Standardiser
from cmg.train.state import Progress
from pipeline import curves, paths, processes, training
from pipeline.device import choose, prepare
from pipeline.orchestration import receipts
from pipeline.params import ParameterError, Params, located
from pipeline.stages.corpus import MODALITIES
from pipeline.sweeps import add_run_arguments, words

Stores = dict[str, list[FeatureStore]]  # by modality, one per dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_arguments(parser)


def run(args: argparse.Namespace, params: Params) -> None:
    if file := params.released[args.method].checkpoint:
        return _import(args.method, file, args.seed, params)
    run_name = paths.run_name(args.method, args.seed, args.point)
    wanted = params.active.pretrain.processes
    if wanted > 1 and not processes.launched():
        processes.launch(wanted, ["pretrain", *words(args)])
    with processes.joined(choose(params)) as rank:
        _train(run_name, args.method, args.seed, params, rank)


def _import(method: str, file: Path, seed: int, params: Params) -> None:
    """The released checkpoint in place of a training run, in the same form."""
    run_name, chosen, section = paths.run_name(method, seed), params.released[method], params.sections[method]
    folder = paths.checkpoint(run_name)
    if not file.is_file():
        raise ParameterError(
            f"params.yaml: {method}.checkpoint: no file {file}; a path is relative to the project folder"
        )
    _check_pin(method, file, chosen.checkpoint_sha256)
    used = {"seed": seed, "config": section}
    with receipts.record("pretrain", run_name, inputs=[file], outputs=[folder], params=used, code_of=method):
        try:
            about, tensors = released.convert(method, released.read(method, file), section)
        except released.CheckpointError as error:
            raise ParameterError(f"params.yaml: {method}.checkpoint: {error}") from error
        _write_history(folder, Progress(), Standardiser())
        checkpoint.save_tensors(folder, tensors, {**about, "seed": seed})
    print(f"{folder}: imported from {file}, nothing was trained")


def _check_pin(method: str, file: Path, sha256: str | None) -> None:
    """Another file than the pinned one is an error; without a pin, DVC does not see that a file has changed, and that
    is said."""
    found, key = file_digest(file), f"params.yaml: {method}.checkpoint_sha256"
    if sha256 is None:
        print(f"{key}: not set, so DVC will not notice another file under the same name; this one has {found}")
    elif found != sha256:
        raise ParameterError(
            f"{key}: expected {sha256}, found {found}; see: python -m pipeline import-checkpoint {method} {file}"
        )


def _write_history(folder: Path, done: Progress, standardise: Standardiser) -> None:
    """What stands beside the weights; written before them, so that a checkpoint is never without it."""
    standardise.save(folder)
    write_bytes(folder / "history.csv", history.to_csv(done).encode())
    write_bytes(folder / "codebook.csv", history.health_csv(done).encode())


def _train(run_name: str, name: str, seed: int, params: Params, rank: int) -> None:
    """Train; with several processes the first alone writes."""
    stores = {modality: [paths.store(name, modality) for name in params.pretrain_on] for modality in MODALITIES}
    inputs = [
        *(path for each in stores.values() for path in each),
        *map(paths.index, params.pretrain_on),
        paths.EXCLUSIONS,
    ]
    schedule = params.schedule(name)
    used = {
        "seed": seed,
        "config": params.method_config(name),
        "pretrain": schedule.model_dump(exclude={"method", "epochs_of"}),
    }
    folder, work = paths.checkpoint(run_name), paths.work("pretrain", f"{run_name}.pt")
    receipt: AbstractContextManager[dict[str, Any]] = nullcontext({})
    if rank == 0:
        receipt = receipts.record("pretrain", run_name, inputs=inputs, outputs=[folder], params=used, code_of=name)
    with receipt as notes:
        device = training.capable(prepare(params), schedule)
        torch.manual_seed(seed)
        with located(name):
            method = build(name, params.method_config(name)).to(device)
        opened = {modality: [FeatureStore(path) for path in each] for modality, each in stores.items()}
        data, counts = _data(opened, params, device)
        digests = receipts.digests(inputs)
        served = resident(data) if fits(data) else data
        with curves.shown(run_name, schedule.batch_size, rank == 0) as show:
            key = training.key(used, digests, f"pretrain-{name}", device)
            done = train(method, served, training.options(schedule, seed, params.saves), work, key, show, show.warn)
        if rank:
            return
        notes["clips"] = counts
        notes["training"] = {
            **schedule.model_dump(include={"epochs", "precision", "processes"}),
            **show.measured(device, served.held),
        }
        features = {modality: origin(first) for modality, (first, *_) in opened.items()}
        about = {"method": name, **used, "steps": done.step, "clips": counts, "inputs": digests, "features": features}
        _write_history(folder, done, data.standardise)
        checkpoint.save(folder, method, about)
        training.forget(work)


def _data(stores: Stores, params: Params, device: torch.device) -> tuple[PairedFeatures, dict[str, int]]:
    for modality, (first, *others) in stores.items():
        for other in others:
            check_origin({modality: origin(first)}, other, modality)
    joined = {modality: Joined(each) for modality, each in stores.items()}
    found = join(_pairs(stores, params), joined["audio"].starts, joined["text"].starts)
    print(f"pretraining clips: {found.counts}")
    rows = {"audio": found.clips, "video": found.clips, "text": np.unique(found.sentences)}
    standardise = Standardiser.fit(joined if params.active.pretrain.standardise else {}, rows)
    data = PairedFeatures(
        joined["audio"], joined["video"], joined["text"], found.clips, found.sentences, device, standardise
    )
    return data, found.counts


def _pairs(stores: Stores, params: Params) -> list[Pairs]:
    """The training clips of each dataset."""
    found = []
    for place, name in enumerate(params.pretrain_on):
        excluded = {item.row for item in read_exclusions(paths.EXCLUSIONS) if item.corpus == name}
        own = {modality: each[place] for modality, each in stores.items()}
        found.append(
            pair(read_index(paths.index(name)), **own, excluded=excluded, splits=params.active.pretrain.splits)
        )
    return found
