"""A dress rehearsal at full size: VGGSound-AVEL 40K and AVE as they are, but for what is in the films, through every
stage.

    python -m benchmarks.full_size FOLDER                   about 25 GB of disk; the same command goes on where it was
    python -m benchmarks.full_size FOLDER --clips 400       the same at another size

FOLDER becomes a clone of this repository (what is committed) with its own data: 40,801 clips in the official lists, a
small file each in place of a film, and stores of the official shape whose rows are simulated
(`benchmarks/simulated.py`) and written by the stage's own writer, so that the real commands find them done. Then DVC
runs the stages. For every step: seconds, most memory (of all its processes together, without the pages of mapped
files), bytes read from files. What training itself takes is measured by `benchmarks.step`; here its start is, and its
first steps, at the official widths; the checkpoint that the later stages read is of a narrow branch.

Asked for: no step over ten minutes but the filling of stores and training, none above 8 GB, `dvc status` in 20 seconds.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from ruamel.yaml import YAML

from benchmarks.simulated import Simulation
from cmg.datasets.names import AVE_CLASSES
from cmg.datasets.prompts import FOLDER as PROMPTS
from cmg.datasets.prompts import read_prompts
from cmg.files import write_json

REPO = Path(__file__).resolve().parents[1]
CLIPS = 40_801
AVE = 4_143
SPLITS = (("train", 0.6), ("val", 0.2), ("test", 0.2))  # 24,515, 8,171 and 8,115 of the official list
CHUNK = 32  # clips that are simulated at once
FIRST_STEPS = 3
MINUTES, GIB, STATUS = 10, 8, 20  # what is asked for
BUSY = ("fill", "first steps", "pretrain")  # steps whose time is not the house's
WIDE = {"specific_channels": 2048, "decoder_channels": 512}
NARROW = {"specific_channels": 16, "decoder_channels": 16}


@dataclass(frozen=True)
class Cost:
    """Of one step: wall seconds, most bytes of memory, bytes read from files (cached ones too)."""

    seconds: float
    memory: int
    read: int


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.full_size", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--fill", nargs=2, metavar=("DATASET", "MODALITY"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.fill:
        return fill(*args.fill)
    make_project(args.folder, args.clips)
    report = args.folder / "full_size.json"
    done: dict[str, dict[str, float]] = json.loads(report.read_text()) if report.exists() else {}
    for name, step in steps(args.folder, args.clips).items():
        if name not in done:
            done[name] = asdict(step())
            write_json(report, done)
            print(line(name, Cost(**done[name])), flush=True)
    print("\n".join(["", "all of it:", *(line(name, Cost(**cost)) for name, cost in done.items())]))


def line(name: str, cost: Cost) -> str:
    """What a step cost, and where that is more than is asked for."""
    over = [f"over {MINUTES} min"] if cost.seconds > 60 * MINUTES and not name.startswith(BUSY) else []
    over += [f"over {GIB} GiB"] if cost.memory > GIB << 30 else []
    over += [f"over {STATUS} s"] if name.startswith("status") and cost.seconds > STATUS else []
    said = f"{name:<34} {cost.seconds:8.1f} s {cost.memory / 2**30:6.2f} GiB {cost.read / 2**30:8.2f} GiB read"
    return said + "".join(f"  ({word})" for word in over)


def steps(folder: Path, clips: int) -> dict[str, Callable[[], Cost]]:
    """What is measured, in order."""
    dvc, pipeline = partial(measured, folder, "dvc"), partial(measured, folder, "pipeline")
    fill_in = partial(measured, folder, "benchmarks.full_size", ".", "--fill")
    repro = partial(dvc, "repro")
    found: dict[str, Callable[[], Cost]] = {"code": partial(repro, "code")}
    for dataset in ("vggsound_avel", "ave"):
        found[f"scan {dataset}"] = partial(pipeline, "scan", dataset)
        found[f"index {dataset}"] = partial(repro, f"index@{dataset}")
    found["exclusions"] = partial(repro, "exclusions")
    found["text of vggsound_avel"] = partial(repro, "features_text@vggsound_avel")
    for dataset in ("vggsound_avel", "ave"):
        for modality in ("video", "audio"):
            found[f"fill {dataset} {modality}"] = partial(fill_in, dataset, modality)
            found[f"seal, record {dataset} {modality}"] = partial(repro, f"features_{modality}@{dataset}")
    found["corpus"] = partial(repro, "corpus@vggsound_avel")
    found["status after a record"] = partial(dvc, "status", "dvc.yaml")
    found["first steps at official widths"] = partial(first_steps, folder)
    for name, target in (
        ("pretrain, narrow", "pretrain"),
        ("codes", "codes"),
        ("toc", "toc"),
        ("evaluate", "evaluate"),
    ):
        found[name] = partial(repro, f"{target}@fcid-0")
    found |= {name: partial(repro, name) for name in ("tables", "plots", "report")}
    found["verify table 1"] = partial(pipeline, "verify", "results/table1.csv")
    found["status, nothing to do"] = partial(dvc, "status", "dvc.yaml")
    found["edit of fcid.codebook_size: plan"] = partial(
        edited, folder, {"fcid.codebook_size": 512}, dvc, "repro", "--dry"
    )
    found["one clip more: scan"] = partial(
        after, partial(add_clip, folder, clips), partial(pipeline, "scan", "vggsound_avel")
    )
    found["one clip more: index"] = partial(repro, "index@vggsound_avel")
    for modality in ("video", "audio", "text"):
        found[f"one clip more: {modality}"] = partial(repro, f"features_{modality}@vggsound_avel")
    return found


def after(before: Callable[[], None], step: Callable[[], Cost]) -> Cost:
    """A step, measured when something has been done that is not."""
    before()
    return step()


def measured(folder: Path, *command: str, until: Callable[[], bool] | None = None) -> Cost:
    """Run ``python -m command`` in the project, to its end or until something holds.

    Raises:
        SystemExit: it failed; what it printed is in ``full_size.log``.
    """
    before, begin, most = _read(), time.perf_counter(), [0]
    with (folder / "full_size.log").open("a") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env=_environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        watcher = threading.Thread(target=_watch, args=(process, most))
        watcher.start()
        stopped = until is not None and _stop_when(process, until)
        process.wait()
        watcher.join()
    if process.returncode and not stopped:
        raise SystemExit(
            f"{' '.join(command)}: status {process.returncode}; "
            f"see {folder / 'full_size.log'}; the same command goes on from here"
        )
    return Cost(round(time.perf_counter() - begin, 1), most[0], _read() - before)


def _environment() -> dict[str, str]:
    """This process's, with the project's own raw data and modules."""
    return {**os.environ, "CMG_DATA": "data/raw", "PYTHONPATH": "."}


def _read() -> int:
    """Bytes that this process and those it has waited for, which Linux adds to its own, have read, from caches and from
    disks."""
    fields = dict(entry.split(": ") for entry in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


def _watch(process: subprocess.Popen, most: list[int]) -> None:
    while process.poll() is None:
        most[0] = max(most[0], _memory(process.pid))
        time.sleep(0.2)


def _memory(pid: int) -> int:
    """Bytes of a process and those below it: anonymous and shared memory, not the pages of mapped files."""
    total = 0
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for member in family:
        try:
            status = Path(f"/proc/{member.pid}/status").read_text()
        except OSError:  # it has ended
            continue
        total += sum(
            int(entry.split()[1]) for entry in status.splitlines() if entry.startswith(("RssAnon:", "RssShmem:"))
        )
    return total << 10


def _stop_when(process: subprocess.Popen, until: Callable[[], bool]) -> bool:
    while process.poll() is None:
        if until():
            os.killpg(process.pid, signal.SIGKILL)
            return True
        time.sleep(0.1)
    return False


def first_steps(folder: Path) -> Cost:
    """Training at the official widths from its start to the end of its first steps, then killed and forgotten."""
    work = folder / "data/.work/pretrain"
    set_values(folder, {"scales.paper.pretrain.method": WIDE, "saves": {"steps": FIRST_STEPS, "seconds": 0}})
    cost = measured(folder, "pipeline", "pretrain", "fcid", "0", until=lambda: any(work.glob("fcid-0*.pt")))
    shutil.rmtree(work, ignore_errors=True)  # a run of fewer steps has ended by itself
    set_values(folder, {"scales.paper.pretrain.method": NARROW, "saves": {"steps": 500, "seconds": 600}})
    return cost


def edited(folder: Path, values: dict[str, Any], step: Callable[..., Cost], *arguments: str) -> Cost:
    """A step with other parameters, which are put back."""
    file = folder / "params.yaml"
    kept = file.read_bytes()
    set_values(folder, values)
    try:
        return step(*arguments)
    finally:
        file.write_bytes(kept)


def set_values(folder: Path, values: dict[str, Any]) -> None:
    """Set values of params.yaml by dotted keys."""
    file, yaml = folder / "params.yaml", YAML()
    whole = yaml.load(file.read_text())
    for key, value in values.items():
        *parents, last = key.split(".")
        section = whole
        for parent in parents:
            section = section[parent]
        section[last] = value
    with file.open("w") as handle:
        yaml.dump(whole, handle)


def make_project(folder: Path, clips: int) -> None:
    """Clone, parameters and raw data; what is there stays."""
    if (folder / "full_size.made").exists():
        return
    subprocess.run(["git", "clone", "--quiet", str(REPO), str(folder)], check=True)
    file = folder / "params.yaml"
    whole = YAML(typ="safe").load(file.read_text())
    mini, paper = whole["scales"]["mini"], whole["scales"]["paper"]
    paper["features"]["video"] = {**mini["features"]["video"], "widths": [2, 2, 2, 2, 512], "dtype": "float16"}
    paper["features"] |= {name: mini["features"][name] for name in ("audio", "text")}
    paper["pretrain"] |= {"epochs": 1, "epochs_of": {}, "method": NARROW}
    whole |= {
        "scale": "paper",
        "methods": ["fcid"],
        "seeds": [0],
        "reconstruction": {**whole["reconstruction"], "datasets": []},
        "datasets": {"vggsound_avel": {"source": "raw", "version": "40k"}, "ave": {"source": "raw"}},
        "stores": {
            "video": ["vggsound_avel", "ave"],
            "audio": ["vggsound_avel", "ave"],
            "text": ["vggsound_avel"],
            "pixels": [],
            "masks": [],
        },
    }
    with file.open("w") as handle:
        YAML().dump(whole, handle)
    raw = folder / "data/raw"
    write_vggsound(raw / "vggsound_avel", clips)
    write_ave(raw / "ave", max(10, AVE * clips // CLIPS))
    (folder / "full_size.made").touch()


def labels_of(rows: int) -> list[str]:
    """A class per row, of the 141."""
    known = list(read_prompts(PROMPTS / "vggsound_avel.csv"))
    return [known[number] for number in np.random.default_rng(0).integers(0, len(known), rows)]


def splits_of(rows: int) -> list[str]:
    """A split per row, in the official shares, mixed as in the official list."""
    bounds = np.cumsum([share for _, share in SPLITS])
    draws = np.random.default_rng(1).random(rows)
    return [SPLITS[min(int(np.searchsorted(bounds, draw)), 2)][0] for draw in draws]


def film(folder: Path, name: str) -> None:
    """A small file in place of a film, of other content than any other."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.mp4").write_text(f"in place of a film: {name}\n")


