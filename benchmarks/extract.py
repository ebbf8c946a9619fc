"""Video extraction against the bare VGG-19 forward and against a plain loop, on the same clips in one run.

    python -m benchmarks.extract                          narrow random network, 10 clips, 8 frames a second
    python -m benchmarks.extract --full --clips 3 --frames-per-second 2
    python -m benchmarks.extract --device cuda --full --clips 64 --workers 12 --frames-per-second 16

`bare`: the forward pass alone, frames prepared beforehand, precision of the engine. `engine`: decode, resize,
normalise, forward, deliver.
`loop`: what scripts do today: OpenCV decodes every frame and resizes the wanted ones, float32, one clip after the
other, no overlap. Asked for on a CPU: the engine at least 0.9 times bare and 1.5 times the loop.
The three take turns; ratios are medians over rounds. Decoding processes start before the clock does (a long run pays
that once).
"""

import argparse
import copy
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest import mock

import av
import cv2
import numpy as np
import torch

from cmg.extract import groups
from cmg.extract.calibrate import fill_normal
from cmg.extract.contract import Task
from cmg.extract.engine import extract
from cmg.extract.vgg19 import FRAMES_PER_FORWARD, FULL, MINI, Network, Recipe, decode, layers, normalise
from cmg.media.grid import official_indices
from cmg.media.pool import DecodePool
from cmg.media.source import Source
from cmg.media.video import VideoTask
from cmg.media.window import Window

WIDTH, HEIGHT, FPS, SECONDS = 340, 256, 25, 10


class Sink:
    """A writer that counts."""

    rows = 0

    def put(self, row: int, features: np.ndarray, valid: int, remarks: Iterable[tuple[str, str]]) -> None:
        self.rows += 1

    def fail(self, row: int, status: str, reason: str) -> None:
        raise RuntimeError(f"row {row}: {status}: {reason}")


def make_clip(path: Path, seed: int) -> None:
    """Ten seconds of drifting blocks with grain, H.264."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(
        rng.integers(0, 256, (12, 40, 3), dtype=np.uint8), (WIDTH * 2, HEIGHT), interpolation=cv2.INTER_NEAREST
    )
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(FPS * SECONDS):
            image = coarse[:, number : number + WIDTH] // 2 + rng.integers(0, 64, (HEIGHT, WIDTH, 1), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def speed_networks(device: torch.device, widths: tuple[int, ...], per_second: int, *precisions: str) -> list[Network]:
    """One network of these widths per precision; normal weights of variance 2 / fan-in, uncalibrated, which saves
    minutes."""
    weights, generator, found = layers(widths).eval().requires_grad_(False), np.random.default_rng(0), []
    for layer in weights:
        if isinstance(layer, torch.nn.Conv2d):
            fill_normal(layer, generator)
    for precision in precisions:
        recipe = Recipe(weights="random", widths=(1,) * len(widths), frames_per_second=per_second, precision=precision)
        network = Network(recipe, Path(), device)
        network.layers = copy.deepcopy(weights).to(device, network.precision, memory_format=torch.channels_last)
        found.append(network)
    return found


def bare(network: Network, frames: int) -> None:
    """The convolutions alone, over `frames` prepared frames in the engine's batches."""
    step = FRAMES_PER_FORWARD[network.device.type]
    raw = torch.randint(0, 256, (min(step, frames), 3, 224, 224), device=network.device).float()
    inputs = normalise(raw, "random").to(dtype=network.precision, memory_format=torch.channels_last)
    with torch.inference_mode():
        for first in range(0, frames, step):
            network.layers(inputs[: min(step, frames - first)])
    synchronise(network.device)


def loop(network: Network, files: list[Path], per_second: int) -> None:
    """OpenCV, one clip at a time."""
    for file in files:
        capture, decoded = cv2.VideoCapture(str(file)), []
        while (read := capture.read())[0]:
            decoded.append(read[1])
        capture.release()
        wanted = official_indices(len(decoded), SECONDS, per_second)
        batch = np.stack([cv2.resize(decoded[index], (224, 224)) for index in wanted]).astype(np.float32) - (
            103.939,
            116.779,
            123.68,
        )
        tensor = torch.from_numpy(batch.astype(np.float32)).permute(0, 3, 1, 2).contiguous().to(network.device)
        with torch.inference_mode():
            for first in range(0, len(tensor), per_second):  # a second at a time
                network.layers(tensor[first : first + per_second]).mean(0).permute(1, 2, 0).cpu().numpy()


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


