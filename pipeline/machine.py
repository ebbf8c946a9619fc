"""What a stage ran on and what it took of it, for logs alone: nothing here enters a hashed file."""

import os
import platform
import resource
from pathlib import Path


def processor() -> str:
    """Name of the CPU and the cores this process may use."""
    cores = len(os.sched_getaffinity(0))
    return f"{_model()}, {cores} core{'s' * (cores != 1)}"


def _model() -> str:
    """As Linux names it; the architecture where it does not (ARM)."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def peak_memory_gib() -> float:
    """Most memory this process has held so far, pages of mapped files included, in GiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3)
