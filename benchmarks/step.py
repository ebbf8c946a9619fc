"""A training step at the official size: our float64 `variant: release` step, as the released code trains, against ours.

    python -m benchmarks.step                                          batch 8 on the CPU: float64, float32, bfloat16
    python -m benchmarks.step --batch-size 80 --precisions bfloat16    seconds per step and share of the matrix peak
    python -m benchmarks.step --device cuda --batch-size 80 --steps 200 --clips 40801 --methods fcid codaar \\
        --precisions float64 float32 float32-gathered tf32 bfloat16 bfloat16-gathered
    torchrun --nproc-per-node 2 -m benchmarks.step --threads 1         the batch shared by two processes

A step is that of training, with its deterministic kernels: clips are picked from random features that lie on the device
in their stored types, and converted. `kernels`: with the library's convolution kernels, as the released code and plain
eager code have them; `gathered`: matrix products over gathered windows (cmg/nn/convolve.py). Without either word, what
training takes: products on the CPU, kernels on a GPU. `compiled`: the forward pass under torch.compile; compiling is in
`warm_up`. `ratio`: how many times faster than the method's first line. `epoch`: seconds for 40,801 clips at that rate.
`memory_gib`: most of a GPU's memory, `features_gib` of it for the features.
"""

import argparse
import json
import os
import platform
import sys
import time

import torch
from torch.utils.flop_counter import FlopCounterMode

from cmg.methods import METHODS, build
from cmg.methods.base import Method
from cmg.nn import convolve
from cmg.nn.distributed import world
from cmg.nn.text import TextBiLSTM
from cmg.train.data import ResidentFeatures
from cmg.train.profile import peak, random_features, stepper, time_step, wait
from pipeline import processes
from pipeline.device import settle

WIDE, PRODUCTS = convolve.WIDE, convolve.PRODUCTS
LINES = ("float64-kernels", "float32-kernels", "float64", "float32", "bfloat16")
CUDA = ("tf32", "float32-gathered", "bfloat16-gathered")
COMPILED = ("float32-compiled", "bfloat16-compiled")
CLIPS = 40_801  # training clips of VGGSound-AVEL 40K as released


def compile_loss(method: Method) -> None:
    """Its loss under torch.compile; sentences of different lengths are read as they are: Dynamo cannot trace a packed
    LSTM."""
    for module in method.modules():
        if isinstance(module, TextBiLSTM):
            module._read = torch.compiler.disable(module._read)
    method.loss = torch.compile(method.loss)


def measure(name: str, line: str, data: ResidentFeatures, args: argparse.Namespace) -> dict:
    precision, _, form = line.partition("-")
    variant, device = "release" if precision == "float64" else "paper", data.device
    convolve.WIDE = sys.maxsize if form == "kernels" else WIDE
    convolve.PRODUCTS = (device.type,) if form == "gathered" else PRODUCTS
    torch.manual_seed(0)
    method = build(name, {"variant": variant, **args.sizes}).to(device)
    if form == "compiled":
        compile_loss(method)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    step = stepper(method, data, args.batch_size, precision)
    wait(device)
    started = time.perf_counter()
    step(0)
    wait(device)
    warm_up = time.perf_counter() - started
    seconds = time_step(step, device, args.steps)
    memory = _memory(data)
    with FlopCounterMode(display=False) as counter:
        step(args.steps + 1)
    flops, best = counter.get_total_flops(), peak(device, precision)
    return {
        "method": name,
        "variant": variant,
        "precision": line,
        "seconds": round(seconds, 4),
        "warm_up": round(warm_up, 1),
        "tflop": round(flops / 1e12, 3),
        "peak_gflops": round(best / 1e9),
        "share_of_peak": round(flops / seconds / best, 3),
        "epoch": round(seconds * CLIPS / args.batch_size, 1),
        **memory,
    }


def _memory(data: ResidentFeatures) -> dict[str, float]:
    """On a GPU, GiB."""
    if data.device.type != "cuda":
        return {}
    most = torch.cuda.max_memory_allocated(data.device)
    return {"memory_gib": round(most / 2**30, 2), "features_gib": round(data.held / 2**30, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=["fcid"])
    parser.add_argument("--precisions", nargs="+", choices=LINES + CUDA + COMPILED, default=LINES)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--clips", type=int, help="from which batches are picked; default: those of two batches")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--sizes", type=json.loads, default={}, help="JSON over the official sizes, for a smaller step")
    args = parser.parse_args()
    device = torch.device("cpu") if args.device == "cpu" else torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    settle(device, args.threads)
    with processes.joined(device) as rank:
        if args.batch_size % world()[1]:
            parser.error(f"--batch-size {args.batch_size} cannot be shared out to {world()[1]} processes")
        data = random_features(args.clips or 2 * args.batch_size, device)
        found = [measure(name, line, data, args) for name in args.methods for line in args.precisions]
        together = world()[1]
    if rank == 0:
        report(found, together, args)


def report(found: list[dict], together: int, args: argparse.Namespace) -> None:
    first = {line["method"]: line["seconds"] for line in reversed(found)}
    for line in found:
        line["ratio"] = round(first[line["method"]] / line["seconds"], 1)
    where = (
        torch.cuda.get_device_name()
        if args.device == "cuda"
        else f"{platform.machine()}, {os.cpu_count()} cores, {args.threads} threads"
    )
    machine = f"{where} (load {os.getloadavg()[0]:.1f} at the end), torch {torch.__version__}"
    print(
        json.dumps({"machine": machine, "processes": together, "batch_size": args.batch_size, "steps": found}, indent=1)
    )


if __name__ == "__main__":
    main()
