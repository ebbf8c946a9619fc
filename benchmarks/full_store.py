"""The 40,801 clips of VGGSound-AVEL 40K as files: how many, how large, and how long DVC takes to add, check and restore them.

    python -m benchmarks.full_store                 a store, a zipped pickle per clip, an npy per clip, one after the other
    python -m benchmarks.full_store --layouts store --clips 87323 --folder /scratch

What users have today is one zipped pickle (or npy) per clip. All three hold the same clips. Simulated: a clip is 10x1x1x512 float16, a
49th of the official 10x7x7x512, and a shard holds as many clips as it does at the official size (256), so the number of files
is the true one and hashing and copying are a 49th; bytes at the official size are computed. Each layout has a DVC project of its
own, without git, with DVC's default cache (copies, or reflinks where the file system has them).
"""

import argparse
import json
import os
import pickle
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cmg.store import FeatureStore, StoreSpec
from cmg.store.writer import StoreWriter

CLIPS = 40_801
OFFICIAL, SHAPE = (10, 7, 7, 512), (10, 1, 1, 512)
CLIP_BYTES = 2 * int(np.prod(SHAPE))
SCALE = int(np.prod(OFFICIAL)) // int(np.prod(SHAPE))


def features(row: int) -> np.ndarray:
    """Non-negative float16, half of it zero, as after a ReLU."""
    draws = np.random.default_rng(row).standard_normal(SHAPE, np.float32)
    return np.maximum(draws, 0).astype(np.float16)


def write_store(folder: Path, clips: int) -> None:
    ids = [f"{row:011d}" for row in range(clips)]
    official = StoreSpec("benchmark", "video", ids, ids, OFFICIAL, "float16", {})
    spec = StoreSpec("benchmark", "video", ids, ids, SHAPE, "float16", {}, clips_per_shard=official.clips_per_shard)
    with StoreWriter(folder / "features", folder / "work", spec) as writer:
        for row in writer.todo:
            writer.put(row, features(row), SHAPE[0])
        writer.seal()
    shutil.rmtree(folder / "work")


def write_zips(folder: Path, clips: int) -> None:
    (folder / "features").mkdir()
    for row in range(clips):
        with zipfile.ZipFile(folder / f"features/{row:011d}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{row:011d}.pkl", pickle.dumps(features(row)))


def write_npys(folder: Path, clips: int) -> None:
    (folder / "features").mkdir()
    for row in range(clips):
        np.save(folder / f"features/{row:011d}.npy", features(row))


LAYOUTS: dict[str, Callable[[Path, int], None]] = {"store": write_store, "zipped pickles": write_zips, "npy": write_npys}


def measure(layout: str, folder: Path, clips: int) -> dict[str, float]:
    """Write one layout into `folder` and let DVC handle it; seconds of wall time, and of processor time, which other jobs change less."""
    found = timed("write", lambda: LAYOUTS[layout](folder, clips))
    data = folder / "features"
    files = [file for file in data.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    found |= {"files": len(files), "bytes": size}
    if layout != "zipped pickles":  # uncompressed, so that the size is known
        found["bytes_at_official_size"] = size + clips * CLIP_BYTES * (SCALE - 1)
    if layout == "store":
        found |= timed("open", lambda: FeatureStore(data).ids)
    dvc(folder, "init", "--no-scm")
    found |= timed("dvc_add", lambda: dvc(folder, "add", "features"))
    found |= timed("dvc_status", lambda: dvc(folder, "status"))
    shutil.rmtree(data)
    found |= timed("dvc_checkout", lambda: dvc(folder, "checkout"))
    if sum(file.stat().st_size for file in data.rglob("*") if file.is_file()) != size:
        raise RuntimeError(f"{data}: dvc checkout did not restore {size} bytes")
    return found


def dvc(folder: Path, command: str, *arguments: str) -> None:
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    subprocess.run([sys.executable, "-m", "dvc", command, "-q", *arguments], cwd=folder, check=True, env=environment)


def timed(what: str, work: Callable[[], object]) -> dict[str, float]:
    """Seconds that `work` takes by the clock, and on processors, its child processes included."""
    begin, used = time.perf_counter(), processor_seconds()
    work()
    return {f"{what}_seconds": round(time.perf_counter() - begin, 3), f"{what}_cpu_seconds": round(processor_seconds() - used, 3)}


def processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--layouts", nargs="+", choices=LAYOUTS, default=list(LAYOUTS))
    parser.add_argument("--folder", type=Path, help="where to work (default: the system's temporary folder); 1 GB free for a layout")
    chosen = parser.parse_args()
    report: dict[str, object] = {"machine": f"{platform.machine()}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f} at the start)"}
    report |= {"python": platform.python_version(), "clips": chosen.clips, "bytes_of_a_clip": CLIP_BYTES}
    for layout in chosen.layouts:
        with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
            report[layout] = measure(layout, Path(name), chosen.clips)
            print(f"{layout}: {report[layout]}", file=sys.stderr)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
