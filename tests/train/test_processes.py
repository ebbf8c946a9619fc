"""Several processes end where one process ends: fifty steps of FCID in float64, batches that cannot be divided included."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from cmg.methods import build
from cmg.train.data import PairedFeatures
from cmg.train.loop import TrainOptions, train
from tests.train.conftest import ArrayStore

WIDTHS = {"embedding_dim": 8, "specific_channels": 2, "decoder_channels": 2, "feedforward": 8}
CONFIG = {**WIDTHS, "codebook_size": 8, "heads": 2, "dropout": 0.0}
CLIPS, STEPS = 7, 50  # batches of 4 and 3 clips: two processes divide the first only, three the second only
OPTIONS = TrainOptions(epochs=STEPS // 2, batch_size=4, precision="float64", save_every=10**6)


def data() -> PairedFeatures:
    rng = np.random.default_rng(0)
    shapes = {"audio": (3, 128), "video": (3, 7, 7, 512), "text": (4, 768)}
    stores = {name: ArrayStore(rng.random((CLIPS, *shape), dtype=np.float32), np.full(CLIPS, shape[0])) for name, shape in shapes.items()}
    return PairedFeatures(**stores, clips=np.arange(CLIPS), sentences=np.arange(CLIPS), device=torch.device("cpu"))


def trained(folder: Path) -> dict:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    method = build("fcid", CONFIG)
    done = train(method, data(), OPTIONS, folder / "work.pt", "key")
    return {"history": torch.tensor(done.history, dtype=torch.float64), **method.state_dict()}


def join(rank: int, processes: int, folder: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=processes)
    torch.save(trained(folder), folder / f"{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> dict:
    return trained(tmp_path_factory.mktemp("one"))


@pytest.mark.skipif(not (dist.is_available() and dist.is_gloo_available()), reason="torch was built without gloo")
@pytest.mark.parametrize("processes", [2, 3])
def test_several_processes_end_where_one_ends(tmp_path, expected, processes):
    mp.spawn(join, (processes, tmp_path), nprocs=processes)
    for rank in range(processes):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(found["history"], expected["history"], rtol=1e-9, atol=1e-9)
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-6, msg=lambda m, n=name: f"{n}: {m}")


def stop_one(rank: int, processes: int, folder: Path) -> None:
    """SIGTERM comes to the last process alone, after its third step."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=processes)

    def show(step: int, steps: int, row: dict) -> None:
        if rank == processes - 1 and step == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    torch.set_num_threads(1)
    try:
        train(build("fcid", CONFIG), data(), OPTIONS, folder / "work.pt", "key", show)
    except SystemExit as error:
        (folder / f"{rank}.stopped").write_text(str(error.code))
    dist.barrier()
    dist.destroy_process_group()


@pytest.mark.skipif(not (dist.is_available() and dist.is_gloo_available()), reason="torch was built without gloo")
def test_a_signal_to_one_process_stops_all_of_them_at_the_same_step(tmp_path):
    mp.spawn(stop_one, (2, tmp_path), nprocs=2)
    assert [(tmp_path / f"{rank}.stopped").read_text() for rank in range(2)] == ["143", "143"]
    saved = torch.load(tmp_path / "work.pt", weights_only=True)
    assert 3 < saved["progress"]["step"] < STEPS and len(saved["progress"]["history"]) == saved["progress"]["step"]
