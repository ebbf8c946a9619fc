"""Training history as CSV: losses per step, codebook health per epoch; deterministic text."""

from cmg.train.state import Progress


def to_csv(progress: Progress) -> str:
    """Header ``step,epoch,<losses>,total,<monitors>`` and one row per step, values with 7 significant digits."""
    lines = [",".join(progress.columns or ["step", "epoch"])]
    for step, epoch, *values in progress.history:
        lines.append(",".join([str(int(step)), str(int(epoch)), *(f"{value:.7g}" for value in values)]))
    return "\n".join(lines) + "\n"


def health_csv(progress: Progress) -> str:
    """Header ``epoch,<codebook health>`` and one row per epoch; a codebook fitted after training has the last epoch's
    row alone."""
    lines = [",".join(progress.health[0] if progress.health else ["epoch"])]
    for row in progress.health:
        lines.append(
            ",".join([str(int(row["epoch"])), *(f"{value:.7g}" for name, value in row.items() if name != "epoch")])
        )
    return "\n".join(lines) + "\n"
