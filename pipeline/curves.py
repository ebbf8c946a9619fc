"""What a training run shows while it lasts: a progress bar, and curves that DVCLive writes to ``logs/`` (never a stage's output)."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from dvclive import Live

from pipeline import paths, progress

Show = Callable[[int, int, dict[str, float]], None]


@contextmanager
def shown(run_name: str, batch_size: int, visible: bool = True) -> Iterator[Show]:
    """A callback (steps done, steps in all, latest row of losses and monitors), which shows nothing where not ``visible``."""
    if not visible:
        yield lambda step, total, row: None
        return
    folder = paths.log("pretrain", run_name).with_suffix("")
    with progress.bar(0, f"pretrain {run_name}") as bar, Live(str(folder), save_dvc_exp=False, dvcyaml=None) as live:
        yield _Curves(bar, live, batch_size)


class _Curves:
    def __init__(self, bar, live: Live, batch_size: int) -> None:
        self.move, self.bar, self.live, self.batch_size = progress.updater(bar), bar, live, batch_size
        self.noted, self.since = 0, time.monotonic()

    def __call__(self, step: int, total: int, row: dict[str, float]) -> None:
        self.move(step, total)
        if row and row["step"] != self.noted:
            self.bar.set_postfix(loss=f"{row['total']:.3f}", refresh=False)
            self._log(int(row["step"]), {name: value for name, value in row.items() if name not in ("step", "epoch")})

    def _log(self, step: int, values: dict[str, float]) -> None:
        now = time.monotonic()
        rate = (step - self.noted) * self.batch_size / (now - self.since)
        memory = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else 0.0
        self.noted, self.since, self.live.step = step, now, step
        for name, value in {**values, "clips_per_second": rate, "gpu_memory_gib": memory}.items():
            self.live.log_metric(name, value)
