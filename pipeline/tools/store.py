"""List, show, verify or export feature stores."""

import argparse
from pathlib import Path

from cmg.store import FeatureStore
from cmg.store.export import export
from cmg.store.integrity import summary, verify
from pipeline.page import reporting
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("ls", help="every store of params.yaml and whether it is sealed")
    for name, text in {
        "show": "what is in a store and how it was made",
        "verify": "whether its bytes are right",
    }.items():
        actions.add_parser(name, help=text).add_argument(
            "store", type=Path, nargs="*", help="default: every sealed store of params.yaml"
        )
    exporting = actions.add_parser("export", help="write a store as one file")
    exporting.add_argument("store", type=Path)
    exporting.add_argument("target", type=Path, help="ends in .npz or .h5")


def run(args: argparse.Namespace, params: Params) -> int:
    """The exit status is 1 when ``verify`` found a problem."""
    stores = reporting.store_paths(params)
    if args.action == "ls":
        print("\n".join(f"{'sealed ' if _sealed(store) else 'absent '} {store}" for store in stores))
        return 0
    if args.action == "export":
        export(FeatureStore(args.store), args.target)
        print(f"{args.target}: written")
        return 0
    chosen = args.store or [store for store in stores if _sealed(store)]
    return max((_show(store) if args.action == "show" else _verify(store) for store in chosen), default=0)


def _sealed(store: Path) -> bool:
    return (store / "zarr.json").is_file()


def _show(store: Path) -> int:
    print(summary(store))
    return 0


def _verify(store: Path) -> int:
    problems = verify(store)
    print(f"{store}: {len(problems) or 'no'} problem{'' if len(problems) == 1 else 's'}")
    for problem in problems:
        print(f"  {problem}")
    return 1 if problems else 0
