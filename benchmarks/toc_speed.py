"""Does TOC make heads faster? Time of fitting and of inference, apart, against the number of kept dimensions Q.

    python -m benchmarks.toc_speed              AVE's and AVVP's official sizes, D = 256
    python -m benchmarks.toc_speed --clips 400 --rounds 3

`two_linear`: the released head of clip tasks (Q->Q per second, maximum, Q->28), on 3,339 clips. `linear`: the paper's
head (Q->26 per second), on 1,846 clips. Codes are looked up beforehand: encoders cost the same with any Q, so this is
all that TOC can save.

`fitting`: one epoch, batches of 80, gradients and optimiser included. `inference`: the answers for all clips. The two
are measured one after the other, not in turn. Every round times every Q, beginning with another one each time, by the
mean of as many repetitions as fill
0.2 s. Per Q stand median, first and third quartile over rounds: of the seconds, and of how many times as fast it is as
  all D dimensions
in the same round.
`ranking_seconds`: TOC itself, on codebooks of 400 x 256 and 8,192 x 1,024; median, first and third quartile over
rounds.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import nn

from cmg.tasks import released_heads
from cmg.tasks.recipes import Recipe
from cmg.toc import select, toc_scores

D, SECONDS, CODES = 256, 10, 400
LEAST = 0.2  # seconds that one measurement lasts
GRID = (32, 64, 128, 168, 196, 224, 256)
RANKED = ((CODES, D), (8192, 1024))  # codebooks K x D
HEADS = {"two_linear": ((1.0,), 28, True, 3339), "linear": ((), 26, False, 1846)}


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def workload(name: str, q: int, clips: int, book: np.ndarray, ranking: np.ndarray) -> dict[str, Callable]:
    """One epoch of fitting, and inference over the same clips, with Q dimensions."""
    hidden, answers, per_clip, _ = HEADS[name]
    rng = np.random.default_rng(0)
    codes = book[rng.integers(0, CODES, (clips, SECONDS))][..., select(ranking, q)]
    target = rng.integers(0, answers, clips) if per_clip else rng.random((clips, SECONDS, answers)) < 0.1
    labels = torch.from_numpy(target).to(torch.int64 if per_clip else torch.float64)
    head = released_heads.Head(q, hidden, answers, per_clip)
    alpha = nn.Parameter(torch.full((answers,), released_heads.ALPHA_START, dtype=torch.float64))
    optimiser = torch.optim.Adam([*head.parameters(), alpha], lr=4e-4)
    return {
        "fitting": lambda: released_heads.fit_epoch(Recipe(1), head, alpha, optimiser, torch.from_numpy(codes), labels),
        "inference": lambda: released_heads.answer(head, codes),
    }


def measure(work: Mapping[int, Callable], rounds: int) -> dict[str, dict]:
    """Per Q: seconds, and how many times as fast as all dimensions; [median, first quartile, third quartile] over
    rounds."""
    repeats = {q: max(1, round(LEAST / max(seconds(one), 1e-4))) for q, one in work.items()}
    taken: dict[int, list[float]] = {q: [] for q in work}
    for turn in range(rounds + 1):  # the first is a warm-up
        start = turn % len(GRID)
        for q in GRID[start:] + GRID[:start]:
            spent = seconds(lambda q=q: [work[q]() for _ in range(repeats[q])]) / repeats[q]
            if turn:
                taken[q].append(spent)
    faster = {q: [whole / own for whole, own in zip(taken[D], times, strict=True)] for q, times in taken.items()}
    return {str(q): {"seconds": spread(taken[q], 5), "times_as_fast": spread(faster[q], 2)} for q in GRID}


def spread(values: Sequence[float], digits: int) -> list[float]:
    """Median, first and third quartile."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return [round(value, digits) for value in (middle, low, high)]


def ranking_seconds(rounds: int) -> dict[str, list[float]]:
    """Scores and ranking of random codebooks, by size; the first round is a warm-up."""
    found = {}
    for codes, dimensions in RANKED:
        book = np.random.default_rng(1).normal(size=(codes, dimensions)).astype(np.float32)
        found[f"{codes}x{dimensions}"] = spread(
            [seconds(lambda book=book: toc_scores(book)) for _ in range(rounds + 1)][1:], 5
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, help="instead of the official sizes")
    parser.add_argument("--rounds", type=int, default=31, help="two or more")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    if args.rounds < 2:
        parser.error(f"--rounds {args.rounds}: a spread needs two or more")
    torch.set_num_threads(args.threads)
    book = np.abs(np.random.default_rng(1).normal(size=(CODES, D))).astype(np.float32)
    found = {"machine": platform.machine(), "threads": args.threads, "ranking_seconds": ranking_seconds(args.rounds)}
    ranking = toc_scores(book).ranking
    for name, (*_, official) in HEADS.items():
        clips = args.clips or official
        work = {q: workload(name, q, clips, book, ranking) for q in GRID}
        by_q = {
            kind: measure({q: of[kind] for q, of in work.items()}, args.rounds) for kind in ("fitting", "inference")
        }
        found[name] = {"clips": clips, "rounds": args.rounds, **by_q}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
