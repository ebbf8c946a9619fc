"""Every downstream task of one method at official sizes, on simulated codes; beside it, a loop that re-encodes every epoch.

    python -m benchmarks.tasks                  both protocols need minutes: strict alone by default
    python -m benchmarks.tasks --published      also the released heads, epochs and float64
    python -m benchmarks.tasks --share 0.1      a tenth of the clips, to see that it runs

Sizes: AVE 4,143 clips (3,339 / 402 / 402), LLP 649 + 1,200, UCF101 2,003, VGGSound-AVEL 4,813 clips of the shared classes, MSCOCO 500,
Clotho 1,045 with five captions, FlickrSound 500; 400 codes of 256 dimensions; every task, direction and bound, with and without TOC.
Each clip's class owns codes, so that heads have something to learn; scores mean nothing.

`reencode`: the released scripts run the encoder on every batch of every epoch. One batch of 80 clips is timed both ways in turn, an
encoder forward (FCID, official widths, features in memory) against looking the codes up, each with one head step; the ratio is that of
one head's epoch. No time for reading features from disk is counted.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from cmg.datasets.clips import Clip, Event
from cmg.datasets.names import AVE_CLASSES, AVE_TO_AVVP, AVVP_CLASSES, UCF_TO_VGGSOUND
from cmg.methods import build
from cmg.tasks.codes import Codes, RunCodes
from cmg.tasks.evaluate import TASKS, evaluate_run
from cmg.tasks.options import EvaluateOptions
from cmg.tasks.recipes import draws_needed
from cmg.toc import toc_scores

CODES, D, SECONDS, BATCH = 400, 256, 10, 80
SIZES = {
    "ave": {"train": 3339, "val": 402, "test": 402},
    "avvp": {"val": 649, "test": 1200},
    "ucf101": {"train": 1430, "test": 573},
    "vggsound_avel": {"train": 2894, "val": 964, "test": 955},
    "mscoco": {"test": 500},
    "clotho": {"test": 1045},
    "flickrsound": {"test": 500},
}
MODALITIES = {
    **{name: ("audio", "video") for name in ("ave", "avvp", "vggsound_avel", "flickrsound")},
    "ucf101": ("video",),
    "mscoco": ("video", "text"),
    "clotho": ("audio", "text"),
}
CAPTIONS = {"mscoco": 1, "clotho": 5}
LABELS = {
    "ave": AVE_CLASSES,
    "avvp": (*AVE_TO_AVVP.values(), *(label for label in AVVP_CLASSES if label not in AVE_TO_AVVP.values())),
    "ucf101": tuple(name for name in UCF_TO_VGGSOUND if name != "Bowling"),
    "vggsound_avel": tuple(name for name in UCF_TO_VGGSOUND.values() if name != "playing frisbee"),
}


def make_clip(dataset: str, split: str, row: int, number: int, onset: int) -> Clip:
    """A clip of a simulated dataset; `number` counts within its split."""
    name = f"{dataset[-2:]}{row:08}x" + ("_0_10" if dataset == "avvp" else "")
    captions = tuple(f"{dataset} {row} {n}" for n in range(CAPTIONS.get(dataset, 0)))
    if dataset not in LABELS:
        return Clip(row, name, split=split, captions=captions)
    label = LABELS[dataset][number % len(LABELS[dataset])]
    if dataset == "ucf101":
        group = number // len(LABELS[dataset]) % 18 + 8 if split == "train" else number // len(LABELS[dataset]) % 7 + 1
        return Clip(row, f"v_{label}_g{group:02}_c{row % 99:02}", split=split, events=(Event(label, 0, 10, "visual"),))
    span = (0.0, 10.0) if dataset == "vggsound_avel" else (float(onset), float(onset + 5))
    kinds = ("audio", "visual") if dataset == "avvp" else ("av",)
    return Clip(row, name, split=split, events=tuple(Event(label, *span, kind) for kind in kinds))


def simulate(share: float, draws: bool) -> tuple[RunCodes, dict[str, list[Clip]]]:
    """Clip indices and codes: a clip's class owns eight codes, half of its seconds use one of them."""
    rng = np.random.default_rng(0)
    indices, entries = {}, {}
    for dataset, splits in SIZES.items():
        places = [(split, number) for split, size in splits.items() for number in range(max(60, round(size * share)))]
        onsets = rng.integers(0, 6, len(places))
        clips = [make_clip(dataset, split, row, number, onsets[row]) for row, (split, number) in enumerate(places)]
        indices[dataset] = clips
        for modality in MODALITIES[dataset]:
            rows = [clip.row for clip in clips for _ in clip.captions] if modality == "text" else [clip.row for clip in clips]
            seconds = SECONDS if dataset in LABELS else 1
            own = np.array([places[row][1] % 28 for row in rows])[:, None] * 8 + rng.integers(0, 8, (len(rows), seconds))
            chosen = np.where(rng.random(own.shape) < 0.5, own, rng.integers(0, CODES, own.shape))[..., None]
            entries[dataset, modality] = Codes(np.full(len(rows), seconds, np.int32), chosen.astype(np.int32))
    book = np.abs(rng.normal(size=(CODES, D))).astype(np.float32)
    needed = draws_needed("fcid") if draws else {}
    drawn = {key: np.broadcast_to(entries[key].indices, (n, *entries[key].indices.shape)).astype(np.int16) for key, n in needed.items()}
    return RunCodes([book], entries, draws=drawn), indices


