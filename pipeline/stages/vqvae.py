"""Train a VQ-VAE with one seed on pictures (table 3). Interrupted training goes on at the step."""

import argparse

import torch

from cmg.datasets.clips import read_index
from cmg.files import write_bytes
from cmg.methods.vqvae.model import VQVAE
from cmg.store.reader import FeatureStore
from cmg.train import checkpoint, history
from cmg.train.loop import train
from cmg.train.origin import origin
from cmg.train.pictures import StoredPictures, usable
from pipeline import curves, paths, training
from pipeline.device import prepare
from pipeline.orchestration import receipts
from pipeline.params import ParameterError, Params, located


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("seed", type=int)


def run(args: argparse.Namespace, params: Params) -> None:
    dataset = params.pictures
    run_name = paths.run_name(dataset, args.seed)
    inputs = [paths.store(dataset, "pixels"), paths.index(dataset)]
    schedule, folder = params.active.reconstruction, paths.vqvae(run_name)
    used = {"seed": args.seed, "config": params.vqvae, "training": schedule.model_dump(exclude={"hidden"})}
    with receipts.record("vqvae", run_name, inputs=inputs, outputs=[folder], params=used) as notes:
        device = training.capable(prepare(params), schedule)
        store = FeatureStore(inputs[0])
        _check(store, params.reconstruction.downsample)
        data = StoredPictures(store, usable(store, read_index(inputs[1]), "train"), device)
        torch.manual_seed(args.seed)
        with located("reconstruction"):
            model = VQVAE(VQVAE.Config(**params.vqvae))
        model.variance.fill_(data.variance())
        digests = receipts.digests(inputs)
        about = {
            "method": "vqvae",
            **used,
            "pictures": len(data),
            "inputs": digests,
            "features": {"pixels": origin(store)},
        }
        key, work = training.key(used, digests, "vqvae", device), paths.work("vqvae", f"{run_name}.pt")
        with curves.shown(run_name, schedule.batch_size, stage="vqvae") as show:
            done = train(model.to(device), data, training.options(schedule, args.seed, params.saves), work, key, show)
        notes["training"] = {"epochs": schedule.epochs, **show.measured(device, 0)}
        write_bytes(folder / "history.csv", history.to_csv(done).encode())
        write_bytes(folder / "codebook.csv", history.health_csv(done).encode())
        checkpoint.save(folder, model, {**about, "steps": done.step})
        training.forget(work)


def _check(store: FeatureStore, downsample: int) -> None:
    size = store.shape[1]
    if size % downsample:
        raise ParameterError(
            "params.yaml: reconstruction.downsample: "
            f"{downsample} does not divide the {size} pixels a side of {store.path}"
        )
