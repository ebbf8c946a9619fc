"""Device and thread count of a stage that computes. Snakemake exports thread variables and DVC does not, so a stage
sets its own."""

import os
from pathlib import Path
from typing import Any

import torch

from pipeline.params import ParameterError, Params

NVIDIA = Path("/dev/nvidia0")


def choose(params: Params) -> torch.device:
    """The device that ``device:`` asks for; of several processes of one run each has its own GPU.

    Raises:
        ParameterError: ``device: cuda`` on a machine without a GPU, a GPU that torch cannot use, or fewer GPUs than
            processes.
    """
    count = torch.cuda.device_count() if params.device != "cpu" and torch.cuda.is_available() else 0
    if params.device == "cuda" and not count:
        raise ParameterError("params.yaml: device: cuda, but torch sees no GPU on this machine; use device: auto")
    if params.device == "auto" and not count and NVIDIA.exists():
        raise ParameterError(
            f"params.yaml: device: auto, and this machine has a GPU ({NVIDIA}) "
            f"that torch {torch.__version__} cannot use: update the driver, or say device: cpu to go on without it"
        )
    if not count:
        return torch.device("cpu")
    place = int(os.environ.get("LOCAL_RANK", 0))
    if place >= count:
        raise ParameterError(
            f"params.yaml: processes: number {place + 1} has no GPU of its own; this machine has {count}"
        )
    return torch.device("cuda", place)


def prepare(params: Params, gpu: bool = True) -> torch.device:
    """Set what ``settle`` sets, for the device that ``choose`` gives, or the CPU for a stage that holds no ``gpu``
    (dvc.yaml)."""
    device = choose(params) if gpu else torch.device("cpu")
    settle(device, params.threads)
    if device.type == "cuda":
        print(f"device: {torch.cuda.get_device_name(device)}")
    return device


def settle(device: torch.device, threads: int) -> None:
    """Set the CPU thread count and deterministic kernels in full float32, on ``device``."""
    # before the first product on a GPU: otherwise they may differ by run
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = False
    backends: Any = torch.backends  # modules that put objects in their places
    for products in (backends.cudnn.conv, backends.cudnn.rnn, backends.cuda.matmul):
        products.fp32_precision = "ieee"  # float32 means float32 on every device
    torch.use_deterministic_algorithms(True, warn_only=True)
    deterministic: Any = torch.utils.deterministic
    deterministic.fill_uninitialized_memory = False
    if device.type == "cuda":
        torch.cuda.set_device(device)
        for fused in ("flash", "mem_efficient", "cudnn"):  # attention whose backward differs by run
            getattr(torch.backends.cuda, f"enable_{fused}_sdp")(False)


def decoders(params: Params, device: torch.device) -> int:
    """Processes that decode media beside one features stage: as many as the stage's threads, with a GPU as many as it
    may use cores."""
    return params.decoders or (len(os.sched_getaffinity(0)) if device.type == "cuda" else params.threads)
