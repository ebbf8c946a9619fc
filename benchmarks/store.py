"""Random batches from the feature store against numpy.memmap and zarr's own reader, on the same data in one run.

    python -m benchmarks.store                  512 clips of official size (257 MB, twice), batches of 80
    python -m benchmarks.store --clips 8192     as much as the disk allows

Asked for: at least 0.8 times numpy.memmap, at least 20 times zarr, memory flat.
Axes: N clips, B=80 clips of a batch, T=10 seconds, H W 7x7, C=512 channels.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorstore
import zarr

from cmg.store import FeatureStore, StoreSpec
from cmg.store.writer import StoreWriter

SHAPE, BATCH = (10, 7, 7, 512), 80


def features(row: int) -> np.ndarray:
    """Non-negative float16 [T,H,W,C], about half of it zero, as after a ReLU."""
    draws = np.random.default_rng(row).standard_normal(SHAPE, np.float32)
    return np.maximum(draws, 0).astype(np.float16)


def write_both(folder: Path, clips: int, compression: str | None) -> tuple[Path, Path, float]:
    """The same clips as a store and as one npy file; returns both and the store's writing rate in MB/s."""
    ids, plain = [f"{row:011d}" for row in range(clips)], folder / "features.npy"
    spec = StoreSpec("benchmark", "video", ids, ids, SHAPE, "float16", {}, compression=compression)
    copy = np.lib.format.open_memmap(plain, "w+", np.float16, (clips, *SHAPE))
    spent = 0.0
    with StoreWriter(folder / "features.zarr", folder / "work", spec) as writer:
        for row in writer.todo:
            copy[row] = features(row)
            start = time.perf_counter()
            writer.put(row, copy[row], SHAPE[0])
            spent += time.perf_counter() - start
        start = time.perf_counter()
        store = writer.seal()
    spent += time.perf_counter() - start
    copy.flush()
    return store, plain, copy.nbytes / 1e6 / spent


def readers(store: Path, plain: Path) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Each way to read rows [B] of the same features."""
    ours, mapped = FeatureStore(store), np.load(plain, mmap_mode="r")
    opened = tensorstore.open({"driver": "zarr3", "kvstore": f"file://{store}/features"}).result()
    return {
        "store": ours.read,
        "numpy.memmap": lambda rows: np.asarray(mapped[rows]),
        "zarr": lambda rows: ours.array.oindex[rows],
        "tensorstore": lambda rows: opened[rows].read().result(),
    }


def compare(ways: dict[str, Callable], clips: int, rounds: int) -> dict[str, float]:
    """Median clips per second of each way over the same random batches, another one first each time; values are
    compared on the way."""
    draws, names = np.random.default_rng(0), list(ways)
    seconds = {name: [] for name in ways}
    for round_number in range(rounds + 1):  # the first round warms the page cache
        rows = draws.choice(clips, BATCH, replace=False)
        results = {}
        names.append(names.pop(0))
        for name in names:
            start = time.perf_counter()
            results[name] = ways[name](rows)
            if round_number:
                seconds[name].append(time.perf_counter() - start)
        if not all(np.array_equal(result, results["store"]) for result in results.values()):
            raise RuntimeError(f"readers disagree on rows {rows.tolist()}")
    return {name: BATCH / statistics.median(spent) for name, spent in seconds.items()}


def first_touch(store: Path) -> float:
    """Megabytes a second at which shards are checked when first read (processor time, files in the page cache)."""
    opened = FeatureStore(store)
    start = time.process_time()
    opened.read(range(0, len(opened), opened.layout.slots))
    return sum(file.stat().st_size for file in store.glob("features/c.*")) / 1e6 / (time.process_time() - start)


def anonymous_memory() -> int:
    """Bytes of memory of this process that are not file pages."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status: expected a line RssAnon")


def memory_growth(store: Path, clips: int, rounds: int) -> int:
    """Bytes by which anonymous memory grows over ``rounds`` more batches after two to warm up."""
    opened, draws = FeatureStore(store), np.random.default_rng(1)
    out = np.empty((BATCH, *SHAPE), np.float16)
    for round_number in range(rounds + 2):
        if round_number == 2:
            before = anonymous_memory()
        opened.read_into(draws.choice(clips, BATCH, replace=False), out)
    return anonymous_memory() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--compression", choices=["zstd"])
    parser.add_argument("--folder", type=Path, help="where to work (default: the system's temporary folder)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        store, plain, rate = write_both(folder, chosen.clips, chosen.compression)
        speeds = compare(readers(store, plain), chosen.clips, chosen.rounds)
        report = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f} at the end)",
            "versions": {"python": platform.python_version(), "numpy": np.__version__, "zarr": zarr.__version__},
            "clips": chosen.clips,
            "compression": chosen.compression,
            "write_megabytes_per_second": rate,
            "clips_per_second": speeds,
            "store_over_memmap": speeds["store"] / speeds["numpy.memmap"],
            "store_over_zarr": speeds["store"] / speeds["zarr"],
            "first_touch_megabytes_per_second": first_touch(store),
            "memory_growth_bytes": memory_growth(store, chosen.clips, chosen.rounds),
        }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
