"""What a stage read, with which parameters and code, and what it wrote: one JSON file per stage item, no times, no
hosts.

Receipts hold content digests only, so the same inputs give the same bytes under any tool. ``fingerprint`` and ``python
-m pipeline verify`` follow them from an output back to the first input.
"""

import hashlib
import json
import platform
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cmg.files import write_json
from cmg.store.errors import REMEDY
from pipeline import disk, machine, paths
from pipeline.orchestration import code
from pipeline.orchestration.claims import claimed


class BadReceipt(ValueError):
    """A file among the receipts that is none; the message names it."""


class ChangedInput(Exception):
    """What a stage is about to read is not what the stage that made it recorded."""


def digests(inputs: Sequence[Path]) -> dict[str, str]:
    """``files.digest`` of each input, which must be what the receipt of the stage that made it says (media excepted:
    they are compared with their listing when they are opened). Raises ``ChangedInput`` or FileNotFoundError, naming the
    path."""
    disk.present(*inputs)
    found, known = {path.as_posix(): disk.digest(path) for path in inputs}, load_all()
    for path, name in producers(known).items():
        if path in found and found[path] != known[name]["outputs"][path] and known[name]["stage"] != "sample":
            raise ChangedInput(
                f"{path}: changed since {name} wrote it (SHA-256 {known[name]['outputs'][path][:12]} recorded, "
                f"{found[path][:12]} found): damaged or edited; remove it, then: {REMEDY}"
            )
    return found


@contextmanager
def record(
    stage: str,
    item: str,
    *,
    inputs: Sequence[Path],
    outputs: Sequence[Path],
    params: dict[str, Any],
    code_of: str = "",
    unrecorded: Sequence[Path] = (),
) -> Iterator[dict[str, Any]]:
    """Run a stage's body where no output of an earlier run is, then write its receipt (and its log: duration, machine,
    peak memory). When the body refuses or fails, the outputs of the earlier run are back, with their receipt.

    Args:
        inputs, outputs: files or folders, digested by ``files.digest``: inputs before the body, when they must be what
            the stage that made them recorded, and outputs after it.
        params: the parameter values the stage used.
        code_of: the method, dataset or modality that the stage's code depends on.
        unrecorded: outputs that no digest is taken of.

    Yields a dictionary for the log (counts, rates).

    Raises:
        FileNotFoundError: an input or a promised output is absent.
        ChangedInput: an input is not what was made.
        Busy: another process runs this stage.
        LinkedFolder: an output would lie behind a link.
    """
    receipt, mine = paths.receipt(stage, item), paths.work("claims", stage, item)
    disk.unlinked(receipt, *outputs, mine)
    with claimed(mine, f"{stage} {item}"):
        content = {
            "stage": stage,
            "item": item,
            "inputs": digests(inputs),
            "params": params,
            "code": _code(stage, code_of),
        }
        with _replaced([receipt, *outputs, *unrecorded], paths.work("replaced", stage, item)):
            notes: dict[str, Any] = {}
            started = time.time()
            yield notes
            write_json(receipt, {**content, "outputs": {path.as_posix(): disk.digest(path) for path in outputs}})
            _write_log(stage, item, started, notes)


@contextmanager
def _replaced(outputs: Sequence[Path], aside: Path) -> Iterator[None]:
    """What is at ``outputs`` is moved into the folder ``aside``, and unless the body ends well back again."""
    disk.remove(aside)  # of a killed run
    kept = {path: aside / str(number) for number, path in enumerate(outputs) if path.exists() or path.is_symlink()}
    aside.mkdir(parents=True)
    try:
        for path, place in kept.items():
            shutil.move(path, place)
        yield
    except BaseException:
        moved = {path: place for path, place in kept.items() if place.exists() or place.is_symlink()}
        for path in [path for path in outputs if path in moved or path not in kept]:
            disk.remove(path)
        for path, place in moved.items():
            shutil.move(place, path)
        raise
    finally:
        disk.remove(aside)


def _code(stage: str, code_of: str) -> dict[str, Any]:
    name = f"{stage}-{code_of}" if code_of else stage
    return {"name": name, "files": code.of(name)}


def _write_log(stage: str, item: str, started: float, notes: dict[str, Any]) -> None:
    seconds = round(time.time() - started, 3)
    here = {"host": platform.node(), "processor": machine.processor(), "peak_memory_gib": machine.peak_memory_gib()}
    write_json(
        paths.log(stage, item), {"stage": stage, "item": item, "seconds": seconds, "started": started, **here, **notes}
    )


def load_all(root: Path = Path(".")) -> dict[str, dict[str, Any]]:
    """Every receipt on disk, by ``<stage>/<item>``. Raises BadReceipt."""
    found = {}
    for path in sorted((root / paths.RECEIPTS).rglob("*.json")):
        try:
            receipt = load(path)
        except FileNotFoundError:
            continue  # its stage has just begun again, in another process
        found[f"{receipt['stage']}/{receipt['item']}"] = receipt
    return found


def load(path: Path) -> dict[str, Any]:
    """One receipt. Raises FileNotFoundError, or BadReceipt where the file holds anything else."""
    try:
        receipt = json.loads(path.read_bytes())
        if not all(isinstance(receipt[part], dict) for part in ("inputs", "outputs", "params", "code")):
            raise TypeError("parts of another kind")
        if not (isinstance(receipt["stage"], str) and isinstance(receipt["item"], str)):
            raise TypeError("no names")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadReceipt(
            f"{path}: not a receipt ({type(error).__name__}: {error}); remove it and run the stage again: dvc repro"
        ) from error
    return receipt


def producers(receipts: dict[str, dict[str, Any]]) -> dict[str, str]:
    """``{output path: receipt name}``."""
    return {path: name for name, receipt in receipts.items() for path in receipt["outputs"]}


def upstream(name: str, receipts: dict[str, dict[str, Any]]) -> list[str]:
    """Names of the receipts that ``name`` rests on, itself included, sorted."""
    made_by = producers(receipts)
    seen: set[str] = set()
    queue = [name]
    while queue:
        current = queue.pop()
        if current not in seen:
            seen.add(current)
            queue.extend(made_by[path] for path in receipts[current]["inputs"] if path in made_by)
    return sorted(seen)


def fingerprint(names: Sequence[str], receipts: dict[str, dict[str, Any]]) -> str:
    """First 16 hex digits of the SHA-256 over everything that went into ``names``: inputs, parameters, code, of all
    stages above."""
    closure = sorted({above for name in names for above in upstream(name, receipts)})
    text = json.dumps([receipts[name] for name in closure], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
