"""Device and thread count of a stage that computes. Snakemake exports thread variables and DVC does not, so a stage sets its own."""

import os

import torch

from pipeline.params import ParameterError, Params


def prepare(params: Params, threads: int | None = None) -> torch.device:
    """Set the CPU thread count and deterministic kernels; the device that ``device:`` asks for.

    threads: of a stage whose work is too small to share, in place of those of params.yaml.

    Raises:
        ParameterError: ``device: cuda`` on a machine without one.
    """
    torch.set_num_threads(threads or params.threads)
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    available = torch.cuda.is_available()
    if params.device == "cuda" and not available:
        raise ParameterError("params.yaml: device: cuda, but torch sees no GPU on this machine; use device: auto")
    if not available or params.device == "cpu":
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
