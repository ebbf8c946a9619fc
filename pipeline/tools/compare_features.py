"""Compare released features with a store: cosine per clip and second, the worst clips, statistics of both sides.

For sound, the numbers that are known of the trained weights and of AVE's released features are checked too, where they
are at hand; the exit status is 1 when one is not as known.
"""

import argparse
import csv
import io
from dataclasses import asdict
from pathlib import Path

import numpy as np

from cmg.extract.expected import misfits
from cmg.files import write_bytes
from cmg.released.compare import Comparison, compare
from cmg.store import FeatureStore
from pipeline import paths
from pipeline.params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", type=Path, help="data/features/<dataset>/<modality>.zarr")
    parser.add_argument("file", type=Path, help="an h5 file in index order, <id>.zip, <id>.npy, or a folder of these")
    parser.add_argument(
        "--worst", type=int, default=10, metavar="N", help="how many of the least similar clips to print (10)"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the cosine of every clip and second")


def run(args: argparse.Namespace, params: Params) -> int:
    store = FeatureStore(args.store)
    found = compare(store, args.file)
    print("\n".join(_lines(found, store, args.worst)))
    for line in _misfits(found, store, params):
        print(f"warning: {line}")
    if args.csv:
        write_bytes(args.csv, _table(found, store).encode())
    return _acceptance(found, store) if store.attrs["modality"] == "audio" else 0


def _misfits(found: Comparison, store: FeatureStore, params: Params) -> list[str]:
    """What does not fit of either side."""
    dataset, modality = store.attrs["dataset"], store.attrs["modality"]
    version = str(params.datasets[dataset].options.get("version", "")) if dataset in params.datasets else ""
    sides = {"theirs": ({"provenance": "released"}, found.theirs), "ours": (store.attrs, found.ours)}
    return [f"{name}: {line}" for name, side in sides.items() for line in misfits(dataset, version, modality, *side)]


def _acceptance(found: Comparison, store: FeatureStore) -> int:
    """Print the checks that can be made; 1 when one failed."""
    from cmg.extract import acceptance, weights  # they load torch, which no other modality needs here

    checks = []
    try:
        checks += acceptance.sine_test(paths.weights_root())
    except weights.WeightsError as error:
        print(f"sine test: not made, {error}")
    if store.attrs["dataset"] == "ave" and len(found.rows) >= acceptance.AVE_CLIPS:
        checks += acceptance.ave_sound(found.theirs, "theirs")
        checks += acceptance.ave_sound(found.ours, "ours") if store.attrs["recipe"].get("weights") == "audioset" else []
    for check in checks:
        print(check)
    return int(not all(check.passed for check in checks))


def _lines(found: Comparison, store: FeatureStore, worst: int) -> list[str]:
    seconds = found.cosine[~np.isnan(found.cosine)]
    low, median = np.quantile(seconds, [0.01, 0.5])
    lines = [f"{len(found.rows)} clips, {len(seconds)} seconds compared; {len(found.skipped)} clips not compared"]
    lines += [f"  {name}: {reason}" for name, reason in list(found.skipped.items())[:5]]
    lines.append(
        f"cosine per second: mean {seconds.mean():.6f}, median {median:.6f}, "
        f"lowest 1 % {low:.6f}, lowest {seconds.min():.6f}"
    )
    lines += [
        f"  second {number}: {value:.6f}"
        for number, value in enumerate(_by_second(found.cosine))
        if not np.isnan(value)
    ]
    lines.append(f"{'':8}{'mean':>11}{'std':>11}{'min':>11}{'max':>11}{'zeros':>11}{'square':>11}{'channels 0':>12}")
    for name, side in (("theirs", found.theirs), ("ours", found.ours)):
        *numbers, silent = asdict(side).values()
        numbers.append(side.mean_square)
        lines.append(f"{name:8}" + "".join(f"{value:>11.4f}" for value in numbers) + f"{silent:>12}")
    lines.append("least similar clips (mean over seconds; lowest second)")
    for place in found.worst(worst):
        row, values = found.rows[place], found.cosine[place]
        lines.append(
            f"  {found.per_clip[place]:.6f}  "
            f"{np.nanmin(values):.6f} at second {np.nanargmin(values)}  row {row} {store.ids[row]!r}"
        )
    return lines


def _by_second(cosine: np.ndarray) -> list[float]:
    """Mean per second; NaN for a second that no clip has."""
    return [float(np.mean(kept)) if len(kept := column[~np.isnan(column)]) else float("nan") for column in cosine.T]


def _table(found: Comparison, store: FeatureStore) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["row", "clip_id", *(f"second_{number}" for number in range(found.cosine.shape[1]))])
    for row, values in zip(found.rows.tolist(), found.cosine, strict=True):
        writer.writerow([row, store.ids[row], *("" if np.isnan(value) else f"{value:.8f}" for value in values)])
    return out.getvalue()
