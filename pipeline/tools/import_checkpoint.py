"""Say what a released checkpoint holds and how to use it; with ``--out``, write it in this project's form."""

import argparse
from pathlib import Path

from cmg.released import checkpoints as released
from cmg.train import checkpoint
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", choices=released.KEYS)
    parser.add_argument("file", type=Path, help="a file as the authors released it, such as FCID.pt")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="a new folder for model.safetensors and checkpoint.json"
    )


def run(args: argparse.Namespace, params: Params) -> int:
    """The exit status is 1 when the file is refused."""
    if not args.file.is_file():
        print(f"{args.file}: no such file")
        return 1
    try:
        found = released.read(args.method, args.file)
        about, tensors = released.convert(args.method, found, {"variant": "release"})
    except released.CheckpointError as error:
        print(error)
        return 1
    print("\n".join(_lines(args.method, found, about)))
    return _write(args.out, tensors, about) if args.out else 0


def _lines(method: str, found: released.Released, about: dict) -> list[str]:
    lines = [f"{found.path}: {method}, " + ", ".join(f"{key} {value}" for key, value in found.counters.items())]
    for module, state in found.modules.items():
        kinds = ", ".join(sorted({str(x.dtype).removeprefix("torch.") for x in state.values()}))
        lines.append(f"  {module}: {len(state)} tensors, {sum(x.numel() for x in state.values()):,} values, {kinds}")
    lines.append(f"  not read: {', '.join(found.left_out) or 'nothing'}")
    lines.append(f"  tensors of the model that the file lacks (encoding does not need them): {len(about['absent'])}")
    sizes = ", ".join(f"{key} {value}" for key, value in about["config"].items() if key != "variant")
    pin = about["released"]["sha256"]
    return [*lines, f"  {sizes}", "To use it, in params.yaml:", f"{method}:", *_section(found.path, pin)]


def _section(file: Path, pin: str) -> list[str]:
    return ["  variant: release", f"  checkpoint: {file}", f"  checkpoint_sha256: {pin}"]


def _write(folder: Path, tensors: dict, about: dict) -> int:
    if folder.exists():
        print(f"{folder}: exists already; give a new folder")
        return 1
    checkpoint.save_tensors(folder, tensors, about)
    print(f"{folder}: model.safetensors, checkpoint.json written")
    return 0
