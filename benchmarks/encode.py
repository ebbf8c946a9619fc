"""Encoding speed: 80 clips of the official size, audio and video, through each method's encoder into codes.

    python -m benchmarks.encode                       FCID and CoDAAR, both variants, 2 threads
    python -m benchmarks.encode --methods dcid --threads 1 --device cuda

`seconds`: median over rounds of audio and video together; the methods take turns. `fastest`: of these. `cpu`: least
processor time of a round, all threads together; with --threads 1 a figure that other work on the machine does not
lengthen. `means`: `seconds` from the 512-d spatial means per second, where the variant's attention needs no more.
`parameters`: those that encoding reads.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from cmg.methods import METHODS, build
from cmg.methods.base import Method

CLIPS, SECONDS = 80, 10
Features = dict[str, Tensor]


def features(clips: int, device: torch.device) -> Features:
    """Random features of the official shapes, non-negative as real ones are."""
    generator = torch.Generator().manual_seed(0)
    audio = torch.randn(clips, SECONDS, 128, generator=generator).relu()
    video = torch.randn(clips, SECONDS, 7, 7, 512, generator=generator).relu()
    return {"audio": audio.to(device), "video": video.to(device)}


def encode(method: Method, given: Features) -> Callable[[], None]:
    def work() -> None:
        with torch.inference_mode():
            for modality, x in given.items():
                method.encode(modality, x)
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    return work


def seconds(work: Callable[[], None]) -> tuple[float, float]:
    """Wall-clock and processor time."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def used(method: Method) -> int:
    """Parameters of the encoders and values of the codebooks: all that `encode` reads."""
    return sum(x.numel() for x in [*method.encoder.parameters(), *method.codebooks()])


def measure(methods: dict[str, Method], given: Features, rounds: int) -> dict[str, dict]:
    means = given | {"video": given["video"].mean(dim=(2, 3))}
    work = {name: encode(method, given) for name, method in methods.items()}
    work |= {
        f"{name} means": encode(m, means)
        for name, m in methods.items()
        if getattr(m.encoder.pool, "spatial", "") == "inert"
    }
    for run in work.values():
        run()  # warm
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            taken[name].append(seconds(run))
    result = {}
    for name, method in methods.items():
        wall, cpu = zip(*taken[name], strict=True)
        found = {
            "seconds": round(statistics.median(wall), 3),
            "fastest": round(min(wall), 3),
            "cpu": round(min(cpu), 3),
        }
        if means_only := taken.get(f"{name} means"):
            found["means"] = round(statistics.median(wall for wall, _ in means_only), 3)
        result[name] = found | {"parameters": used(method)}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=["fcid", "codaar"])
    parser.add_argument("--variants", nargs="+", choices=("paper", "release"), default=["paper", "release"])
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    methods = {
        f"{m} {v}": build(m, {"variant": v, "specific_channels": 32}).eval().to(device)
        for m in args.methods
        for v in args.variants
    }
    found = measure(methods, features(args.clips, device), args.rounds)
    load = f"load {os.getloadavg()[0]:.1f} at the end"
    machine = (
        f"{platform.machine()}, {os.cpu_count()} cores ({load}), {args.threads} threads, torch {torch.__version__}"
    )
    print(json.dumps({"machine": machine, "clips": args.clips, **found}, indent=1))


if __name__ == "__main__":
    main()