def seconds_of(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def time_tasks(codes: RunCodes, indices: dict[str, list[Clip]], options: EvaluateOptions) -> dict[str, float]:
    """Seconds of each task, and of all together."""
    rankings = {"full": toc_scores(codes.codebooks).ranking}
    taken = {name: round(seconds_of(lambda name=name: evaluate_run(codes, indices, rankings, options, [name])), 2) for name in TASKS}
    return {**taken, "total": round(sum(taken.values()), 2)}


def time_reencoding(rounds: int, modality: str) -> dict[str, float]:
    """One batch of a head's epoch: encoded anew (dropout on, no gradient) and looked up, each with a head step."""
    method = build("fcid", {}).train()
    generator = torch.Generator().manual_seed(0)
    shape = (BATCH, SECONDS, 7, 7, 512) if modality == "video" else (BATCH, SECONDS, 128)
    features = torch.rand(shape, generator=generator)
    head, target = torch.nn.Linear(D, 28), torch.randint(28, (BATCH,), generator=generator)
    optimiser = torch.optim.Adam(head.parameters(), lr=4e-3)
    book, indices = method.codebooks()[0].float(), torch.randint(CODES, (BATCH, SECONDS), generator=generator)

    def encode() -> torch.Tensor:
        with torch.no_grad():
            return book[method.encode(modality, features).indices[..., 0]]

    def step(codes: torch.Tensor) -> None:
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(head(codes.mean(dim=1)), target).backward()
        optimiser.step()

    step(encode())
    pairs = [(seconds_of(lambda: step(encode())), seconds_of(lambda: step(book[indices]))) for _ in range(rounds)]
    encoded, looked_up = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    return {"reencode_batch_seconds": round(encoded, 4), "codes_batch_seconds": round(looked_up, 5), "reencode_over_codes": round(ratio, 1)}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the official number of clips")
    parser.add_argument("--published", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args(arguments)
    torch.set_num_threads(args.threads)
    codes, indices = simulate(args.share, args.published)
    found = {"machine": platform.machine(), "threads": args.threads, "clips": {name: len(clips) for name, clips in indices.items()}}
    found["strict_seconds"] = time_tasks(codes, indices, EvaluateOptions())
    if args.published:
        found["published_seconds"] = time_tasks(codes, indices, replace(EvaluateOptions(), protocol="published"))
    for modality in ("video", "audio"):
        found[f"reencode_{modality}"] = time_reencoding(args.rounds, modality)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
