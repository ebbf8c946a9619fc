"""Every downstream task of one method at official sizes, on simulated codes; beside it, an epoch of a head that encodes
anew.

    python -m benchmarks.tasks                  the strict protocol, task by task
    python -m benchmarks.tasks --published      also the published one: the released heads, epochs and float64
    python -m benchmarks.tasks --share 0.1      a tenth of the clips, to see that it runs

Sizes: AVE 4,143 clips (3,339 / 402 / 402), LLP 649 + 1,200, UCF101 2,003, VGGSound-AVEL 4,813 clips of the shared
classes, MSCOCO 500, Clotho 1,045 with five captions, FlickrSound 500; 400 codes of 256 dimensions; every task,
direction and bound, with and without TOC. Each clip's class owns codes, so that heads have something to learn; scores
mean nothing.

`epoch_video`, `epoch_audio`: one epoch of the released AVE head (two linear layers, maximum over seconds, float64,
batches of 80 of the 3,339 training clips) both ways. From stored codes the whole epoch is measured, looking the codes
up included. The released scripts run the encoder, in training mode and without gradients, on every batch: here FCID's
released variant at official widths, with the spatial attention computed as the release does (it has no effect there),
measured on some batches and extrapolated to the epoch; in float64 as released, and in float32. Features are in memory;
no time for reading them is counted.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from cmg.datasets.clips import Clip, Event
from cmg.datasets.names import AVE_CLASSES, AVE_TO_AVVP, AVVP_CLASSES, UCF_TO_VGGSOUND
from cmg.methods import build
from cmg.methods.base import Method
from cmg.tasks import released_heads
from cmg.tasks.codes import RunCodes, StoredCodes
from cmg.tasks.evaluate import TASKS, evaluate_run
from cmg.tasks.recipes import SCRIPTS, draws_needed
from cmg.tasks.settings import EvaluateOptions
from cmg.toc import toc_scores

CODES, D, SECONDS = 400, 256, 10
AVE = SCRIPTS["fcid"]["ave"]
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
            rows = (
                [clip.row for clip in clips for _ in clip.captions]
                if modality == "text"
                else [clip.row for clip in clips]
            )
            seconds = SECONDS if dataset in LABELS else 1
            own = np.array([places[row][1] % 28 for row in rows])[:, None] * 8 + rng.integers(
                0, 8, (len(rows), seconds)
            )
            chosen = np.where(rng.random(own.shape) < 0.5, own, rng.integers(0, CODES, own.shape))[..., None]
            entries[dataset, modality] = StoredCodes(np.full(len(rows), seconds, np.int32), chosen.astype(np.int32))
    book = np.abs(rng.normal(size=(CODES, D))).astype(np.float32)
    needed = draws_needed("fcid") if draws else {}
    drawn = {
        key: np.broadcast_to(entries[key].indices, (n, *entries[key].indices.shape)).astype(np.int16)
        for key, n in needed.items()
    }
    return RunCodes([book], entries, draws=drawn), indices


def seconds_of(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def time_tasks(codes: RunCodes, indices: dict[str, list[Clip]], options: EvaluateOptions) -> dict[str, float]:
    """Seconds of each task, and of all together."""
    rankings = {"full": toc_scores(codes.codebooks).ranking}
    taken = {}
    for name in TASKS:
        taken[name] = round(seconds_of(lambda name=name: evaluate_run(codes, indices, rankings, options, [name])), 2)
        sys.stderr.write(f"{options.protocol} {name}: {taken[name]} s\n")
    return {**taken, "total": round(sum(taken.values()), 2)}


def released_epoch(draw: Callable[[], np.ndarray], labels: torch.Tensor) -> Callable[[], None]:
    """Work that draws codes [n,T,D] and passes once over them with the released AVE head."""
    head = released_heads.Head(D, AVE.hidden, len(AVE_CLASSES), per_clip=True)
    alpha = torch.nn.Parameter(torch.full((len(AVE_CLASSES),), released_heads.ALPHA_START, dtype=torch.float64))
    optimiser = torch.optim.Adam([*head.parameters(), alpha], lr=AVE.learning_rate)
    return lambda: released_heads.fit_epoch(AVE, head, alpha, optimiser, torch.from_numpy(draw()), labels)


def median_seconds(work: Callable[[], object], rounds: int) -> float:
    """Median over rounds, after one that is not counted."""
    work()
    return statistics.median(seconds_of(work) for _ in range(rounds))


def time_epoch(modality: str, clips: int, rounds: int) -> dict[str, float]:
    """Seconds of one epoch of the released head from stored codes (measured) and with every batch encoded anew
    (extrapolated)."""
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    labels = torch.from_numpy(rng.integers(0, len(AVE_CLASSES), clips))
    book, chosen = rng.random((CODES, D), np.float32), rng.integers(0, CODES, (clips, SECONDS))
    stored = median_seconds(released_epoch(lambda: book[chosen], labels), rounds)
    found = {"clips": clips, "stored_codes_epoch_seconds": round(stored, 4), "batches_measured": rounds}
    features = torch.rand(
        (AVE.batch_size, SECONDS, *((7, 7, 512) if modality == "video" else (128,))), generator=generator
    )
    for dtype in (torch.float64, torch.float32):
        method, batch = (
            build("fcid", {"variant": "release", "spatial_attention": "softmax"}).to(dtype).train(),
            features.to(dtype),
        )

        def encode(method: Method = method, batch: torch.Tensor = batch) -> np.ndarray:
            return method.codebooks()[0][method.encode(modality, batch).indices[..., 0]].numpy()

        one = median_seconds(released_epoch(encode, labels[: AVE.batch_size]), rounds)
        name, epoch = str(dtype).removeprefix("torch."), one * clips / AVE.batch_size
        found[f"encoded_{name}"] = {
            "batch_seconds": round(one, 4),
            "epoch_seconds_extrapolated": round(epoch, 2),
            "over_stored_codes": round(epoch / stored, 1),
        }
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the official number of clips")
    parser.add_argument("--published", action="store_true")
    parser.add_argument(
        "--rounds", type=int, default=9, help="epochs from stored codes, and batches encoded anew, that are measured"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args(arguments)
    torch.set_num_threads(args.threads)
    codes, indices = simulate(args.share, args.published)
    found = {
        "machine": platform.machine(),
        "threads": args.threads,
        "clips": {name: len(clips) for name, clips in indices.items()},
    }
    found["strict_seconds"] = time_tasks(codes, indices, EvaluateOptions())
    if args.published:
        found["published_seconds"] = time_tasks(codes, indices, replace(EvaluateOptions(), protocol="published"))
    for modality in ("video", "audio"):
        found[f"epoch_{modality}"] = time_epoch(
            modality, max(AVE.batch_size, round(SIZES["ave"]["train"] * args.share)), args.rounds
        )
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
