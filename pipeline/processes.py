"""Several processes of one training run (`torchrun`): one batch shared out, one result."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import torch
import torch.distributed as dist


def launched() -> bool:
    """Whether torchrun started this process."""
    return "LOCAL_RANK" in os.environ


def launch(processes: int, arguments: Sequence[str]) -> NoReturn:
    """Replace this process by ``torchrun -m pipeline ARGUMENTS`` with that many processes on this machine."""
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m", "pipeline", *arguments]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *command])


@contextmanager
def joined(device: torch.device) -> Iterator[int]:
    """Within it this process is in torchrun's group (NCCL on GPUs, else gloo); gives its rank, 0 where torchrun did not start it."""
    if not launched():
        yield 0
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield dist.get_rank()
        dist.barrier()
    finally:
        dist.destroy_process_group()
