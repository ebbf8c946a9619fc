"""The pretraining loop: one readable step, resumable at any step, a function of data, configuration and seed alone.

Every random number is a function of (seed, step): the order of clips of (seed, epoch), the draws of a step and its
dropout of (seed, step). So a resumed run needs no generator state, and ends in the same bits on the same machine. With
several processes (`torchrun`) each computes its part of every batch, and the result is that of one process on the whole
batch; dropout masks apart. Nothing in a step waits for the device: losses of many steps come to the CPU at once.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from cmg.methods.base import Method
from cmg.methods.types import LossTerms
from cmg.nn.distributed import alone, average_gradients, total, world
from cmg.train import state
from cmg.train.data import TrainingData, ahead, epoch_order
from cmg.train.divergence import check_losses, check_state, explained
from cmg.train.precision import DTYPES, Precision, autocast, multiplying, ready
from cmg.train.watch import unhealthy

NOTE_EVERY = 10  # steps whose losses are brought to the CPU together
STOPPED = 143  # exit status after SIGTERM
RANKS_APART = 0x9E3779B8  # between the seeds of processes; torch's generator on the CPU takes 32 bits
Phase = Callable[[str], AbstractContextManager[None]]


def unnamed(name: str) -> AbstractContextManager[None]:
    """A phase that nobody measures."""
    return nullcontext()


@dataclass(frozen=True)
class TrainOptions:
    """Schedule of a run.

    ``clip_norm`` bounds each clip group's gradient norm; the state is saved after ``save_every`` steps (or a multiple
    of them) when ``save_seconds`` have passed since it was saved.

    precision: of networks and losses (cmg/train/precision.py).
    """

    epochs: int
    batch_size: int
    learning_rate: float = 4e-4
    variational_learning_rate: float = 1e-3
    clip_norm: float = 0.5
    seed: int = 0
    save_every: int = 50
    save_seconds: float = 60.0
    precision: Precision = "float32"


def steps_per_epoch(clips: int, batch_size: int) -> int:
    """Batches per epoch; a last batch of one clip, on which no contrastive loss is defined, is left out."""
    whole, rest = divmod(clips, batch_size)
    return whole + (rest > 1)


def train(
    method: Method,
    data: TrainingData,
    options: TrainOptions,
    work: Path,
    key: str,
    progress: Callable[[int, int, dict[str, float]], None] = lambda step, total, row: None,
    warn: Callable[[str], None] = lambda line: None,
) -> state.Progress:
    """Train ``method`` in place and return its history.

    Args:
        work: file that holds unfinished training; a run with the same ``key`` continues there.
        key: digest of everything the run depends on.
        progress: called with (steps done, steps in all, latest history row, empty at first).
        warn: called after an epoch in which something is unhealthy, with one line that says what, and what to try.

    Raises:
        Diverged: a loss or weight is not finite, or the loss grew beyond measure; ``work`` keeps the last good state.
        SystemExit: SIGTERM came; the step was finished and the state saved.
        ValueError: fewer than two clips, or a precision that the device does not have.
    """
    if len(data) < 2:
        raise ValueError(f"pretraining needs at least 2 usable clips, found {len(data)}; see: python -m pipeline check")
    ready(method, options.precision)
    optimisers = make_optimisers(method, options)
    done = state.resume(work, key, method, optimisers)
    per_epoch = steps_per_epoch(len(data), options.batch_size)
    steps = options.epochs * per_epoch
    noted, saved = [], time.monotonic()
    with asked_to_stop() as asked, explained(done, work):
        for step, fetched in _batches(data, options, range(done.step, steps)):
            noted.append(train_step(method, data.place(fetched), options, optimisers, step, len(data)))
            done.step = step + 1
            ended, due = done.step % per_epoch == 0, done.step % options.save_every == 0 and done.step < steps
            stop = _agreed(asked(), data.device, ended or len(noted) == NOTE_EVERY)
            if ended or stop or due or len(noted) == NOTE_EVERY:
                _note(done, noted, per_epoch)
            if ended:
                _note_health(done, method, done.step // per_epoch)
                _warn(done, done.step // per_epoch, warn)
            if stop or due or done.step == steps:
                check_state(done.step, method)
            if world()[0] == 0 and (stop or (due and time.monotonic() - saved >= options.save_seconds)):
                state.save(work, key, method, optimisers, done)
                saved = time.monotonic()
            progress(done.step, steps, done.latest)
            if stop:
                raise SystemExit(STOPPED)
    method.float().eval()
    method.finish(data.in_order(options.batch_size))
    _note_health(done, method, options.epochs)
    return done


def _batches(data: TrainingData, options: TrainOptions, todo: range) -> Iterator[tuple[int, Any]]:
    """Steps with the features of this process's part of their batches, read ahead."""
    place = world()
    return zip(
        todo, ahead(lambda step: data.fetch(own(positions(len(data), options, step), *place)), todo), strict=True
    )


