"""Several processes end where one process ends, batches that cannot be divided included; a signal stops them
together."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from cmg.methods import build
from cmg.train.data import PairedFeatures
from cmg.train.loop import TrainOptions, train
from cmg.train.profile import random_features, stepper
from tests.train.conftest import ArrayStore

WIDTHS = {"embedding_dim": 8, "specific_channels": 2, "decoder_channels": 2, "feedforward": 8}
CONFIG = {**WIDTHS, "codebook_size": 8, "heads": 2, "dropout": 0.0}
STEPS = 50
LONG = TrainOptions(epochs=STEPS // 2, batch_size=4, precision="float64", save_every=10**6)
SETTINGS = {
    "fifty steps": (7, LONG),  # clips; batches of 4 and 3: two processes divide the first only, three the second only
    "a last batch of two clips": (8, replace(LONG, epochs=2, batch_size=6)),  # fewer than three processes
    "first step in float32": (6, replace(LONG, epochs=1, batch_size=6, precision="float32")),
}
# share of weights whose gradient is rounding in float32: Adam's first step is the learning rate for those too
UNDECIDED = 1e-3
needs_gloo = pytest.mark.skipif(
    not (dist.is_available() and dist.is_gloo_available()), reason="torch was built without gloo"
)


def data(clips: int) -> PairedFeatures:
    rng = np.random.default_rng(0)
    shapes = {"audio": (3, 128), "video": (3, 7, 7, 512), "text": (4, 768)}
    stores = {
        name: ArrayStore(rng.random((clips, *shape), dtype=np.float32), np.full(clips, shape[0]))
        for name, shape in shapes.items()
    }
    return PairedFeatures(**stores, clips=np.arange(clips), sentences=np.arange(clips), device=torch.device("cpu"))


def fresh():
    torch.manual_seed(0)
    return build("fcid", CONFIG)


def trained(folder: Path, setting: str) -> dict:
    torch.set_num_threads(1)
    method, (clips, options) = fresh(), SETTINGS[setting]
    done = train(method, data(clips), options, folder / "work.pt", setting)
    return {"history": torch.tensor(done.history, dtype=torch.float64), **method.state_dict()}


def benchmarked(processes: int) -> dict:
    """The model after a step as benchmarks take it, of two clips per process."""
    method = fresh()
    stepper(method, random_features(2 * processes, torch.device("cpu")), 2 * processes, "float32")(0)
    return method.state_dict()


def join(rank: int, processes: int, folder: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=processes)
    found, seeds = {}, {}
    for setting in SETTINGS:
        found[setting] = trained(folder, setting)
        seeds[setting] = torch.initial_seed()
    torch.save(found, folder / f"{rank}.pt")
    torch.save(seeds, folder / f"seeds-{rank}.pt")
    torch.save(benchmarked(processes), folder / f"benchmark-{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> dict:
    return {setting: trained(tmp_path_factory.mktemp("one"), setting) for setting in SETTINGS}


@pytest.fixture(scope="module", params=[2, 3])
def several(tmp_path_factory, request) -> tuple[int, Path]:
    """Number of processes, and the folder with what each of them found."""
    folder = tmp_path_factory.mktemp("several")
    mp.spawn(join, (request.param, folder), nprocs=request.param)
    return request.param, folder


@needs_gloo
@pytest.mark.parametrize("setting", SETTINGS)
def test_several_processes_end_where_one_ends(several, expected, setting):
    processes, folder = several
    single = SETTINGS[setting][1].precision == "float32"
    # CLUB's terms are differences near zero
    losses = {"rtol": 1e-5, "atol": 1e-6} if single else {"rtol": 1e-9, "atol": 1e-9}
    weights = {"rtol": 1e-5, "atol": 2e-5 if single else 1e-6}
    for rank in range(processes):
        found = torch.load(folder / f"{rank}.pt", weights_only=True)[setting]
        torch.testing.assert_close(found["history"], expected[setting]["history"], **losses)
        off = {name: ~torch.isclose(found[name], value, **weights) for name, value in expected[setting].items()}
        undecided = UNDECIDED * sum(mask.numel() for mask in off.values()) if single else 0
        assert sum(int(mask.sum()) for mask in off.values()) <= undecided, [
            name for name, mask in off.items() if mask.any()
        ]
        for name, mask in off.items():
            one, many = expected[setting][name][mask], found[name][mask]
            torch.testing.assert_close(many, one, rtol=0, atol=2 * LONG.variational_learning_rate)


@needs_gloo
@pytest.mark.parametrize(("setting", "last"), list(zip(SETTINGS, (3, 2, 6), strict=True)))
def test_dropout_differs_between_processes_that_share_a_batch_and_not_when_each_has_all_of_it(several, setting, last):
    processes, folder = several
    seeds = {torch.load(folder / f"seeds-{rank}.pt")[setting] for rank in range(processes)}
    assert len(seeds) == (1 if last % processes else processes)


@needs_gloo
def test_processes_that_are_benchmarked_take_one_step_together(several):
    processes, folder = several
    first, *others = [torch.load(folder / f"benchmark-{rank}.pt", weights_only=True) for rank in range(processes)]
    assert any(
        not torch.equal(value, before)
        for value, before in zip(first.values(), fresh().state_dict().values(), strict=True)
    )
    for other in others:
        for name, value in first.items():
            assert torch.equal(value, other[name]), name


def stop_one(rank: int, processes: int, folder: Path) -> None:
    """SIGTERM comes to the last process alone, after its third step."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=processes)

    def show(step: int, steps: int, row: dict) -> None:
        if rank == processes - 1 and step == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    torch.set_num_threads(1)
    try:
        train(build("fcid", CONFIG), data(7), LONG, folder / "work.pt", "key", show)
    except SystemExit as error:
        (folder / f"{rank}.stopped").write_text(str(error.code))
    dist.barrier()
    dist.destroy_process_group()


@needs_gloo
def test_a_signal_to_one_process_stops_all_of_them_at_the_same_step(tmp_path):
    mp.spawn(stop_one, (2, tmp_path), nprocs=2)
    assert [(tmp_path / f"{rank}.stopped").read_text() for rank in range(2)] == ["143", "143"]
    saved = torch.load(tmp_path / "work.pt", weights_only=True)
    assert 3 < saved["progress"]["step"] < STEPS and len(saved["progress"]["history"]) == saved["progress"]["step"]
