"""A run's losses over the log of a real training, to see within an hour of pretraining on real data whether the run is
on track.

Reads the run's history, or while it trains what it has logged so far. Draws results/beside/<log>.svg, a panel per loss
term, and prints the numbers side by side. The log of DCID on 90K shows the first wave of restarted codes at step 301:
clips whose modalities agree in their most frequent code (agreement) rise to 27 of 64 at step 280 and fall to 1 at step
320, and commitments fall with them.
"""

import argparse
import csv
import math
from pathlib import Path

from cmg.files import write_bytes
from cmg.report.beside import RESETS, beside_figure, compared, known_logs, read_printed
from cmg.report.history import History, read_history
from pipeline import paths
from pipeline.params import ParameterError, Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="*", help="for example dcid-0; default: DCID's runs of params.yaml")
    parser.add_argument(
        "--beside", choices=known_logs(), default="dcid-90k", help="the log to draw them over (dcid-90k)"
    )


def run(args: argparse.Namespace, params: Params) -> None:
    log = read_printed(args.beside)
    names = args.runs or [paths.run_name(log.name.partition("-")[0], seed) for seed in params.seeds]
    histories = [_history(name) for name in names]
    print(log.source)
    print("\n".join(_about(name, params) for name in names))
    for history in histories:
        for term, step, theirs, ours in compared(history, log):
            print(f"{history.run}  {term:18} step {step:5}  log {theirs:10.4f}  run {ours:10.4f}{_ratio(theirs, ours)}")
    print(f"step {RESETS[0]}: {RESETS[1]} for the first time")
    write_bytes(paths.beside(args.beside), beside_figure(histories, log).encode())
    print(paths.beside(args.beside))


def _ratio(theirs: float, ours: float) -> str:
    return f"  {ours / theirs:6.2f} times" if theirs > 0 else ""


def _about(name: str, params: Params) -> str:
    """What decides whether steps can be compared at all."""
    schedule = params.schedule(name.partition("+")[0].rpartition("-")[0] or name)
    return (
        f"{name}: batches of {schedule.batch_size}, "
        f"rate {schedule.learning_rate:g}, features {_features(schedule.standardise)}"
    )


def _features(standardised: bool) -> str:
    return "standardised, so no reconstruction can be compared" if standardised else "as extracted"


def _history(name: str) -> History:
    """Of a finished run its history, of one that is being trained the curves that it writes while it lasts.

    Raises:
        ParameterError: there is neither.
    """
    path = paths.checkpoint(name) / "history.csv"
    if path.is_file():
        return read_history(path)
    folder = paths.curves(name)
    columns = {
        file.relative_to(folder).with_suffix("").as_posix(): dict(_read(file)) for file in sorted(folder.rglob("*.tsv"))
    }
    if not columns:
        raise ParameterError(f"{path}: no such run, and nothing under {folder}; run: dvc repro pretrain@{name}")
    steps = sorted({step for values in columns.values() for step in values})
    held = {term: tuple(values.get(step, math.nan) for step in steps) for term, values in columns.items()}
    return History(name, tuple(steps), held)


def _read(file: Path) -> list[tuple[float, float]]:
    """Steps and values of one curve."""
    with file.open(newline="", encoding="utf-8") as handle:
        return [(float(row["step"]), float(row[file.stem])) for row in csv.DictReader(handle, delimiter="\t")]
