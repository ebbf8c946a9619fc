"""Walk a result back to run, codes, checkpoint, features, weights, parameters and code, and name everything that does
not hold."""

import argparse
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from cmg.report.tablecsv import table_csv
from cmg.report.write import build_table
from cmg.store.integrity import verify as verify_store
from pipeline import disk, paths, progress
from pipeline.orchestration import code, receipts
from pipeline.page import reporting
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("path", type=Path, nargs="?", help="an output of the pipeline, such as results/table1.csv")
    what.add_argument(
        "--cache", action="store_true", help="read all of DVC's cache instead, and remove what is damaged in it"
    )
    parser.epilog = (
        "The fingerprint stands for everything above this file: bytes of every input, "
        "parameters and code of every stage. The same on two machines: the same file from the same inputs. "
        "Rows of a table have fingerprints of their own, of what their runs went through."
    )


def run(args: argparse.Namespace, params: Params) -> int:
    """Print the walk and the problems; 0 when everything holds, 1 otherwise."""
    if args.cache:
        return _cache()
    found = receipts.load_all()
    name = receipts.producers(found).get(args.path.as_posix())
    if name is None:
        print(f"{args.path}: no receipt names it as an output; outputs are made by: dvc repro")
        return 1
    closure = receipts.upstream(name, found)
    for stage in closure:
        receipt = found[stage]
        print(
            f"{stage}: {len(receipt['inputs'])} inputs, "
            f"{len(receipt['code']['files'])} code files -> {', '.join(receipt['outputs'])}"
        )
    problems = list(problems_of(closure, found))
    problems += list(_parameters(closure))
    if args.path == paths.TABLE1 and args.path.is_file():
        problems += list(_cells(args.path, params))
    for problem in dict.fromkeys(problems):
        print(f"PROBLEM {problem}")
    print(f"{args.path}: {len(closure)} stages, {len(set(problems))} problems")
    print(
        f"fingerprint {receipts.fingerprint([name], found)}: "
        "the same wherever the same inputs, parameters and code made this file"
    )
    return 1 if problems else 0


def _cache() -> int:
    """Remove damaged objects of DVC's cache, which it would restore for good ones."""
    from pipeline.orchestration import handover, recovery, rot

    with handover.alone(), recovery.locked() as repo:
        every = rot.objects(repo)
        removed = [file for file in progress.over(every, "verify") if rot.remove_rotten(file)]
    for file in removed:
        print(f"PROBLEM {file}: not the bytes that its name says; removed")
    print(f"DVC's cache: {len(every)} objects, {len(removed)} damaged" + "; then: dvc repro" * bool(removed))
    return 1 if removed else 0


def problems_of(closure: list[str], found: dict[str, dict]) -> Iterator[str]:
    """Outputs that are not what was recorded, inputs that are not what was made, code that has changed, damaged
    shards."""
    made_by = receipts.producers(found)
    for name in progress.over(closure, "verify"):
        receipt = found[name]
        for path, digest in receipt["outputs"].items():
            yield from _compare(path, digest, f"written by {name}")
            if path.endswith(".zarr") and Path(path, "zarr.json").is_file():
                yield from (f"{path}: {problem}" for problem in verify_store(Path(path)))
        for path, digest in receipt["inputs"].items():
            if path not in made_by:
                yield from _compare(path, digest, f"read by {name}")
            elif found[made_by[path]]["outputs"][path] != digest:
                yield f"{path}: {name} read other bytes than {made_by[path]} recorded; run: dvc repro"
        then, now = receipt["code"]["files"], code.of(receipt["code"]["name"])
        changed = sorted(path for path in then.keys() | now.keys() if then.get(path) != now.get(path))
        yield from (f"{path}: code changed since {name} ran" for path in changed)


def _compare(path: str, digest: str, role: str) -> Iterator[str]:
    if not Path(path).exists() or (path.endswith(".zarr") and not Path(path, "zarr.json").is_file()):
        yield f"{path}: missing ({role})"
    elif (now := disk.digest(Path(path))) != digest:
        yield f"{path}: content is {now[:12]}, recorded {digest[:12]} ({role})"


def _parameters(closure: list[str]) -> Iterator[str]:
    """Parameters edited since a stage of the walk ran, as DVC knows them."""
    from pipeline.orchestration.dag import edited_parameters

    for name, files_edited in edited_parameters().items():
        if name in closure:
            yield from (f"{file}: {', '.join(keys)} edited since {name} ran" for file, keys in files_edited.items())


def _cells(path: Path, params: Params) -> Iterator[str]:
    """Cells of the table that its own runs do not give."""
    ours, expected = (_rows(text) for text in (path.read_text(), table_csv(build_table(reporting.load(params)))))
    for key in sorted(ours.keys() | expected.keys()):
        if ours.get(key) != expected.get(key):
            yield f"{path}: row {key[0]}, column '{key[1]}': {ours.get(key)!r}, but the runs give {expected.get(key)!r}"


def _rows(text: str) -> dict[tuple[int, str], str]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {
        (n, column): value
        for n, row in enumerate(csv.DictReader(io.StringIO("\n".join(lines))), 1)
        for column, value in row.items()
    }
