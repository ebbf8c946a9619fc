"""The 40,801 clips of VGGSound-AVEL 40K as files: how many, how large, how long DVC takes to add, check, restore them.

    python -m benchmarks.full_store                 a store, a zipped pickle per clip, an npy per clip, one by one
    python -m benchmarks.full_store --layouts store --clips 87323 --folder /scratch
    python -m benchmarks.full_store --layouts store --official --clips 4080 --cache-type hardlink    a tenth, full size

What users have today is one zipped pickle (or npy) per clip. All three hold the same clips. Simulated: a clip is
10x1x1x512 float16, a 49th of the official 10x7x7x512, and a shard holds as many clips as it does at the official size
(256), so the number of files is the true one and hashing and copying are a 49th; bytes at the official size are
computed. Each layout has a DVC project of its own, with the default of DVC (copies, or reflinks where the file system
has them) or `--cache-type`. `disk_bytes`: what the store, the links for the next run beside it (`previous`) and DVC's
cache take together. `exp_run` is an experiment in a folder of its own (`dvc exp run --temp`) whose stage reads the
store's root.
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
from functools import partial
from pathlib import Path

import numpy as np

from cmg.store import FeatureStore, StoreSpec
from cmg.store.writer import StoreWriter

CLIPS = 40_801
OFFICIAL, SHAPE = (10, 7, 7, 512), (10, 1, 1, 512)
CLIP_BYTES = 2 * int(np.prod(SHAPE))
SCALE = int(np.prod(OFFICIAL)) // int(np.prod(SHAPE))
STAGE = {
    "read": {
        "cmd": "cp features/zarr.json root.json",
        "params": ["edited"],
        "deps": ["features"],
        "outs": ["root.json"],
    }
}


def features(row: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Non-negative float16, half of it zero, as after a ReLU."""
    draws = np.random.default_rng(row).standard_normal(SHAPE, np.float32)
    return np.broadcast_to(np.maximum(draws, 0).astype(np.float16), shape)


def write_store(folder: Path, clips: int, shape: tuple[int, ...] = SHAPE) -> None:
    ids = [f"{row:011d}" for row in range(clips)]
    official = StoreSpec("benchmark", "video", ids, ids, OFFICIAL, "float16", {})
    spec = StoreSpec("benchmark", "video", ids, ids, shape, "float16", {}, clips_per_shard=official.clips_per_shard)
    with StoreWriter(folder / "features", folder / "work", spec) as writer:
        for row in writer.todo:
            writer.put(row, features(row, shape), shape[0])
        writer.seal()


def write_zips(folder: Path, clips: int) -> None:
    (folder / "features").mkdir()
    for row in range(clips):
        with zipfile.ZipFile(folder / f"features/{row:011d}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{row:011d}.pkl", pickle.dumps(features(row)))


def write_npys(folder: Path, clips: int) -> None:
    (folder / "features").mkdir()
    for row in range(clips):
        np.save(folder / f"features/{row:011d}.npy", features(row))


LAYOUTS: dict[str, Callable[[Path, int], None]] = {
    "store": write_store,
    "zipped pickles": write_zips,
    "npy": write_npys,
}


def measure(layout: str, folder: Path, clips: int, official: bool = False, cache_type: str = "") -> dict[str, float]:
    """Write one layout into `folder` and let DVC handle it; seconds of wall time, and of processor time, which other
    jobs change less."""
    write = partial(write_store, shape=OFFICIAL) if official else LAYOUTS[layout]
    found = timed("write", lambda: write(folder, clips))
    data = folder / "features"
    files = [file for file in data.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    found |= {"files": len(files), "bytes": size}
    if layout != "zipped pickles":  # uncompressed, so that the size is known
        found["bytes_at_official_size"] = size + (0 if official else clips * CLIP_BYTES * (SCALE - 1))
    if layout == "store":
        found |= timed("open", lambda: FeatureStore(data).ids)
    git(folder, "init")
    dvc(folder, "init")
    if cache_type:
        dvc(folder, "config", "cache.type", cache_type)
    found |= timed("dvc_add", lambda: dvc(folder, "add", "features"))
    found |= timed("dvc_status", lambda: dvc(folder, "status"))
    found["disk_bytes"] = disk_bytes(folder)
    shutil.rmtree(data)
    found |= timed("dvc_checkout", lambda: dvc(folder, "checkout"))
    if sum(file.stat().st_size for file in data.rglob("*") if file.is_file()) != size:
        raise RuntimeError(f"{data}: dvc checkout did not restore {size} bytes")
    return found | (experiment(folder) if layout == "store" else {})


def experiment(folder: Path) -> dict[str, float]:
    """`dvc exp run --temp` of a stage that reads the store's root."""
    (folder / "dvc.yaml").write_text(json.dumps({"stages": STAGE}))
    (folder / "params.yaml").write_text("edited: 0\n")
    (folder / ".gitignore").write_text("/features\n/work\n/root.json\n")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=b", "-c", "user.email=b@localhost", "commit", "-m", "store")
    return timed("exp_run", lambda: dvc(folder, "exp", "run", "--temp", "-S", "edited=1"))


def disk_bytes(folder: Path) -> int:
    """What the files below it take on disk, however many names they have."""
    files = (os.lstat(file) for file in folder.rglob("*"))
    return sum({(found.st_dev, found.st_ino): found.st_blocks * 512 for found in files}.values())


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def dvc(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    subprocess.run([sys.executable, "-m", "dvc", *arguments, "-q"], cwd=folder, check=True, env=environment)


def timed(what: str, work: Callable[[], object]) -> dict[str, float]:
    """Seconds that `work` takes by the clock, and on processors, its child processes included."""
    begin, used = time.perf_counter(), processor_seconds()
    work()
    return {
        f"{what}_seconds": round(time.perf_counter() - begin, 3),
        f"{what}_cpu_seconds": round(processor_seconds() - used, 3),
    }


def processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--layouts", nargs="+", choices=LAYOUTS, default=list(LAYOUTS))
    parser.add_argument("--official", action="store_true", help="clips of the official size, in a store")
    parser.add_argument("--cache-type", default="", help="DVC's cache.type; default: DVC's own")
    parser.add_argument(
        "--folder", type=Path, help="where to work (default: the system's temporary folder); 1 GB free for a layout"
    )
    chosen = parser.parse_args()
    report: dict[str, object] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f} at the start)"
    }
    report |= {"python": platform.python_version(), "clips": chosen.clips, "bytes_of_a_clip": CLIP_BYTES}
    for layout in chosen.layouts:
        with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
            report[layout] = measure(layout, Path(name), chosen.clips, chosen.official, chosen.cache_type)
            print(f"{layout}: {report[layout]}", file=sys.stderr)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