@contextmanager
def started_pool(workers: int) -> Iterator[None]:
    """Lets the engine use decoding processes that are running already."""
    with DecodePool(decode, workers, 600.0) as pool:
        kept = nullcontext(pool)  # entering and leaving it does nothing
        with mock.patch.object(groups, "DecodePool", lambda *settings: kept):
            yield


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def measure(args: argparse.Namespace, folder: Path) -> dict:
    files = [folder / f"{number}.mp4" for number in range(args.clips)]
    for number, file in enumerate(files):
        make_clip(file, number)
    device = torch.device(args.device)
    widths = FULL if args.full else MINI
    engine, plain = speed_networks(device, widths, args.frames_per_second, args.precision, "float32")
    plain.layers.to(memory_format=torch.contiguous_format)
    different = difference(
        decode(VideoTask(Source(str(folder), files[0].name), Window(frames_per_second=1))).array, engine, plain
    )
    window = Window(frames_per_second=args.frames_per_second)
    tasks = [Task(row, VideoTask(Source(str(folder), file.name), window)) for row, file in enumerate(files)]
    frames = args.clips * SECONDS * args.frames_per_second
    work = {
        "bare": lambda: bare(engine, frames),
        "engine": lambda: extract(tasks, decode, engine, Sink(), args.workers, 600.0),
        "loop": lambda: loop(plain, files, args.frames_per_second),
    }
    taken: dict[str, list[float]] = {name: [] for name in work}
    with started_pool(args.workers):
        extract(tasks[: 2 * args.workers], decode, engine, Sink(), args.workers, 600.0)
        bare(engine, 32), loop(plain, files[:1], args.frames_per_second)
        for turn in range(args.rounds):
            for name in list(work)[turn % 3 :] + list(work)[: turn % 3]:
                taken[name].append(seconds(work[name]))
    return {"frames": frames, "widths": list(widths), **summary(taken, frames), **different}


def difference(frames: np.ndarray, engine: Network, plain: Network) -> dict[str, float]:
    """How far the engine's precision takes the maps of some frames from those in float32, of the same weights."""
    with torch.inference_mode():
        found, exact = (network.maps(torch.from_numpy(frames)).flatten(1).double() for network in (engine, plain))
    apart = ((found - exact).norm(dim=1) / exact.norm(dim=1)).mean()
    cosine = torch.nn.functional.cosine_similarity(found, exact).min()
    return {
        "relative_difference_to_float32": float(f"{apart:.2g}"),
        "lowest_cosine_to_float32": round(float(cosine), 6),
    }


def summary(taken: dict[str, list[float]], frames: int) -> dict:
    """Frames per second, and ratios round by round, as medians."""
    rates = {f"{name}_frames_per_second": round(frames / statistics.median(times), 1) for name, times in taken.items()}
    against = {
        "engine_over_bare": [bare / engine for bare, engine in zip(taken["bare"], taken["engine"], strict=True)],
        "engine_over_loop": [loop / engine for loop, engine in zip(taken["loop"], taken["engine"], strict=True)],
    }
    return rates | {name: round(statistics.median(values), 2) for name, values in against.items()}


def machine(device: str) -> str:
    name = torch.cuda.get_device_name() if device == "cuda" else platform.machine()
    load = os.getloadavg()[0]
    return (
        f"{name}, {os.cpu_count()} cores (load {load:.1f} at the end), "
        f"{torch.get_num_threads()} threads, torch {torch.__version__}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--frames-per-second", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="bfloat16")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--full", action="store_true", help="VGG-19's own widths")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(args, Path(folder))
    print(json.dumps({"machine": machine(args.device), "precision": args.precision, **found}, indent=1))


if __name__ == "__main__":
    main()
