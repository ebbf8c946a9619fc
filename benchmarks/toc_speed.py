"""Does TOC make heads faster? Time of one fitting epoch and of inference against the number of kept dimensions Q, in one run.

    python -m benchmarks.toc_speed              AVE's and AVVP's official sizes, D = 256
    python -m benchmarks.toc_speed --clips 400 --rounds 3

`two_linear`: the released head of clip tasks (Q->Q per second, maximum, Q->28), on 3,339 clips. `linear`: the paper's head (Q->26 per
second), on 1,846 clips. Codes are looked up beforehand: encoders cost the same with any Q, so this is all that TOC can save. Every round
times every Q in turn; ratios are medians over rounds, against all D dimensions in the same round. `ranking_seconds`: TOC itself, once.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from cmg.tasks import released
from cmg.tasks.recipes import Recipe
from cmg.toc import select, toc_scores

D, SECONDS, CODES = 256, 10, 400
GRID = (32, 64, 128, 168, 196, 224, 256)
HEADS = {"two_linear": ((1.0,), 28, True, 3339), "linear": ((), 26, False, 1846)}


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def workload(name: str, q: int, clips: int, book: np.ndarray, ranking: np.ndarray) -> tuple[Callable, Callable]:
    """One epoch of fitting, and inference over the same clips, with Q dimensions."""
    hidden, answers, per_clip, _ = HEADS[name]
    rng = np.random.default_rng(0)
    codes = book[rng.integers(0, CODES, (clips, SECONDS))][..., select(ranking, q)]
    target = rng.integers(0, answers, clips) if per_clip else rng.random((clips, SECONDS, answers)) < 0.1
    labels = torch.from_numpy(target).to(torch.int64 if per_clip else torch.float64)
    head = released.Head(q, hidden, answers, per_clip)
    alpha = nn.Parameter(torch.full((answers,), released.ALPHA_START, dtype=torch.float64))
    optimiser = torch.optim.Adam([*head.parameters(), alpha], lr=4e-4)
    return (
        lambda: released.fit_epoch(Recipe(1), head, alpha, optimiser, torch.from_numpy(codes), labels),
        lambda: released.answer(head, codes),
    )


def measure(name: str, clips: int, rounds: int, book: np.ndarray, ranking: np.ndarray) -> dict[str, dict]:
    """Per Q: seconds of an epoch and of inference, and how many times faster than all dimensions."""
    work = {q: workload(name, q, clips, book, ranking) for q in GRID}
    taken = {q: ([], []) for q in GRID}
    for turn in range(rounds + 1):  # the first is a warm-up
        for q in GRID[turn % len(GRID) :] + GRID[: turn % len(GRID)]:
            for place in (0, 1):
                spent = seconds(work[q][place])
                if turn:
                    taken[q][place].append(spent)
    table = {}
    for q in GRID:
        faster = [statistics.median(all_d / own for all_d, own in zip(taken[D][i], taken[q][i], strict=True)) for i in (0, 1)]
        fit, infer = (statistics.median(times) for times in taken[q])
        table[str(q)] = {
            "epoch_seconds": round(fit, 4),
            "inference_seconds": round(infer, 4),
            "epoch_speedup": round(faster[0], 2),
            "inference_speedup": round(faster[1], 2),
        }
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, help="instead of the official sizes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    book = np.abs(np.random.default_rng(1).normal(size=(CODES, D))).astype(np.float32)
    found = {"machine": platform.machine(), "threads": args.threads, "ranking_seconds": round(seconds(lambda: toc_scores(book)), 5)}
    ranking = toc_scores(book).ranking
    for name, (*_, clips) in HEADS.items():
        found[name] = {"clips": args.clips or clips, "by_q": measure(name, args.clips or clips, args.rounds, book, ranking)}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
