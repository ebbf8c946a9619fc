"""Where the time of one training step goes, at the sizes of params.yaml, on random features."""

import argparse

import torch

from cmg.methods import METHODS, build
from cmg.train.precision import DTYPES, UnsupportedPrecision
from cmg.train.profile import profile_step
from pipeline.device import prepare
from pipeline.params import ParameterError, Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("--batch-size", type=int, help="clips; default: that of the scale")
    parser.add_argument("--precision", choices=DTYPES, help="default: that of the scale")
    parser.add_argument("--steps", type=int, default=3)


def run(args: argparse.Namespace, params: Params) -> None:
    device, schedule = prepare(params), params.active.pretrain
    precision, clips = args.precision or schedule.precision, args.batch_size or schedule.batch_size
    torch.manual_seed(0)
    method = build(args.method, params.method_config(args.method)).to(device)
    try:
        found = profile_step(method, clips, device, precision, args.steps)
    except UnsupportedPrecision as error:
        raise ParameterError(f"--{error}") from error
    print(f"{args.method}, scale {params.scale}, {clips} clips, {precision}, {device}: {found.seconds:.3f} s per step")
    print(
        f"{found.flops / 1e9:.1f} GFLOP counted; "
        f"{found.share:.0%} of the {found.peak / 1e9:.0f} GFLOP/s of a large matrix product"
    )
    if found.memory:
        print(f"{found.memory / 2**30:.1f} GiB of GPU memory")
    for title, parts in (("phase", found.phases), ("operation", found.operations)):
        print(f"\n{title:48}{'seconds':>9}{'share':>7}")
        for name, seconds in parts.items():
            print(f"{name[:46]:48}{seconds:9.4f}{seconds / found.seconds:7.0%}")
