"""Several processes of one training run (`torchrun`): one batch shared out, one result."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import NoReturn

import torch
import torch.distributed as dist
from torch.distributed import run
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

from cmg.train.loop import STOPPED


def launched() -> bool:
    """Whether torchrun started this process."""
    return "LOCAL_RANK" in os.environ


def launch(processes: int, arguments: Sequence[str]) -> NoReturn:
    """Run ``torchrun -m pipeline ARGUMENTS`` with that many processes on this machine, and end when they have.

    The exit status is 128 and its number after a signal, to torchrun or to a process that then stopped all of them
    (torchrun by itself would say 1), and 1 when a process failed in another way, which has said why.
    """
    sys.stdout.flush()
    try:
        with TemporaryDirectory() as logs:  # torchrun's own would stay
            run.main(
                ["--standalone", "--nproc-per-node", str(processes), "--log-dir", logs, "-m", "pipeline", *arguments]
            )
    except SignalException as error:
        sys.exit(128 + error.sigval)
    except ChildFailedError as error:
        sys.exit(STOPPED if error.get_first_failure()[1].exitcode == STOPPED else 1)
    sys.exit(0)


@contextmanager
def joined(device: torch.device) -> Iterator[int]:
    """Within it this process is in torchrun's group (NCCL on GPUs, else gloo); gives its rank, 0 where torchrun did not
    start it."""
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
