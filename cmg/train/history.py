"""Training history as CSV: one row per step; deterministic text."""

from cmg.train.state import Progress


def to_csv(progress: Progress) -> str:
    """Header ``step,epoch,<losses>,total,<monitors>`` and one row per step, values with 7 significant digits."""
    lines = [",".join(progress.columns)]
    for step, epoch, *values in progress.history:
        lines.append(",".join([str(int(step)), str(int(epoch)), *(f"{value:.7g}" for value in values)]))
    return "\n".join(lines) + "\n"
