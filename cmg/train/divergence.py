"""When training has diverged, and what it leaves then."""

import math
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from cmg.files import write_bytes
from cmg.methods.base import Method
from cmg.nn.distributed import world
from cmg.train import history
from cmg.train.state import Progress

FIRST = 10  # steps whose median total loss is what later ones are held against
GROWN = 1e6  # times that median


class Diverged(RuntimeError):
    """A loss or a weight is no longer finite, or the loss has grown beyond measure."""


def check_losses(done: Progress, terms: Sequence[str]) -> None:
    """Of the latest row of the history. Raises Diverged, naming the step and what is wrong."""
    latest = done.latest
    if bad := [name for name in terms if not math.isfinite(latest[name])]:
        raise Diverged(f"step {latest['step']:.0f}: loss {', '.join(bad)} is not finite")
    place = done.columns.index("total")
    usual = statistics.median(abs(row[place]) for row in done.history[:FIRST])
    if len(done.history) > FIRST and abs(latest["total"]) > GROWN * usual > 0:
        raise Diverged(
            f"step {latest['step']:.0f}: "
            f"total loss {latest['total']:.3g}, over {GROWN:.0e} times that of the first steps"
        )


def check_state(step: int, method: Method) -> None:
    """Of weights and buffers after a step; waits for the device. Raises Diverged, naming those that are not finite."""
    state = {name: x for name, x in method.state_dict().items() if x.is_floating_point()}
    finite = torch.stack([x.isfinite().all() for x in state.values()]).tolist()
    if bad := [name for name, good in zip(state, finite, strict=True) if not good]:
        named = ", ".join(bad[:3]) + (f" and {len(bad) - 3} more" if len(bad) > 3 else "")
        raise Diverged(f"step {step}: not finite after it: {named}")


def history_file(work: Path) -> Path:
    """Where the history of a run that diverged is, beside the file of its unfinished training."""
    return work.with_suffix(".csv")


@contextmanager
def explained(done: Progress, work: Path) -> Iterator[None]:
    """Where training diverges within it, the history is written, and the error names the files that are left."""
    try:
        yield
    except Diverged as error:
        if world()[0] == 0:
            write_bytes(history_file(work), history.to_csv(done).encode())
        state = f"last saved under this name: {work}" if work.is_file() else "no state was saved before"
        raise Diverged(
            f"{error}; lower the learning rate. The losses of every step: {history_file(work)}; {state}"
        ) from error
