"""Where the time of a training step goes, and what share of the device's peak it reaches.

Axes: B clips, T seconds, L words.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from cmg.methods.base import Method
from cmg.methods.types import LossTerms
from cmg.nn.distributed import world
from cmg.train.data import PairedFeatures, ResidentFeatures
from cmg.train.loop import Phase, TrainOptions, make_optimisers, own, positions, train_step, unnamed
from cmg.train.precision import DTYPES, Precision, multiplying, ready

SECONDS, WORDS = 10, 10
PHASES = ("features", "forward", "variational", "backward", "clip", "adam")  # `variational` lies within `forward`
PEAK_SIZE = {"cpu": 2048, "cuda": 8192}  # side of the matrices whose product is the peak


@dataclass(frozen=True)
class Profile:
    """seconds: wall clock of a step; phases: seconds by name in steps that wait for the device at both ends of each;
    operations: seconds by name, on a GPU of its kernels, the longest first; flops: counted in a step (matrix products
    and convolutions); peak: operations per second of a large matrix product in the same precision; memory: bytes of GPU
    memory at most, 0 on a CPU.
    """

    seconds: float
    phases: dict[str, float]
    operations: dict[str, float]
    flops: float
    peak: float
    memory: int

    @property
    def share(self) -> float:
        """Of the peak, between 0 and 1."""
        return self.flops / self.seconds / self.peak


def random_features(clips: int, device: torch.device) -> ResidentFeatures:
    """Random features of the official shapes and stored types, non-negative where real ones are, held as training holds
    them."""
    g = torch.Generator(device).manual_seed(0)
    tables = {
        "audio": torch.randn(clips, SECONDS, 128, generator=g, device=device).relu_(),
        "video": torch.randn(clips, SECONDS, 7, 7, 512, generator=g, device=device, dtype=torch.float16).relu_(),
        "text": torch.randn(clips, WORDS, 768, generator=g, device=device),
        "text_mask": torch.ones(clips, WORDS, dtype=torch.bool, device=device),
        "text_lengths": torch.full((clips,), WORDS),
    }
    rows = np.arange(clips)
    store: Any = None  # nothing is read from stores
    return ResidentFeatures(store, store, store, rows, rows, device, tables=tables)


def stepper(
    method: Method, data: PairedFeatures, batch_size: int, precision: Precision, phase: Phase = unnamed
) -> Callable[[int], LossTerms]:
    """A function that takes training step i, batch included, for `method` on the device of the features; `phase` as for
    `train_step`.

    batch_size: of all processes together; each takes its part.
    """
    options = TrainOptions(epochs=10**6, batch_size=batch_size, precision=precision)
    ready(method, precision)
    optimisers, place = make_optimisers(method, options), world()

    def take(step: int) -> LossTerms:
        with phase("features"):
            batch = data.batch(own(positions(len(data), options, step), *place))
        return train_step(method, batch, options, optimisers, step, len(data), phase)

    return take


def time_step(step: Callable[[int], LossTerms], device: torch.device, steps: int) -> float:
    """Seconds per step over `steps` steps after a first one that is not counted."""
    step(0)
    wait(device)
    started = time.perf_counter()
    for number in range(1, steps + 1):
        step(number)
    wait(device)
    return (time.perf_counter() - started) / steps


def profile_step(
    method: Method, batch_size: int, device: torch.device, precision: Precision, steps: int = 3, longest: int = 10
) -> Profile:
    """Time, phases and operations of a step of `method`, which is on `device`, on random features; averaged over
    `steps`."""
    timed = False
    phases = dict.fromkeys(PHASES, 0.0)

    @contextmanager
    def phase(name: str) -> Iterator[None]:
        """Counts the seconds within it while `timed`."""
        if not timed:
            yield
            return
        wait(device)
        started = time.perf_counter()
        yield
        wait(device)
        phases[name] += (time.perf_counter() - started) / steps

    step = stepper(method, random_features(batch_size, device), batch_size, precision, phase)
    seconds = time_step(step, device, steps)
    timed = True
    for number in range(steps):
        step(steps + 1 + number)
    timed = False
    with FlopCounterMode(display=False) as counter:
        step(2 * steps + 1)
    cuda = device.type == "cuda"
    with profile(
        activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])], acc_events=True
    ) as recorded:
        for number in range(steps):
            step(2 * steps + 2 + number)
        wait(device)
    spent = {name: seconds / steps for name, seconds in _spent(recorded, cuda).items()}
    operations = dict(sorted(spent.items(), key=lambda item: -item[1])[:longest])
    memory = torch.cuda.max_memory_allocated(device) if cuda else 0
    return Profile(seconds, phases, operations, counter.get_total_flops(), peak(device, precision), memory)


def _spent(recorded: profile, cuda: bool) -> dict[str, float]:
    """Seconds by operation, on a GPU by kernel; a named range, such as an optimiser's step, is neither, and would count
    kernels twice."""
    own, wanted = ("self_device_time_total", DeviceType.CUDA) if cuda else ("self_cpu_time_total", DeviceType.CPU)
    events = (
        event for event in recorded.key_averages() if event.device_type == wanted and not event.is_user_annotation
    )
    return {event.key: getattr(event, own) / 1e6 for event in events}


def peak(device: torch.device, precision: Precision, rounds: int = 5) -> float:
    """Floating-point operations per second of a large matrix product, the best of `rounds`."""
    dtype = torch.bfloat16 if precision == "bfloat16" else DTYPES[precision]
    size = PEAK_SIZE[device.type]
    a = torch.randn(size, size, device=device).to(dtype)
    taken = []
    for _ in range(rounds):
        wait(device)
        started = time.perf_counter()
        with multiplying(precision, torch.backends.cuda.matmul):
            a @ a
        wait(device)
        taken.append(time.perf_counter() - started)
    return 2 * size**3 / min(taken)


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
