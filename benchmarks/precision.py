"""Training in float32 and bfloat16 against float64: losses step by step, and scores.

    python -m benchmarks.precision fcid                           20 epochs (200 steps of the sample), seeds 0 1 2
    python -m benchmarks.precision codaar --epochs 2 --seeds 0    to see that it runs
    python -m benchmarks.precision fcid --keep                    runs that have a result already are not run again

Run where `make repro` has been run. Runs stand beside those of sweeps, as `<method>+<precision>-<seed>`. In every
precision the same seed begins with the same weights and draws the same batches and permutations. `apart`: relative
difference of a step's total loss from float64's at the same step, median over the steps named, mean over seeds.
Codebooks make training chaotic (one vector that changes its code sends two runs apart), so the last row compares
float64 with another seed's.
"""

import argparse
import csv
import statistics
from collections.abc import Sequence

from benchmarks.runs import average, listed, run_one, spread
from cmg.methods import METHODS
from cmg.train.precision import DTYPES
from pipeline import params, paths

PRECISIONS = ("float64", "float32", "bfloat16")
WINDOWS = ((1, 10), (11, 50), (51, 200))


def with_precision(given: params.Params, precision: str, epochs: int) -> params.Params:
    scale = given.active.model_copy(
        update={
            "pretrain": given.active.pretrain.model_copy(
                update={"precision": precision, "epochs": epochs, "epochs_of": {}}
            )
        }
    )
    return given.model_copy(update={"scales": given.scales.model_copy(update={given.scale: scale})})


def losses(method: str, seed: int, precision: str) -> list[float]:
    """Total loss of every step."""
    with (paths.checkpoint(paths.run_name(method, seed, precision)) / "history.csv").open() as file:
        return [float(row["total"]) for row in csv.DictReader(file)]


def apart(found: Sequence[float], reference: Sequence[float], window: tuple[int, int]) -> float:
    """Median relative difference over the steps of a window, both ends included, counted from 1."""
    first, last = window
    pairs = list(zip(found, reference, strict=True))[first - 1 : last]
    return statistics.median(abs(a - b) / abs(b) for a, b in pairs)


def curves(label: str, found: Sequence[Sequence[float]], reference: Sequence[Sequence[float]]) -> str:
    cells = [statistics.mean(apart(a, b, window) for a, b in zip(found, reference, strict=True)) for window in WINDOWS]
    return f"| {label} | {' | '.join(f'{value:.2g}' for value in cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--precisions", nargs="+", choices=[name for name in DTYPES if name != "float64"], default=PRECISIONS[1:]
    )
    parser.add_argument("--keep", action="store_true", help="runs that have a result are not run again")
    args = parser.parse_args()
    given, rows, totals = params.load(), [], {}
    for precision in ("float64", *args.precisions):
        varied = with_precision(given, precision, args.epochs)
        scores = [average(run_one(args.method, seed, precision, varied, args.keep)) for seed in args.seeds]
        totals[precision] = [losses(args.method, seed, precision) for seed in args.seeds]
        rows.append(f"| {precision} | {listed(scores)} | {spread(scores)} |")
    print("\n| precision | average of the eight cells, seed by seed | mean |\n|---|---|---|", *rows, sep="\n")
    print("\n| apart from float64 |", " | ".join(f"steps {a} to {b}" for a, b in WINDOWS), "|\n|---|---|---|---|")
    reference = totals.pop("float64")
    for precision, found in totals.items():
        print(curves(precision, found, reference))
    if len(reference) > 1:
        print(curves("float64, other seed", [*reference[1:], reference[0]], reference))


if __name__ == "__main__":
    main()