def make_optimisers(method: Method, options: TrainOptions) -> dict[str, Optimizer]:
    """Adam for the model, and for the variational (CLUB) networks when there are any."""
    optimisers: dict[str, Optimizer] = {"main": Adam(method.main_parameters(), lr=options.learning_rate, fused=True)}
    if variational := method.variational_parameters():
        optimisers["variational"] = Adam(variational, lr=options.variational_learning_rate, fused=True)
    return optimisers


def positions(clips: int, options: TrainOptions, step: int) -> np.ndarray:
    """The clips of a step's batch, of all processes together."""
    epoch, index = divmod(step, steps_per_epoch(clips, options.batch_size))
    return epoch_order(clips, options.seed, epoch)[index * options.batch_size : (index + 1) * options.batch_size]


def own(rows: np.ndarray, rank: int, processes: int) -> np.ndarray:
    """A process's part of a batch; one that cannot be shared out evenly is computed in full by every process."""
    return rows if len(rows) % processes else np.split(rows, processes)[rank]


def train_step(
    method: Method,
    batch: Any,
    options: TrainOptions,
    optimisers: dict[str, Optimizer],
    step: int,
    clips: int,
    phase: Phase = unnamed,
) -> LossTerms:
    """One step: forward with its codebook update and inner fits, backward, clipping per group, Adam.

    batch: this process's part; clips: all training clips, N; phase: a context around each of these parts, by name.
    """
    rows, steps = len(positions(clips, options, step)), options.epochs * steps_per_epoch(clips, options.batch_size)
    generator = torch.Generator().manual_seed(_stream(options.seed, step, 1))
    method.train()
    device = batch.device
    with alone(batch.size == rows), multiplying(options.precision):
        # dropout: every process its own masks
        torch.manual_seed(_stream(options.seed, step, 0) + RANKS_APART * world()[0])
        draws = replace(method.draw(generator, rows, batch.seconds), progress=step / steps).to(device)
        with phase("forward"), autocast(options.precision, device):
            terms = method.loss(batch.to(DTYPES[options.precision]), draws, _fit(method, optimisers, phase))
        with phase("backward"):
            optimisers["main"].zero_grad()
            terms.total.backward()
            average_gradients(method.main_parameters())
    with phase("clip"):
        for parameters in method.clip_groups().values():
            torch.nn.utils.clip_grad_norm_(parameters, options.clip_norm)
    with phase("adam"):
        optimisers["main"].step()
    return terms


def _stream(seed: int, step: int, which: int) -> int:
    return (seed * 1_000_003 + step) * 2 + which


def _fit(method: Method, optimisers: dict[str, Optimizer], phase: Phase) -> Callable[[Callable[[], Tensor]], None]:
    def fit(closure: Callable[[], Tensor]) -> None:
        """Minimise `closure` over the variational networks, `inner_steps` times (`Fit`)."""
        with phase("variational"):
            for _ in range(method.inner_steps):
                optimisers["variational"].zero_grad()
                loss = closure()
                with torch.autocast(loss.device.type, enabled=False):  # `fit` is called within the forward pass
                    loss.backward()
                    average_gradients(method.variational_parameters())
                    optimisers["variational"].step()

    return fit


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Within it SIGTERM ends nothing; the function it gives says whether the signal came."""
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # only the main thread receives signals
        yield lambda: False
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGTERM, before)


def _agreed(asked: bool, device: torch.device, meeting: bool) -> bool:
    """Whether to stop: processes decide together, only where they meet, or one would wait for the others for ever."""
    if world()[1] == 1:
        return asked
    return meeting and bool(total(torch.tensor(float(asked), device=device)))


def _note(done: state.Progress, noted: list[LossTerms], per_epoch: int) -> None:
    """Append a row for each of the latest steps, and forget them: step, epoch, every term, the total, every monitor."""
    rows = [{**terms.terms, "total": terms.total, **terms.monitors} for terms in noted]
    done.columns = done.columns or ["step", "epoch", *rows[0]]
    for row in rows:
        if ["step", "epoch", *row] != done.columns:
            raise ValueError(
                "a method has the same terms and monitors in every step: "
                f"expected {done.columns[2:]}, found {list(row)}"
            )
    table = torch.stack([torch.stack([v.detach().reshape(()).double() for v in row.values()]) for row in rows])
    for number, values in enumerate((total(table) / world()[1]).tolist(), done.step - len(noted)):
        done.history.append([number + 1, number // per_epoch + 1, *values])
        check_losses(done, list(noted[0].terms))
    noted.clear()


def _warn(done: state.Progress, epoch: int, warn: Callable[[str], None]) -> None:
    """One line about an epoch that has just ended, if it was unhealthy; the first process alone speaks."""
    history = dict(zip(done.columns, zip(*done.history, strict=True), strict=True))
    health = done.health[-1] if done.health and done.health[-1]["epoch"] == epoch else {}
    if world()[0] == 0 and (found := unhealthy(history, health)):
        warn(f"epoch {epoch}: {'; '.join(found)}")


def _note_health(done: state.Progress, method: Method, epoch: int) -> None:
    """Append what the method says of its codebook, if it has quantised anything since it was last asked."""
    if health := method.health():
        done.health.append({"epoch": epoch, **health})
