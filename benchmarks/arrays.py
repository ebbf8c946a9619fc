"""VGG-19's forward pass alone, over arrays: `bare` of benchmarks.extract, for a machine on which no film can be
decoded.

python -m benchmarks.arrays --device cuda --full
"""

import argparse
import json
import statistics
import sys
from importlib.util import find_spec
from unittest.mock import MagicMock

import torch

DECODERS = ("av", "cv2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precisions", nargs="+", choices=("float32", "bfloat16"), default=("float32", "bfloat16"))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--full", action="store_true", help="VGG-19's own widths")
    args = parser.parse_args()
    # imported there, and not used here
    sys.modules.update({name: MagicMock() for name in DECODERS if not find_spec(name)})
    from benchmarks import extract

    widths = extract.FULL if args.full else extract.MINI
    rates = {}
    networks = extract.speed_networks(torch.device(args.device), widths, 16, *args.precisions)
    for precision, network in zip(args.precisions, networks, strict=True):
        extract.bare(network, args.frames)
        taken = [
            extract.seconds(lambda network=network: extract.bare(network, args.frames)) for _ in range(args.rounds)
        ]
        rates[precision] = round(args.frames / statistics.median(taken), 1)
    print(
        json.dumps(
            {"machine": extract.machine(args.device), "widths": list(widths), "bare_frames_per_second": rates}, indent=1
        )
    )


if __name__ == "__main__":
    main()
