"""Scores of runs as data frames: a line per run and score, and the same over seeds, from which tables are written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from cmg.report.layout import kind_of, row_order
from cmg.report.tables import Summary, fingerprint_of, summarise
from cmg.results import Cell, OpenCell, Run, read_run

ROW = ["method", "variant", "protocol"]  # with what else a table tells apart, what one of its rows is
KEYS = ("task", "metric", "direction", "toc")  # what tells the scores of a run apart
OPEN_KEYS = ("task", "known_classes", "classes", "direction", "toc")
KINDS = {"scores": ("cells", Cell, KEYS), "open-set scores": ("openset", OpenCell, OPEN_KEYS)}
ABSENT = ("q", "n_val", "dead")  # counts that a score may lack
Kind = Literal["scores", "open-set scores"]


def read(folder: str | Path, kind: Kind = "scores") -> pd.DataFrame:
    """`scores` of every run in a folder such as ``results/runs``.

    Raises:
        ValueError: a file is no run's result; names it.
    """
    return scores([read_run(path) for path in sorted(Path(folder).glob("*.json"))], kind)


def scores(runs: Sequence[Run], kind: Kind = "scores") -> pd.DataFrame:
    """A line per run and score, in the order of the runs.

    Columns: `method`, `variant`, `protocol`, `seed`; `run`, by which fingerprints are known; `cell`, as columns of the
    tables are called, such as ``ave_va``; `bound`, whether a head is scored in the modality that it was fitted on; the
    fields of ``cmg.results.Cell`` (`score`, `chance`: percent) or of ``OpenCell``; by its name, all that a cell's side
    holds. nan: a score has no such thing.

    Raises:
        ValueError: a run holds a score twice.
    """
    part, record, keys = KINDS[kind]
    lines = [_line(run, vars(cell)) for run in runs for cell in getattr(run, part)]
    known = [*ROW, "seed", "run", "cell", "bound", *(field.name for field in fields(record) if field.name != "side")]
    frame = pd.DataFrame(lines, columns=list(dict.fromkeys([*known, *(name for line in lines for name in line)])))
    for line in records(frame[frame.duplicated([*ROW, "seed", *keys])]):
        raise ValueError(f"run {line['run']}: two {kind} for {', '.join(str(line[key]) for key in keys)}; expected one")
    return frame.astype({"toc": bool, "bound": bool, **{name: "Int64" for name in ABSENT if name in known}})


def _line(run: Run, cell: Mapping[str, Any]) -> dict[str, Any]:
    about = {"method": run.method, "variant": run.variant, "protocol": run.protocol, "seed": run.seed, "run": run.name}
    way = {"cell": f"{cell['task']}_{cell['direction']}", "bound": cell["direction"][0] == cell["direction"][-1]}
    own = {name: value for name, value in cell.items() if name != "side"}
    return {**cell.get("side", {}), **about, **way, **own}


def over_seeds(
    frame: pd.DataFrame,
    by: Sequence[str],
    of: Sequence[str],
    fingerprints: Mapping[str, str],
    first: Sequence[str] = (),
) -> pd.DataFrame:
    """A line per method, variant, protocol and `by`, a run of each seed in it: `seeds`, every column of `of` as a
    `Summary`, those of `first` as the first seed has them, `fingerprint`."""
    keys, frame = [*ROW, *by], frame.sort_values("seed", kind="stable")
    groups = frame.groupby(keys, sort=False)
    columns = {"seeds": groups["seed"].agg(tuple), **{name: groups[name].agg(_summary) for name in of}}
    columns |= {name: frame.drop_duplicates(keys).set_index(keys)[name] for name in first}
    columns["fingerprint"] = groups["run"].agg(lambda runs: fingerprint_of(runs, fingerprints))
    return pd.DataFrame(columns).reset_index()


def _summary(values: pd.Series) -> Summary:
    return summarise([None if pd.isna(value) else value for value in values.tolist()])


def in_order(frame: pd.DataFrame, place: Callable[[Any], tuple]) -> pd.DataFrame:
    """The lines sorted by their places; `place` is given each as a named tuple."""
    places = [place(line) for line in frame.itertuples()]
    return frame.iloc[sorted(range(len(places)), key=places.__getitem__)]


def method_place(line: Any) -> tuple:
    """Where the tables have the method of a line, with or without TOC."""
    return row_order(kind_of(line.method), line.method, line.toc, line.variant, line.protocol)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The lines as Python's own values, None where nothing is known."""
    lines = frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None)
    return [dict(zip(frame.columns, line, strict=True)) for line in lines]
