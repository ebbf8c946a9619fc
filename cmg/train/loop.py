"""The pretraining loop: one readable step, resumable at any step, a function of data, configuration and seed alone.

Every random number is a function of (seed, step): the order of clips of (seed, epoch), the draws of a step and its dropout of
(seed, step). So a resumed run needs no generator state, and ends in the same bits on the same machine.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from cmg.methods.base import LossTerms, Method
from cmg.train import state
from cmg.train.data import PairedFeatures, epoch_order


@dataclass(frozen=True)
class TrainOptions:
    """Schedule of a run. ``clip_norm`` bounds each clip group's gradient norm; ``save_every`` steps the state is saved."""

    epochs: int
    batch_size: int
    learning_rate: float = 4e-4
    variational_learning_rate: float = 1e-3
    clip_norm: float = 0.5
    seed: int = 0
    save_every: int = 50


class Diverged(RuntimeError):
    """The loss is no longer finite."""


def steps_per_epoch(clips: int, batch_size: int) -> int:
    """Batches per epoch; a last batch of one clip, on which no contrastive loss is defined, is left out."""
    whole, rest = divmod(clips, batch_size)
    return whole + (rest > 1)


def train(
    method: Method,
    data: PairedFeatures,
    options: TrainOptions,
    work: Path,
    key: str,
    progress: Callable[[int, int, dict[str, float]], None] = lambda step, total, row: None,
) -> state.Progress:
    """Train ``method`` in place and return its history.

    Args:
        work: file that holds unfinished training; a run with the same ``key`` continues there.
        key: digest of everything the run depends on.
        progress: called with (steps done, steps in all, latest history row).

    Raises:
        Diverged: a loss term is not finite; the message names it, and the last saved state stays in ``work``.
        ValueError: fewer than two clips.
    """
    if len(data) < 2:
        raise ValueError(f"pretraining needs at least 2 usable clips, found {len(data)}; see: python -m pipeline check")
    optimisers = make_optimisers(method, options)
    done = state.resume(work, key, method, optimisers)
    per_epoch = steps_per_epoch(len(data), options.batch_size)
    total = options.epochs * per_epoch
    for step in range(done.step, total):
        terms = train_step(method, data, options, optimisers, step, per_epoch)
        _note(done, terms, step, step // per_epoch)
        if done.step % per_epoch == 0:
            _note_health(done, method, done.step // per_epoch)
        if done.step % options.save_every == 0 and done.step < total:
            state.save(work, key, method, optimisers, done)
        progress(done.step, total, dict(zip(done.columns, done.history[-1], strict=True)))
    method.eval()
    method.finish(data.in_order(options.batch_size))
    _note_health(done, method, options.epochs)
    return done


def make_optimisers(method: Method, options: TrainOptions) -> dict[str, Optimizer]:
    """Adam for the model, and for the variational (CLUB) networks when there are any."""
    optimisers: dict[str, Optimizer] = {"main": Adam(method.main_parameters(), lr=options.learning_rate)}
    if variational := method.variational_parameters():
        optimisers["variational"] = Adam(variational, lr=options.variational_learning_rate)
    return optimisers


def train_step(
    method: Method, data: PairedFeatures, options: TrainOptions, optimisers: dict[str, Optimizer], step: int, per_epoch: int
) -> LossTerms:
    """One step: forward with its codebook update and inner fits, backward, clipping per group, Adam."""
    epoch, index = divmod(step, per_epoch)
    positions = epoch_order(len(data), options.seed, epoch)[index * options.batch_size : (index + 1) * options.batch_size]
    batch = data.batch(positions)
    torch.manual_seed(_stream(options.seed, step, 0))
    generator = torch.Generator().manual_seed(_stream(options.seed, step, 1))
    method.train()
    draws = replace(method.draw(generator, batch.size, batch.seconds), progress=step / (options.epochs * per_epoch))
    terms = method.loss(batch, draws, _fit(method, optimisers))
    optimisers["main"].zero_grad()
    terms.total.backward()
    for parameters in method.clip_groups().values():
        torch.nn.utils.clip_grad_norm_(parameters, options.clip_norm)
    optimisers["main"].step()
    return terms


def _stream(seed: int, step: int, which: int) -> int:
    return (seed * 1_000_003 + step) * 2 + which


def _fit(method: Method, optimisers: dict[str, Optimizer]) -> Callable[[Callable[[], Tensor]], None]:
    def fit(closure: Callable[[], Tensor]) -> None:
        for _ in range(method.inner_steps):
            optimisers["variational"].zero_grad()
            closure().backward()
            optimisers["variational"].step()

    return fit


def _note(done: state.Progress, terms: LossTerms, step: int, epoch: int) -> None:
    """Append one row: step, epoch, every term, the total, every monitor."""
    values = {**terms.terms, "total": terms.total, **terms.monitors}
    row = dict(zip(values, torch.stack([v.detach().reshape(()).double() for v in values.values()]).tolist(), strict=True))
    if bad := [name for name in terms.terms if not math.isfinite(row[name])]:
        raise Diverged(f"step {step + 1}: loss {', '.join(bad)} is not finite; lower the learning rate or inspect the last history rows")
    done.columns = ["step", "epoch", *row]
    done.history.append([step + 1, epoch + 1, *row.values()])
    done.step = step + 1


def _note_health(done: state.Progress, method: Method, epoch: int) -> None:
    """Append what the method says of its codebook, if it has quantised anything since it was last asked."""
    if health := method.health():
        done.health.append({"epoch": epoch, **health})
