"""Two processes on halves of a batch equal one process on the whole: gradients and codebook."""

import sys
from pathlib import Path
from subprocess import Popen

import pytest
import torch

from cmg.methods import build
from cmg.methods.base import Batch

SMALL = {"codebook_size": 12, "embedding_dim": 8, "specific_channels": 4, "decoder_channels": 8, "heads": 2, "feedforward": 16}
CLIPS, SECONDS = 4, 5


def whole_batch() -> Batch:
    g = torch.Generator().manual_seed(5)
    features = [torch.randn(CLIPS, SECONDS, *shape, generator=g, dtype=torch.float64) for shape in ((128,), (7, 7, 512), (768,))]
    return Batch(*features, torch.ones(CLIPS, SECONDS, dtype=torch.bool))


def one_step(rank: int, world: int) -> dict[str, torch.Tensor]:
    """Gradients averaged over processes, and the codebook, after one step of FCID on this process's clips."""
    torch.manual_seed(0)
    method = build("fcid", {**SMALL, "dropout": 0.0, "losses": {"cmcm": True}, "club_estimate": "sampled"}).double().train()
    batch, rows = whole_batch(), slice(rank * CLIPS // world, (rank + 1) * CLIPS // world)
    mine = Batch(*(getattr(batch, n)[rows] for n in ("audio", "video", "text", "text_mask")))
    draws = method.draw(torch.Generator().manual_seed(1), CLIPS, SECONDS)
    method.loss(mine, draws, lambda closure: None).total.backward()
    result = {n: p.grad for n, p in method.named_parameters() if p.grad is not None}
    if world > 1:
        for gradient in result.values():
            torch.distributed.all_reduce(gradient)
            gradient /= world
    return result | {n: b.double() for n, b in method.quantizer.named_buffers()}


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no distributed package")
def test_two_processes_equal_one(tmp_path):
    root = Path(__file__).parents[2]
    module = [sys.executable, "-m", "tests.methods.test_two_processes"]
    started = [Popen([*module, str(rank), str(tmp_path)], cwd=root) for rank in range(2)]
    assert [process.wait(timeout=300) for process in started] == [0, 0]
    expected, found = one_step(0, 1), torch.load(tmp_path / "0.pt", weights_only=True)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-12, msg=lambda m, n=name: f"{n}: {m}")


if __name__ == "__main__":
    number, folder = int(sys.argv[1]), sys.argv[2]
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=number, world_size=2)
    torch.save(one_step(number, 2), f"{folder}/{number}.pt")
    torch.distributed.destroy_process_group()