def video_id(row: int) -> str:
    return f"full{row:07d}"


def write_vggsound(root: Path, clips: int) -> None:
    """The list of VGGSound-AVEL and a file per clip."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "vggsound-avel40k.csv").open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["category", "video_id", "split"])
        writer.writerows(zip(labels_of(clips), map(video_id, range(clips)), splits_of(clips), strict=True))
    for row in range(clips):
        film(root / "video", video_id(row))


def write_ave(root: Path, clips: int) -> None:
    """Annotations and splits of AVE, of 28 classes, and a file per clip."""
    root.mkdir(parents=True, exist_ok=True)
    draws = np.random.default_rng(2)
    rows = [
        f"{AVE_CLASSES[draws.integers(28)]}&ave{row:07d}&good&{draws.integers(0, 3)}&{draws.integers(6, 11)}"
        for row in range(clips)
    ]
    (root / "Annotations.txt").write_text(
        "Category&VideoID&Quality&StartTime&EndTime\n" + "".join(f"{row}\n" for row in rows)
    )
    places = splits_of(clips)
    for split, file in (("train", "trainSet.txt"), ("val", "valSet.txt"), ("test", "testSet.txt")):
        (root / file).write_text("".join(f"{row}\n" for row, place in zip(rows, places, strict=True) if place == split))
    for row in range(clips):
        film(root / "AVE", f"ave{row:07d}")


def add_clip(folder: Path, clips: int) -> None:
    """One clip more, in the middle of the list: every later row moves."""
    root = folder / "data/raw/vggsound_avel"
    file = root / "vggsound-avel40k.csv"
    lines = file.read_text().splitlines(keepends=True)
    lines.insert(clips // 2, f"{labels_of(1)[0]},{video_id(clips)},train\n")
    file.write_text("".join(lines))
    film(root / "video", video_id(clips))


def fill(dataset: str, modality: str) -> None:
    """Write simulated rows into the unfinished work of this project's store, by the stage's own specification and
    writer."""
    from cmg.datasets.clips import read_index
    from cmg.store.writer import StoreWriter
    from pipeline import params as parameters
    from pipeline import paths
    from pipeline.stages import features as stage

    torch.set_num_threads(1)
    params = parameters.load()
    clips = read_index(paths.index(dataset))
    recipe = stage._recipe(params.recipe(dataset, modality)[1], modality, clips, params.dataset(dataset))
    arguments = argparse.Namespace(dataset=dataset, modality=modality, retry_failed=False, shard=None)
    spec = stage._work(arguments, params, clips, recipe).spec
    known = sorted({event.label for clip in clips for event in clip.events})
    labels = torch.tensor([known.index(clip.events[0].label) for clip in clips])
    world = Simulation(classes=len(known))
    with StoreWriter(
        paths.store(dataset, modality), paths.work("features", dataset, modality), spec, part=(1, 1)
    ) as writer:
        todo = writer.todo
        for first in range(0, len(todo), CHUNK):
            rows = todo[first : first + CHUNK]
            found = getattr(world.clips_of(labels[rows], seed=rows[0]), modality).numpy()
            for row, values in zip(rows, found, strict=True):
                writer.put(row, values[: spec.shape[0]].astype(spec.dtype), spec.shape[0])


if __name__ == "__main__":
    main()
