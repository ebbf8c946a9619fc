"""Two processes with half a batch each equal one process with the whole batch: losses, gradients, codebook."""

import shutil
from dataclasses import fields, replace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from cmg.methods import build
from cmg.methods.types import Batch
from tests.methods.conftest import SMALL

SETTINGS = {
    "dcid": {},
    "dcid release": {"variant": "release"},
    "codaar": {},
    "codaar release": {"variant": "release"},
    "fcid": {"losses": {"cmcm": True}, "club_estimate": "sampled"},
    "fcid released flow": {"flow": "release", "club_estimate": "sampled"},
    "fcid release": {"variant": "release"},
    "micu": {},
    "micu release": {"variant": "release"},
    "cmcm": {},
    "simmmdg": {"translation_dropout": 0.0},
    "codis": {},
    "turn": {},
}
SIZES = {**SMALL, "dropout": 0.0}


def whole_batch():
    g = torch.Generator().manual_seed(1)
    lengths = torch.tensor([3, 5, 4, 5])
    mask = torch.arange(5) < lengths[:, None]
    audio, text = torch.randn(4, 5, 128, generator=g), torch.randn(4, 5, 768, generator=g) * mask[..., None]
    return Batch(audio, torch.randn(4, 5, 7, 7, 512, generator=g).relu(), text, mask, lengths).to(torch.float64)


def step(name, batch):
    """Loss and gradients, and the codebook's state, of one step; the draws are those of the whole batch."""
    torch.manual_seed(0)
    method = build(name.partition(" ")[0], {**SIZES, **SETTINGS[name]}).double().train()
    terms = method.loss(
        batch, method.draw(torch.Generator().manual_seed(0), 4, 5), lambda closure: closure().backward()
    )
    terms.total.backward()
    gradients = {n: p.grad for n, p in method.named_parameters() if p.grad is not None}
    return {"total": terms.total.detach(), **gradients}, {
        n: b for n, b in method.named_buffers() if b.is_floating_point()
    }


def half(rank, rendezvous, folder):
    dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=2)
    torch.set_num_threads(1)
    mine = whole_batch()
    mine = replace(mine, **{f.name: getattr(mine, f.name)[2 * rank : 2 * rank + 2] for f in fields(mine)})
    for name in SETTINGS:
        means, codebook = step(name, mine)
        for value in means.values():
            dist.all_reduce(value)
            value /= 2
        torch.save({**means, **codebook}, folder / f"{name}-{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """Folder with what each of two processes found."""
    folder = tmp_path_factory.mktemp("halves")
    mp.spawn(half, (folder / "rendezvous", folder), nprocs=2)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(not (dist.is_available() and dist.is_gloo_available()), reason="torch was built without gloo")
@pytest.mark.parametrize("name", SETTINGS)
def test_two_processes_equal_one(halves, name):
    means, codebook = step(name, whole_batch())
    for rank in (0, 1):
        found = torch.load(halves / f"{name}-{rank}.pt", weights_only=True)
        assert found.keys() == {**means, **codebook}.keys()
        for key, value in {**means, **codebook}.items():
            torch.testing.assert_close(found[key], value, rtol=1e-8, atol=1e-11, msg=lambda m, k=key: f"{k}: {m}")
