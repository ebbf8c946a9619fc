"""What is unhealthy in a run that goes on, and what to try: by its losses and its codebook, after every epoch. No
torch."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Mapping, Sequence

# names of losses that begin at chance
CONTRASTS = ("cpc", "infonce", "cmcm", "high", "fine", "fcmi", "cross", "intra", "contrast")
FIRST = 3  # steps whose mean a loss began at
LEARNT = 0.98  # a contrast above this share of where it began has learnt nothing
GROWN, LARGE = 10, 1.0  # a loss has left its scale when it is so many times where it began, and larger than this
UNUSED = 0.5  # share of the codes
RANK, CODES_PER_RANK = 20, 20  # an effective rank below 20, or below a twentieth of the codes, is low
NOISE = 0.01  # of a bound around zero, beside twice the error of its mean


def unhealthy(history: Mapping[str, Sequence[float]], health: Mapping[str, float]) -> list[str]:
    """What is wrong with the latest epoch, each with what to try; empty where nothing is.

    history: columns of history.csv, a value per step so far; losses stand before `total`, and what follows is not
    looked at.
    health: row of codebook.csv of that epoch, empty where there is none.
    """
    return [*_codes(health), *_losses(history)]


def _codes(health: Mapping[str, float]) -> Iterator[str]:
    unused, rank, codes = health.get("shared/0", 0.0), health.get("effective_rank"), _size(health)
    if unused > UNUSED:
        yield (
            f"{unused:.0%} of the codes chosen by no modality "
            "(try a lower reset_after, or the term that sends the largest gradient off)"
        )
    if rank is not None and codes and rank < min(RANK, codes / CODES_PER_RANK):
        yield (
            f"codes span {rank:.1f} directions only "
            "(try a smaller tau, or CLUB off: features that are alike give codes that are alike)"
        )


def _size(health: Mapping[str, float]) -> float | None:
    """K, which a row of health holds as unused codes over their share; None where a modality used all."""
    shares = {name: 1 - health[f"usage/{name.partition('/')[2]}"] for name in health if name.startswith("dead/")}
    return next((health[name] / share for name, share in shares.items() if share > 0), None)


def _losses(history: Mapping[str, Sequence[float]]) -> Iterator[str]:
    epochs = history.get("epoch", ())
    latest = [place for place, epoch in enumerate(epochs) if epoch == epochs[-1]]
    losses = itertools.takewhile(lambda item: item[0] != "total", history.items())
    for name, values in losses if latest else ():
        if name in ("step", "epoch"):
            continue
        began, now = statistics.fmean(values[:FIRST]), [values[place] for place in latest]
        mean = statistics.fmean(now)
        if name.startswith("club") and mean < -NOISE - 2 * _error(now):
            yield (
                f"{name} is {mean:.3g} on average, which no mutual information is "
                "(try club_floor: true, or more club_steps)"
            )
        elif abs(mean) > max(LARGE, GROWN * abs(began)):
            yield (
                f"{name} grew from {began:.3g} to {mean:.3g} "
                "(try standardised features, a lower learning rate, or the term off)"
            )
        elif name.startswith(CONTRASTS) and len(values) > len(now) and mean > LEARNT * began > 0:
            yield (
                f"{name} is {mean:.3g}, where it began, at chance (try standardised features, CLUB off, or another tau)"
            )


def _error(values: Sequence[float]) -> float:
    """Standard error of the mean; zero for one value."""
    return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
