"""What a training run shows while it lasts: a progress bar, and curves that DVCLive writes to ``logs/`` (never a
stage's output)."""

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from dvclive import Live
from tqdm import tqdm

from pipeline import paths, progress


@contextmanager
def shown(run_name: str, batch_size: int, visible: bool = True, stage: str = "pretrain") -> "Iterator[Curves]":
    """A callback (steps done, steps in all, latest row of losses and monitors), which shows nothing where not
    ``visible``."""
    if not visible:
        yield Curves(None, None, batch_size)
        return
    folder = paths.log(stage, run_name).with_suffix("")
    with progress.bar(0, f"{stage} {run_name}") as bar, Live(str(folder), save_dvc_exp=False, dvcyaml=None) as live:
        yield Curves(bar, live, batch_size)


class Curves:
    """Called after every step; a resumed run counts from where it was. ``measured`` sums up what this process did."""

    def __init__(self, bar: tqdm | None, live: Live | None, batch_size: int) -> None:
        self.bar, self.live, self.batch_size = bar, live, batch_size
        self.started = self.since = time.monotonic()
        self.first: int | None = None  # steps done before this process
        self.noted = 0
        self.ends: dict[int, float] = {}  # epoch: time at which its latest noted step was done

    def __call__(self, step: int, total: int, row: dict[str, float]) -> None:
        if self.first is None:
            self.first = self.noted = step - 1
        if self.bar is not None:
            progress.updater(self.bar)(step, total)
        if row and row["step"] > self.noted:
            self._note(
                int(row["step"]),
                int(row["epoch"]),
                {name: value for name, value in row.items() if name not in ("step", "epoch")},
            )

    def warn(self, line: str) -> None:
        """A line above the bar."""
        if self.bar is not None:
            self.bar.write(line, file=sys.stderr)

    def _note(self, step: int, epoch: int, values: dict[str, float]) -> None:
        now = time.monotonic()
        rate = (step - self.noted) * self.batch_size / (now - self.since)
        self.noted, self.since, self.ends[epoch] = step, now, now
        if self.live is not None and self.bar is not None:
            self.bar.set_postfix(loss=f"{values['total']:.3f}", refresh=False)
            self.live.step = step
            for name, value in {**values, "clips_per_second": rate, "gpu_memory_gib": _gpu_memory()}.items():
                self.live.log_metric(name, value)

    def measured(self, device: torch.device, features: int) -> dict[str, Any]:
        """For the log: seconds per epoch (median), how many epochs that rests on, steps that an earlier process did,
        and on a GPU its name and peak memory.

        An epoch counts from the end of the one before; the first, which warms up, counts only where there is no other;
        one that an earlier process began does not count. features: bytes of the training features that stay on the
        device, part of the peak.
        """
        seconds = [end - self.ends[epoch - 1] for epoch, end in self.ends.items() if epoch - 1 in self.ends]
        if not seconds and not self.first and self.ends:
            seconds = [self.ends[1] - self.started]
        found: dict[str, Any] = {
            "steps_before": self.first or 0,
            "epochs_timed": len(seconds),
            "batch_size": self.batch_size,
            "threads": torch.get_num_threads(),
        }
        if seconds:
            found["seconds_per_epoch"] = round(statistics.median(seconds), 4)
        if device.type == "cuda":
            gpu = {"gpu": torch.cuda.get_device_name(device), "gpu_memory_gib": round(_gpu_memory(), 3)}
            found |= {**gpu, "features_on_gpu_gib": round(features / 2**30, 3)}
        return found


def _gpu_memory() -> float:
    """Most that torch has allocated on this process's GPU, in GiB; 0 without one."""
    return torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else 0.0
